"""Types of the scalars in the loops IR."""

from __future__ import annotations

from typing import cast

from xdsl.dialects.builtin import IndexType, IntegerType
from xdsl.ir import Attribute

INDEX = IndexType()


def width_of_integer(type_: Attribute) -> int:
    """Return the width of an integer type, in bits."""
    assert isinstance(type_, IntegerType)
    return cast(IntegerType, type_).width.data
