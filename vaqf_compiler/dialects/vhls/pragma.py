"""What the operations of `vhls` share."""

from __future__ import annotations

from abc import ABC, abstractmethod

from xdsl.dialects.builtin import IntegerAttr, StringAttr, i64
from xdsl.irdl import IRDLOperation
from xdsl.utils.exceptions import VerifyException


class PragmaOp(IRDLOperation, ABC):
    """An operation that is one pragma of the generated C++."""

    @abstractmethod
    def pragma(self, variable: str | None) -> str:
        """The text after `#pragma HLS`; `variable` is the C++ name of the operand, if any."""


def integer(value: int | None) -> IntegerAttr | None:
    """A number as an optional property."""
    return None if value is None else IntegerAttr(value, i64)


def option(name: str, value: IntegerAttr | None) -> str:
    """` name=value`, or nothing if there is no value."""
    return "" if value is None else f" {name}={value.value.data}"


def check_positive(what: str, value: IntegerAttr | None) -> None:
    """Raise VerifyException for a number below 1."""
    if value is not None and value.value.data < 1:
        raise VerifyException(f"{what} must be at least 1, got {value.value.data}")


def check_one_of(what: str, value: StringAttr, allowed: tuple[str, ...]) -> None:
    """Raise VerifyException for a word that is not among the allowed ones."""
    if value.data not in allowed:
        raise VerifyException(f"{what} must be one of {', '.join(allowed)}, got '{value.data}'")
