"""ATen operations that compute."""

from __future__ import annotations

from xdsl.irdl import irdl_op_definition, operand_def, result_def

from vaqf_compiler.dialects.torch.aten import (
    BOOL,
    DEVICE,
    FLOAT,
    INT,
    LIST,
    NUMBER,
    OPTIONAL_FLOAT,
    OPTIONAL_INT,
    OPTIONAL_TENSOR,
    STR,
    TENSOR,
    AtenOp,
)
from vaqf_compiler.dialects.torch.types import VTensorType


@irdl_op_definition
class Conv2dOp(AtenOp):
    """2-D convolution."""

    name = "torch.aten.conv2d"
    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = operand_def(OPTIONAL_TENSOR)
    stride = operand_def(LIST)
    padding = operand_def(LIST)
    dilation = operand_def(LIST)
    groups = operand_def(INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class LinearOp(AtenOp):
    """Fully connected layer, `input @ weight.T + bias`."""

    name = "torch.aten.linear"
    input = operand_def(TENSOR)
    weight = operand_def(TENSOR)
    bias = operand_def(OPTIONAL_TENSOR)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class LayerNormOp(AtenOp):
    """Layer normalisation over the last dimensions."""

    name = "torch.aten.layer_norm"
    input = operand_def(TENSOR)
    normalized_shape = operand_def(LIST)
    weight = operand_def(OPTIONAL_TENSOR)
    bias = operand_def(OPTIONAL_TENSOR)
    eps = operand_def(FLOAT)
    cudnn_enable = operand_def(BOOL)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class GeluOp(AtenOp):
    """GELU, exact or by its tanh approximation."""

    name = "torch.aten.gelu"
    input = operand_def(TENSOR)
    approximate = operand_def(STR)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class ScaledDotProductAttentionOp(AtenOp):
    """`softmax(scale * query @ key.T + mask) @ value`."""

    name = "torch.aten.scaled_dot_product_attention"
    query = operand_def(TENSOR)
    key = operand_def(TENSOR)
    value = operand_def(TENSOR)
    attn_mask = operand_def(OPTIONAL_TENSOR)
    dropout_p = operand_def(FLOAT)
    is_causal = operand_def(BOOL)
    scale = operand_def(OPTIONAL_FLOAT)
    enable_gqa = operand_def(BOOL)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class MatmulOp(AtenOp):
    """Matrix product over the last two dimensions."""

    name = "torch.aten.matmul"
    input = operand_def(TENSOR)
    other = operand_def(TENSOR)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class SoftmaxOp(AtenOp):
    """Softmax along a dimension."""

    name = "torch.aten.softmax.int"
    input = operand_def(TENSOR)
    dim = operand_def(INT)
    dtype = operand_def(OPTIONAL_INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class AddTensorOp(AtenOp):
    """`input + alpha * other`."""

    name = "torch.aten.add.Tensor"
    input = operand_def(TENSOR)
    other = operand_def(TENSOR)
    alpha = operand_def(NUMBER)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class AddScalarOp(AtenOp):
    """`input + alpha * other`."""

    name = "torch.aten.add.Scalar"
    input = operand_def(TENSOR)
    other = operand_def(NUMBER)
    alpha = operand_def(NUMBER)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class MulTensorOp(AtenOp):
    """Elementwise product."""

    name = "torch.aten.mul.Tensor"
    input = operand_def(TENSOR)
    other = operand_def(TENSOR)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class MulScalarOp(AtenOp):
    """Product with a number."""

    name = "torch.aten.mul.Scalar"
    input = operand_def(TENSOR)
    other = operand_def(NUMBER)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class DivScalarOp(AtenOp):
    """Quotient by a number."""

    name = "torch.aten.div.Scalar"
    input = operand_def(TENSOR)
    other = operand_def(NUMBER)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class GeScalarOp(AtenOp):
    """Elementwise `input >= other`."""

    name = "torch.aten.ge.Scalar"
    input = operand_def(TENSOR)
    other = operand_def(NUMBER)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class ArangeOp(AtenOp):
    """`0, 1, ... end - 1`."""

    name = "torch.aten.arange"
    end = operand_def(NUMBER)
    dtype = operand_def(OPTIONAL_INT)
    layout = operand_def(OPTIONAL_INT)
    device = operand_def(DEVICE)
    pin_memory = operand_def(BOOL)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT
