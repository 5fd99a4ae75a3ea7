"""The parts of a C++ file that are not function bodies: order, types, tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerType, MemRefType, ModuleOp
from xdsl.ir import Attribute
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects import vhls
from vaqf_compiler.emit.cpp_types import WIDEST_SIGNED, alias_definition, declarator, identifier


def is_top(function: func.FuncOp) -> bool:
    """Whether a function is the accelerator: it has ports."""
    return any(isinstance(op, vhls.InterfaceOp) for op in function.body.block.ops)


def functions_callees_first(module: ModuleOp) -> list[func.FuncOp]:
    """The functions, each after those that it calls. Raises PassFailedException on recursion."""
    functions = {op.sym_name.data: op for op in module.ops if isinstance(op, func.FuncOp)}
    ordered: dict[str, func.FuncOp] = {}
    open_calls: list[str] = []

    def visit(name: str) -> None:
        if name in open_calls:
            raise PassFailedException(f"hls-cpp: @{name} calls itself, which HLS does not support")
        if name in ordered:
            return
        if name not in functions:
            raise PassFailedException(f"hls-cpp: call of an unknown function @{name}")
        open_calls.append(name)
        for op in functions[name].walk():
            if isinstance(op, func.CallOp):
                visit(op.callee.root_reference.data)
        open_calls.pop()
        ordered[name] = functions[name]

    for name in functions:
        visit(name)
    return list(ordered.values())


def _types(module: ModuleOp) -> Iterator[Attribute]:
    for op in module.walk():
        for value in op.results:
            yield value.type
        for region in op.regions:
            for block in region.blocks:
                yield from (argument.type for argument in block.args)
        if isinstance(op, memref.GlobalOp):
            yield op.type


def alias_lines(module: ModuleOp) -> list[str]:
    """Typedefs of the integers that the module uses, and their unsigned counterparts."""
    widths: set[int] = set()
    for found in _types(module):
        element = found.element_type if isinstance(found, MemRefType) else found
        if isinstance(element, IntegerType) and element.width.data > 1:
            widths.add(element.width.data)
    signed = [f"i{width}" for width in sorted(widths) if width <= WIDEST_SIGNED]
    return [alias_definition(alias) for alias in (*signed, *(f"u{w}" for w in sorted(widths)))]


def global_definition(op: memref.GlobalOp) -> str:
    """A constant table."""
    name = identifier(op.sym_name.data)
    if op.constant is None or not isinstance(op.initial_value, DenseIntOrFPElementsAttr):
        raise PassFailedException(f"hls-cpp: @{name} must be constant, with dense integer values")
    values = ", ".join(str(value) for value in op.initial_value.get_values())
    assert isinstance(op.type, MemRefType)
    if op.type.get_num_dims() != 1:
        raise PassFailedException(f"hls-cpp: table @{name} must have one dimension")
    body = textwrap.fill(values, 98, initial_indent="  ", subsequent_indent="  ")
    return f"static const {declarator(op.type, name)} = {{\n{body}}};\n"
