"""Helpers that the verifiers of the `binvit` operations share."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    TensorType,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    base,
)
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from vaqf_compiler.dialects.binvit.types import (
    IntegerElement,
    QuantizedType,
    dot_product_bits,
)

Tensor = base(TensorType)
"""
Constraint of operands and results: a ranked tensor of static shape, without a batch dimension.
"""


def tensor_type(value: SSAValue) -> TensorType[Attribute]:
    """Return the type of `value`, which the operation's definition has checked to be a tensor."""
    assert isa(value.type, TensorType[Attribute])
    return value.type


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """Return the static shape of a tensor."""
    return tensor_type(value).get_shape()


def element(value: SSAValue) -> Attribute:
    """Return the element type of a tensor."""
    return tensor_type(value).get_element_type()


def is_quantized(value: SSAValue) -> bool:
    """Return whether the elements of a tensor are integers with a scale."""
    return isinstance(element(value), IntegerElement)


def expect_shape(what: str, value: SSAValue, expected: Sequence[int]) -> None:
    if shape_of(value) != tuple(expected):
        raise VerifyException(
            f"{what} must have shape {'x'.join(map(str, expected))}, "
            f"got {'x'.join(map(str, shape_of(value)))}"
        )


def expect_rank(what: str, value: SSAValue, rank: int) -> None:
    if len(shape_of(value)) != rank:
        raise VerifyException(f"{what} must have rank {rank}, got {tensor_type(value)}")


def expect_uniform_kind(op: Operation) -> bool:
    """Check that an operation is all float or all quantised, and return whether it is quantised."""
    kinds = {is_quantized(value) for value in (*op.operands, *op.results)}
    if len(kinds) != 1:
        raise VerifyException("operands and results must be all float or all quantised")
    return kinds.pop()


def expect_same_element(op: Operation) -> None:
    if len({element(value) for value in (*op.operands, *op.results)}) != 1:
        raise VerifyException("operands and result must have the same element type")


def close(a: float, b: float, tolerance: float = 1e-9) -> bool:
    return math.isclose(a, b, rel_tol=tolerance)


def quantized(what: str, value: SSAValue, *, signed: bool | None = True) -> QuantizedType:
    """
    Return the integer type of a value's elements. Raises VerifyException for another type of
    elements or another signedness.
    """
    found = element(value)
    if not isinstance(found, QuantizedType):
        raise VerifyException(f"{what} must have !binvit.q elements, got {found}")
    if signed is not None and bool(found.is_signed.value.data) != signed:
        raise VerifyException(f"{what} must be {'signed' if signed else 'unsigned'}, got {found}")
    return found


def verify_accumulator(
    result: SSAValue,
    terms: int,
    lhs: SSAValue,
    rhs: SSAValue,
    bias: SSAValue | None = None,
    factor: float = 1.0,
) -> None:
    """
    Check that the result holds a sum of `terms` products exactly: its scale is the product of the
    factors' scales, and its width excludes overflow.
    """
    a, b, accumulator = element(lhs), element(rhs), quantized("accumulator", result)
    assert isinstance(a, IntegerElement)
    assert isinstance(b, IntegerElement)
    scale = a.scale.data * b.scale.data * factor
    if not close(accumulator.scale.data, scale):
        raise VerifyException(
            f"accumulator scale must be the product of the operand scales, {scale!r}, "
            f"got {accumulator.scale.data!r}"
        )
    bias_type = None if bias is None else quantized("bias", bias)
    if bias_type is not None and not close(bias_type.scale.data, scale):
        raise VerifyException(
            f"bias scale must be the accumulator's, {scale!r}, got {bias_type.scale.data!r}"
        )
    needed = dot_product_bits(terms, a, b, bias_type)
    if accumulator.bits.data < needed:
        raise VerifyException(
            f"a sum of {terms} products of {a} and {b} needs {needed} accumulator bits, "
            f"got {accumulator.bits.data}"
        )
