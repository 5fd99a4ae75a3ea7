"""Types of the `torch` dialect, printed as torch-mlir prints them."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, IntAttr, NoneAttr
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
class VTensorType(ParametrizedAttribute, TypeAttribute):
    """
    An immutable tensor, `!torch.vtensor<[1,197,768],f32>`; without parameters its shape and
    element type are unknown.
    """

    name = "torch.vtensor"

    shape: ArrayAttr[IntAttr] | NoneAttr
    element_type: Attribute

    def __init__(self, shape: Sequence[int], element_type: Attribute):
        super().__init__(ArrayAttr([IntAttr(size) for size in shape]), element_type)

    def get_shape(self) -> tuple[int, ...]:
        """The static shape. Raises ValueError where it is unknown."""
        if isinstance(self.shape, NoneAttr):
            raise ValueError("tensor of unknown shape")
        return tuple(size.data for size in self.shape)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        if parser.parse_optional_punctuation("<") is None:
            return (NoneAttr(), NoneAttr())
        shape = parser.parse_comma_separated_list(
            parser.Delimiter.SQUARE, lambda: IntAttr(parser.parse_integer(allow_boolean=False))
        )
        parser.parse_punctuation(",")
        element_type = parser.parse_type()
        parser.parse_punctuation(">")
        return (ArrayAttr(shape), element_type)

    def print_parameters(self, printer: Printer) -> None:
        if isinstance(self.shape, NoneAttr):
            return
        sizes = ",".join(str(size.data) for size in self.shape)
        printer.print_string(f"<[{sizes}],")
        printer.print_attribute(self.element_type)
        printer.print_string(">")


_SIMPLE_TYPES: tuple[type[ParametrizedAttribute], ...] = (
    IntType,
    FloatType,
    BoolType,
    NoneType,
    StrType,
    DeviceType,
)


@irdl_attr_definition
class ListType(ParametrizedAttribute, TypeAttribute):
    """A Python list, `!torch.list<int>`: the prefix `!torch.` of its element type is left out."""

    name = "torch.list"

    contained_type: Attribute

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            keyword = parser.parse_identifier("an element type")
            if keyword == "vtensor":
                return (VTensorType.new(VTensorType.parse_parameters(parser)),)
            for simple in _SIMPLE_TYPES:
                if simple.name == f"torch.{keyword}":
                    return (simple(),)
            parser.raise_error(f"unknown element type '{keyword}' of a torch list")

    def print_parameters(self, printer: Printer) -> None:
        contained = self.contained_type
        with printer.in_angle_brackets():
            printer.print_string(contained.name.removeprefix("torch."))
            if isinstance(contained, VTensorType):
                contained.print_parameters(printer)
