"""Rules for operations that change at most the type of a tensor, and here do not even that."""

from __future__ import annotations

from xdsl.dialects.builtin import f32, f64, i1

from vaqf_compiler.dialects.torch import casts, views
from vaqf_compiler.dialects.torch.types import SI64, VTensorType
from vaqf_compiler.torch_to_binvit.converter import Converter
from vaqf_compiler.torch_to_binvit.views import Abstract

DTYPES = {4: SI64, 6: f32, 7: f64, 11: i1}
"""Element types by the numbers that PyTorch gives them."""


@Converter.rule(views.ContiguousOp, views.CloneOp)
def _identity(_c: Converter, input: Abstract, _memory_format: Abstract) -> Abstract:
    return input


@Converter.rule(casts.AliasOp, casts.DetachOp)
def _alias(_c: Converter, input: Abstract) -> Abstract:
    return input


def _cast(c: Converter, input: Abstract, dtype: Abstract) -> Abstract:
    """A tensor that has the element type already."""
    type_ = c.op.operands[0].type
    assert isinstance(type_, VTensorType)
    if dtype is not None and (
        not isinstance(dtype, int) or DTYPES.get(dtype) != type_.element_type
    ):
        raise c.fail(f"{type_} has another element type than it asks for")
    return input


@Converter.rule(casts.ToDtypeOp)
def _to_dtype(
    c: Converter,
    input: Abstract,
    dtype: Abstract,
    _non_blocking: Abstract,
    _copy: Abstract,
    _memory_format: Abstract,
) -> Abstract:
    return _cast(c, input, dtype)


@Converter.rule(casts.ToDtypeLayoutOp)
def _to_dtype_layout(
    c: Converter,
    input: Abstract,
    dtype: Abstract,
    _layout: Abstract,
    _device: Abstract,
    _pin_memory: Abstract,
    _non_blocking: Abstract,
    _copy: Abstract,
    _memory_format: Abstract,
) -> Abstract:
    return _cast(c, input, dtype)


@Converter.rule(casts.AssertTensorMetadataOp)
def _assertion(
    c: Converter,
    input: Abstract,
    size: Abstract,
    _stride: Abstract,  # where values lie, not what they are
    dtype: Abstract,
    _device: Abstract,
    _layout: Abstract,
) -> Abstract:
    if size is not None and size != list(c.shape(input)):
        raise c.fail("its sizes are not those of the tensor")
    _cast(c, input, dtype)
    return []
