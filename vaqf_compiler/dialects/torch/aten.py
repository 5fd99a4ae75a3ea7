"""What the ATen operations share: the kinds of operands, and the assembly format."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from xdsl.irdl import IRDLOperation, base, traits_def
from xdsl.traits import Pure

from vaqf_compiler.dialects.torch.types import (
    BoolType,
    DeviceType,
    FloatType,
    IntType,
    ListType,
    NoneType,
    StrType,
    VTensorType,
)

TENSOR = base(VTensorType)
INT = base(IntType)
FLOAT = base(FloatType)
BOOL = base(BoolType)
STR = base(StrType)
LIST = base(ListType)
NUMBER = base(IntType) | base(FloatType)
OPTIONAL_TENSOR = base(VTensorType) | base(NoneType)
OPTIONAL_INT = base(IntType) | base(NoneType)
OPTIONAL_LIST = base(ListType) | base(NoneType)
OPTIONAL_BOOL = base(BoolType) | base(NoneType)
OPTIONAL_FLOAT = base(FloatType) | base(NoneType)
DEVICE = base(DeviceType) | base(NoneType)


class AtenOp(IRDLOperation, ABC):
    """An operator of PyTorch's ATen library, overload included in its name."""

    FORMAT: ClassVar[str] = "operands attr-dict `:` type(operands) `->` type(results)"

    traits = traits_def(Pure())
