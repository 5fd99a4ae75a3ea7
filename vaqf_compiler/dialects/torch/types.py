"""Types of the `torch` dialect, printed as torch-mlir prints them."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, IntAttr, IntegerType, NoneAttr, Signedness
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer


@irdl_attr_definition
class IntType(ParametrizedAttribute, TypeAttribute):
    """A Python `int`."""

    name = "torch.int"


@irdl_attr_definition
class FloatType(ParametrizedAttribute, TypeAttribute):
    """A Python `float`."""

    name = "torch.float"


@irdl_attr_definition
class BoolType(ParametrizedAttribute, TypeAttribute):
    """A Python `bool`."""

    name = "torch.bool"


@irdl_attr_definition
class NoneType(ParametrizedAttribute, TypeAttribute):
    """The type of Python's `None`."""

    name = "torch.none"


@irdl_attr_definition
class StrType(ParametrizedAttribute, TypeAttribute):
    """A Python `str`."""

    name = "torch.str"


@irdl_attr_definition
class DeviceType(ParametrizedAttribute, TypeAttribute):
    """A `torch.device`."""

    name = "torch.Device"


@irdl_attr_definition
class NumberType(ParametrizedAttribute, TypeAttribute):
    """A Python `int` or `float`."""

    name = "torch.number"


@irdl_attr_definition
class AnyType(ParametrizedAttribute, TypeAttribute):
    """Any Python object."""

    name = "torch.any"


@irdl_attr_definition
class GeneratorType(ParametrizedAttribute, TypeAttribute):
    """A `torch.Generator`."""

    name = "torch.Generator"


@irdl_attr_definition
class VTensorType(ParametrizedAttribute, TypeAttribute):
    """
    An immutable tensor, `!torch.vtensor<[1,197,768],f32>`. An unknown size is `?`, an unknown
    shape `*`, an unknown element type `unk`; without parameters both are unknown.
    """

    name = "torch.vtensor"

    shape: ArrayAttr[IntAttr] | NoneAttr
    element_type: Attribute

    UNKNOWN_SIZE: ClassVar[int] = -1

    def __init__(self, shape: Sequence[int], element_type: Attribute):
        super().__init__(ArrayAttr([IntAttr(size) for size in shape]), element_type)

    def static_shape(self) -> tuple[int, ...] | None:
        """The sizes, None where one of them is unknown, or how many there are."""
        if isinstance(self.shape, NoneAttr):
            return None
        sizes = tuple(size.data for size in self.shape)
        return None if self.UNKNOWN_SIZE in sizes else sizes

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        if parser.parse_optional_punctuation("<") is None:
            return (NoneAttr(), NoneAttr())
        shape = NoneAttr()
        if parser.parse_optional_punctuation("*") is None:
            sizes = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: IntAttr(cls._parse_size(parser))
            )
            shape = ArrayAttr(sizes)
        parser.parse_punctuation(",")
        unknown = parser.parse_optional_keyword("unk") is not None
        element_type = NoneAttr() if unknown else parser.parse_type()
        parser.parse_punctuation(">")
        return (shape, element_type)

    @classmethod
    def _parse_size(cls, parser: AttrParser) -> int:
        if parser.parse_optional_punctuation("?") is not None:
            return cls.UNKNOWN_SIZE
        return parser.parse_integer(allow_boolean=False, allow_negative=False)

    def print_parameters(self, printer: Printer) -> None:
        if isinstance(self.shape, NoneAttr) and isinstance(self.element_type, NoneAttr):
            return
        printer.print_string("<")
        if isinstance(self.shape, NoneAttr):
            printer.print_string("*")
        else:
            sizes = ("?" if s.data == self.UNKNOWN_SIZE else str(s.data) for s in self.shape)
            printer.print_string(f"[{','.join(sizes)}]")
        printer.print_string(",")
        if isinstance(self.element_type, NoneAttr):
            printer.print_string("unk")
        else:
            printer.print_attribute(self.element_type)
        printer.print_string(">")


SI64 = IntegerType(64, Signedness.SIGNED)
"""Of whole numbers in PyTorch, unless it is told otherwise."""

_SIMPLE_TYPES: tuple[type[ParametrizedAttribute], ...] = (
    AnyType,
    BoolType,
    DeviceType,
    FloatType,
    GeneratorType,
    IntType,
    NoneType,
    NumberType,
    StrType,
)


class _ContainerType(ParametrizedAttribute, TypeAttribute, ABC):
    """A type of another one, whose prefix `!torch.` is left out: `!torch.list<int>`."""

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            keyword = parser.parse_identifier("an element type")
            for nested in (VTensorType, ListType, OptionalType):
                if nested.name == f"torch.{keyword}":
                    return (nested.new(nested.parse_parameters(parser)),)
            for simple in _SIMPLE_TYPES:
                if simple.name == f"torch.{keyword}":
                    return (simple(),)
            parser.raise_error(f"unknown element type '{keyword}' of a !{cls.name}")

    def print_parameters(self, printer: Printer) -> None:
        (contained,) = self.parameters
        with printer.in_angle_brackets():
            printer.print_string(contained.name.removeprefix("torch."))
            if isinstance(contained, VTensorType | _ContainerType):
                contained.print_parameters(printer)


@irdl_attr_definition
class ListType(_ContainerType):
    """A Python list, `!torch.list<int>`."""

    name = "torch.list"

    contained_type: Attribute


@irdl_attr_definition
class OptionalType(_ContainerType):
    """A value or None, `!torch.optional<vtensor>`."""

    name = "torch.optional"

    contained_type: Attribute
