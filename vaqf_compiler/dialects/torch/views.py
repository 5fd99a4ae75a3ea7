"""ATen operations that move, join or pass on tensors."""

from __future__ import annotations

from xdsl.irdl import irdl_op_definition, operand_def, result_def

from vaqf_compiler.dialects.torch.aten import (
    BOOL,
    FLOAT,
    INT,
    LIST,
    OPTIONAL_INT,
    TENSOR,
    AtenOp,
)
from vaqf_compiler.dialects.torch.types import ListType, VTensorType


@irdl_op_definition
class CatOp(AtenOp):
    """Concatenation along a dimension."""

    name = "torch.aten.cat"
    tensors = operand_def(LIST)
    dim = operand_def(INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class ExpandOp(AtenOp):
    """Repeat dimensions of size one."""

    name = "torch.aten.expand"
    input = operand_def(TENSOR)
    size = operand_def(LIST)
    implicit = operand_def(BOOL)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class FlattenOp(AtenOp):
    """Merge a range of dimensions."""

    name = "torch.aten.flatten.using_ints"
    input = operand_def(TENSOR)
    start_dim = operand_def(INT)
    end_dim = operand_def(INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class TransposeOp(AtenOp):
    """Swap two dimensions."""

    name = "torch.aten.transpose.int"
    input = operand_def(TENSOR)
    dim0 = operand_def(INT)
    dim1 = operand_def(INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class PermuteOp(AtenOp):
    """Reorder dimensions."""

    name = "torch.aten.permute"
    input = operand_def(TENSOR)
    dims = operand_def(LIST)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class ViewOp(AtenOp):
    """Reshape without a copy."""

    name = "torch.aten.view"
    input = operand_def(TENSOR)
    size = operand_def(LIST)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class ReshapeOp(AtenOp):
    """Reshape."""

    name = "torch.aten.reshape"
    input = operand_def(TENSOR)
    size = operand_def(LIST)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class UnflattenOp(AtenOp):
    """Split a dimension."""

    name = "torch.aten.unflatten.int"
    input = operand_def(TENSOR)
    dim = operand_def(INT)
    sizes = operand_def(LIST)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class UnbindOp(AtenOp):
    """All slices along a dimension, as a list."""

    name = "torch.aten.unbind.int"
    input = operand_def(TENSOR)
    dim = operand_def(INT)
    result = result_def(ListType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class ChunkOp(AtenOp):
    """Cut a dimension in a number of equal parts."""

    name = "torch.aten.chunk"
    input = operand_def(TENSOR)
    chunks = operand_def(INT)
    dim = operand_def(INT)
    result = result_def(ListType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class SplitOp(AtenOp):
    """Cut a dimension in parts of a size."""

    name = "torch.aten.split.Tensor"
    input = operand_def(TENSOR)
    split_size = operand_def(INT)
    dim = operand_def(INT)
    result = result_def(ListType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class SelectOp(AtenOp):
    """One slice along a dimension."""

    name = "torch.aten.select.int"
    input = operand_def(TENSOR)
    dim = operand_def(INT)
    index = operand_def(INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class SliceOp(AtenOp):
    """A range of slices along a dimension."""

    name = "torch.aten.slice.Tensor"
    input = operand_def(TENSOR)
    dim = operand_def(INT)
    start = operand_def(OPTIONAL_INT)
    end = operand_def(OPTIONAL_INT)
    step = operand_def(INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class UnsqueezeOp(AtenOp):
    """Insert a dimension of size one."""

    name = "torch.aten.unsqueeze"
    input = operand_def(TENSOR)
    dim = operand_def(INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class SqueezeOp(AtenOp):
    """Drop a dimension of size one."""

    name = "torch.aten.squeeze.dim"
    input = operand_def(TENSOR)
    dim = operand_def(INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class MeanOp(AtenOp):
    """Mean along dimensions."""

    name = "torch.aten.mean.dim"
    input = operand_def(TENSOR)
    dim = operand_def(LIST)
    keepdim = operand_def(BOOL)
    dtype = operand_def(OPTIONAL_INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class DropoutOp(AtenOp):
    """Dropout, the identity in evaluation."""

    name = "torch.aten.dropout"
    input = operand_def(TENSOR)
    p = operand_def(FLOAT)
    train = operand_def(BOOL)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class ContiguousOp(AtenOp):
    """The identity on values."""

    name = "torch.aten.contiguous"
    input = operand_def(TENSOR)
    memory_format = operand_def(INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class CloneOp(AtenOp):
    """The identity on values."""

    name = "torch.aten.clone"
    input = operand_def(TENSOR)
    memory_format = operand_def(OPTIONAL_INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT
