"""Damage for IR that parses: other attributes, types, operands and operations."""

from __future__ import annotations

import io
import random

from xdsl.dialects.builtin import (
    DenseArrayBase,
    FixedBitwidthType,
    FloatAttr,
    IntAttr,
    IntegerAttr,
    IntegerType,
    MemRefType,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    f32,
    f64,
    i8,
    i64,
)
from xdsl.ir import Attribute, Operation, ParametrizedAttribute
from xdsl.printer import Printer
from xdsl.rewriter import Rewriter
from xdsl.utils.exceptions import VerifyException

from vaqf_compiler.ir_text import parse_module
from vaqf_compiler.pipeline import make_context

INTEGERS = (0, -1, 1, 2, 3, 7, 16, 255, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 63) - 1, -(1 << 63))
FLOATS = (0.0, -0.0, -1.0, 0.5, 1e-320, 1e-30, 1e30, 1.7e308, float("inf"), float("nan"), 0.3)
SIZES = (0, 1, 2, 3, 5, 7, 16, 64, 1000, 1 << 31, 1 << 62, -1)
ELEMENTS: tuple[Attribute, ...] = (
    *(IntegerType(1), i8, IntegerType(7), i64, IntegerType(65), IntegerType(2000), f32, f64),
)


def mutate_ir(choose: random.Random, data: bytes) -> bytes:
    """The IR of `data`, which must be valid, with some things changed."""
    module = parse_module(make_context(), data.decode(), "input.mlir")
    for _ in range(choose.choice((1, 1, 1, 2, 5))):
        ops = [op for op in module.walk() if op is not module]
        if ops:
            _mutate_operation(choose, module, choose.choice(ops), ops)
    output = io.StringIO()
    Printer(output, print_generic_format=True).print_op(module)
    return output.getvalue().encode()


def _mutate_operation(
    choose: random.Random, module: ModuleOp, op: Operation, ops: list[Operation]
) -> None:
    attributes = choose.choice((op.properties, op.attributes)) or op.properties or op.attributes
    names = [
        name for name in attributes if name != "op_name__"
    ]  # of an operation without a dialect
    match choose.randrange(8):
        case 0 | 1 | 2 if names:
            name = choose.choice(names)
            attributes[name] = changed(choose, attributes[name])
        case 3 if names:
            del attributes[choose.choice(names)]
        case 4 if op.results or op.regions:
            blocks = [block for region in op.regions for block in region.blocks]
            values = [*op.results, *(value for block in blocks for value in block.args)]
            if values:
                value = choose.choice(values)
                Rewriter.replace_value_with_new_type(value, changed(choose, value.type))
        case 5 if op.operands:
            values = [value for other in ops for value in other.results] or list(op.operands)
            at = choose.randrange(len(op.operands))
            same = [value for value in values if value.type == op.operands[at].type]
            op.operands[at] = choose.choice(same or values)
        case 6 if not any(result.uses for result in op.results):
            op.detach()
            op.erase(safe_erase=False)
        case 7 if op.parent_block() is not None:
            block = op.parent_block()
            assert block is not None
            block.insert_op_before(op.clone(), op)
        case _:
            other = choose.choice(ops)
            if other.properties and op.properties:
                name = choose.choice(list(other.properties))
                op.properties[name] = other.properties[name]


def changed(choose: random.Random, attribute: Attribute) -> Attribute:
    """Another attribute or type of the same kind, where there is one that can be made."""
    try:
        return _changed(choose, attribute)
    except (VerifyException, ValueError, TypeError, OverflowError):
        return attribute


def _changed(choose: random.Random, attribute: Attribute) -> Attribute:
    match attribute:
        case IntegerAttr():
            value = choose.choice((*INTEGERS, attribute.value.data + 1, attribute.value.data - 1))
            return IntegerAttr(value, attribute.type)
        case FloatAttr():
            return FloatAttr(choose.choice((*FLOATS, 2 * attribute.value.data)), attribute.type)
        case IntAttr():
            return IntAttr(choose.choice((*INTEGERS, attribute.data + 1, attribute.data - 1)))
        case StringAttr():
            return StringAttr(choose.choice(("", "x", "inter", "none", "\x9b", attribute.data * 2)))
        case SymbolRefAttr():
            return SymbolRefAttr(choose.choice(("main", "layer_norm", "nowhere", "activations")))
        case TensorType() | MemRefType():
            shape = list(attribute.get_shape())
            match choose.randrange(4):
                case 0 if shape:
                    shape[choose.randrange(len(shape))] = choose.choice(SIZES)
                case 1:
                    shape.insert(choose.randrange(len(shape) + 1), choose.choice(SIZES))
                case 2 if shape:
                    del shape[choose.randrange(len(shape))]
                case _:
                    element = changed(choose, attribute.element_type)
                    return type(attribute)(element, shape)
            return type(attribute)(attribute.element_type, shape)
        case FixedBitwidthType() | DenseArrayBase():
            return choose.choice(ELEMENTS)
        case ParametrizedAttribute() if attribute.parameters:
            parameters = list(attribute.parameters)
            at = choose.randrange(len(parameters))
            parameters[at] = changed(choose, parameters[at])
            return type(attribute).new(parameters)
        case _:
            return attribute
