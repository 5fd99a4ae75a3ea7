"""
The `torch` dialect as far as Vision Transformers need it, at the ATen level.

It reads what torch-mlir prints, in pretty and generic form, and prints what torch-mlir reads.
"""

from xdsl.ir import Dialect

from vaqf_compiler.dialects.torch import compute, constants, types, views

TORCH = Dialect(
    "torch",
    [
        constants.ConstantIntOp,
        constants.ConstantFloatOp,
        constants.ConstantBoolOp,
        constants.ConstantStrOp,
        constants.ConstantDeviceOp,
        constants.ConstantNoneOp,
        constants.LiteralOp,
        constants.ListConstructOp,
        constants.ListUnpackOp,
        compute.Conv2dOp,
        compute.LinearOp,
        compute.LayerNormOp,
        compute.GeluOp,
        compute.ScaledDotProductAttentionOp,
        compute.MatmulOp,
        compute.SoftmaxOp,
        compute.AddTensorOp,
        compute.AddScalarOp,
        compute.MulTensorOp,
        compute.MulScalarOp,
        compute.DivScalarOp,
        compute.GeScalarOp,
        compute.ArangeOp,
        views.CatOp,
        views.ExpandOp,
        views.FlattenOp,
        views.TransposeOp,
        views.PermuteOp,
        views.ViewOp,
        views.ReshapeOp,
        views.UnflattenOp,
        views.UnbindOp,
        views.ChunkOp,
        views.SplitOp,
        views.SelectOp,
        views.SliceOp,
        views.UnsqueezeOp,
        views.SqueezeOp,
        views.MeanOp,
        views.DropoutOp,
        views.ContiguousOp,
        views.CloneOp,
    ],
    [
        types.IntType,
        types.FloatType,
        types.BoolType,
        types.NoneType,
        types.StrType,
        types.DeviceType,
        types.VTensorType,
        types.ListType,
    ],
)
