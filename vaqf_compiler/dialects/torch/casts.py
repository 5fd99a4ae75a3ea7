"""ATen operations that are the identity where types agree, and what is asserted of types."""

from __future__ import annotations

from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, result_def

from vaqf_compiler.dialects.torch.aten import (
    BOOL,
    DEVICE,
    INT,
    OPTIONAL_BOOL,
    OPTIONAL_INT,
    OPTIONAL_LIST,
    TENSOR,
    AtenOp,
)
from vaqf_compiler.dialects.torch.types import VTensorType


@irdl_op_definition
class ToDtypeOp(AtenOp):
    """Conversion to another element type."""

    name = "torch.aten.to.dtype"
    input = operand_def(TENSOR)
    dtype = operand_def(INT)
    non_blocking = operand_def(BOOL)
    copy = operand_def(BOOL)
    memory_format = operand_def(OPTIONAL_INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class ToDtypeLayoutOp(AtenOp):
    """Conversion to another element type, layout or device."""

    name = "torch.aten.to.dtype_layout"
    input = operand_def(TENSOR)
    dtype = operand_def(OPTIONAL_INT)
    layout = operand_def(OPTIONAL_INT)
    device = operand_def(DEVICE)
    pin_memory = operand_def(OPTIONAL_BOOL)
    non_blocking = operand_def(BOOL)
    copy = operand_def(BOOL)
    memory_format = operand_def(OPTIONAL_INT)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class AliasOp(AtenOp):
    """The identity on values."""

    name = "torch.aten.alias"
    input = operand_def(TENSOR)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class DetachOp(AtenOp):
    """The identity on values."""

    name = "torch.aten.detach"
    input = operand_def(TENSOR)
    result = result_def(VTensorType)
    assembly_format = AtenOp.FORMAT


@irdl_op_definition
class AssertTensorMetadataOp(IRDLOperation):
    """
    What tracing took for granted of a tensor: its sizes, strides, element type and place. Not
    pure: it has no result, and is to be read all the same.
    """

    name = "torch.aten._assert_tensor_metadata"
    input = operand_def(TENSOR)
    size = operand_def(OPTIONAL_LIST)
    stride = operand_def(OPTIONAL_LIST)
    dtype = operand_def(OPTIONAL_INT)
    device = operand_def(DEVICE)
    layout = operand_def(OPTIONAL_INT)
    assembly_format = "operands attr-dict `:` type(operands)"
