"""Constants and lists of the `torch` dialect."""

from __future__ import annotations

from xdsl.dialects.builtin import (
    I1,
    I64,
    BoolAttr,
    DenseResourceAttr,
    Float64Type,
    FloatAttr,
    IntegerAttr,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.hints import isa
from xdsl.utils.lexer import Input
from xdsl.utils.mlir_lexer import StringLiteral

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
from vaqf_compiler.float_text import Float64


@irdl_op_definition
class ConstantIntOp(IRDLOperation):
    """A Python int: `torch.constant.int 16`."""

    name = "torch.constant.int"
    value = prop_def(IntegerAttr[I64])
    result = result_def(IntType())
    traits = traits_def(Pure())

    @classmethod
    def parse(cls, parser: Parser) -> ConstantIntOp:
        value = IntegerAttr(parser.parse_integer(allow_boolean=False), i64)
        attributes = parser.parse_optional_attr_dict()
        return cls.create(
            result_types=[IntType()], properties={"value": value}, attributes=attributes
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.value.value.data}")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ConstantFloatOp(IRDLOperation):
    """A Python float: `torch.constant.float 1.250000e-01`."""

    name = "torch.constant.float"
    value = prop_def(FloatAttr[Float64Type])
    result = result_def(FloatType())
    traits = traits_def(Pure())
    custom_directives = (Float64,)
    assembly_format = "custom<Float64>($value) attr-dict"


@irdl_op_definition
class ConstantBoolOp(IRDLOperation):
    """A Python bool: `torch.constant.bool false`."""

    name = "torch.constant.bool"
    value = prop_def(IntegerAttr[I1])
    result = result_def(BoolType())
    traits = traits_def(Pure())

    @classmethod
    def parse(cls, parser: Parser) -> ConstantBoolOp:
        value = BoolAttr.from_bool(parser.parse_boolean())
        attributes = parser.parse_optional_attr_dict()
        return cls.create(
            result_types=[BoolType()], properties={"value": value}, attributes=attributes
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" true" if self.value.value.data else " false")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ConstantStrOp(IRDLOperation):
    """A Python string: `torch.constant.str "none"`."""

    name = "torch.constant.str"
    value = prop_def(StringAttr)
    result = result_def(StrType())
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict"


@irdl_op_definition
class ConstantDeviceOp(IRDLOperation):
    """A device: `torch.constant.device "cpu"`."""

    name = "torch.constant.device"
    value = prop_def(StringAttr)
    result = result_def(DeviceType())
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict"


@irdl_op_definition
class ConstantNoneOp(IRDLOperation):
    """Python's None."""

    name = "torch.constant.none"
    result = result_def(NoneType())
    traits = traits_def(Pure())
    assembly_format = "attr-dict"


@irdl_op_definition
class LiteralOp(IRDLOperation):
    """
    A tensor constant. Parameters are `dense_resource<name>` without data: the name is the key
    of the values in the module's `.safetensors` file.
    """

    name = "torch.vtensor.literal"
    value = prop_def(Attribute)
    result = result_def(VTensorType)
    traits = traits_def(Pure())
    assembly_format = "`(` $value `)` attr-dict `:` type($result)"

    @property
    def parameter(self) -> str | None:
        """The parameter's name, None for a constant whose data are in the IR."""
        if not isinstance(self.value, DenseResourceAttr):
            return None
        key = self.value.resource_handle.data
        if not key.startswith('"'):
            return key
        return StringLiteral(0, len(key), Input(key, "")).bytes_contents.decode(errors="replace")

    @property
    def stored_type(self) -> TensorType[Attribute] | None:
        """The parameter's type in its file, None for a constant whose data are in the IR."""
        stored = self.value.type if isinstance(self.value, DenseResourceAttr) else None
        return stored if isa(stored, TensorType[Attribute]) else None


@irdl_op_definition
class ListConstructOp(IRDLOperation):
    """Build a list."""

    name = "torch.prim.ListConstruct"
    elements = var_operand_def()
    result = result_def(ListType)
    traits = traits_def(Pure())
    assembly_format = "$elements attr-dict `:` functional-type(operands, results)"


@irdl_op_definition
class ListUnpackOp(IRDLOperation):
    """Take a list of known length apart."""

    name = "torch.prim.ListUnpack"
    input = operand_def(ListType)
    elements = var_result_def()
    traits = traits_def(Pure())
    assembly_format = "$input attr-dict `:` type($input) `->` type($elements)"
