"""The parts of a C++ file outside function bodies: order, types, tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, MemRefType, ModuleOp

from vaqf_compiler.emit.cpp_types import (
    alias_definition,
    declarator,
    identifier,
    literal,
)
from vaqf_compiler.emit.refusal import refusal, refusing


def file_names(module: ModuleOp) -> frozenset[str]:
    """Return the C++ names of functions and tables."""
    symbols = (op for op in module.ops if isinstance(op, func.FuncOp | memref.GlobalOp))
    return frozenset(identifier(op.sym_name.data) for op in symbols)


def functions_callees_first(module: ModuleOp) -> list[func.FuncOp]:
    """Return the functions, each after those that it calls. Raises OperationError on recursion."""
    functions = {op.sym_name.data: op for op in module.ops if isinstance(op, func.FuncOp)}
    ordered: dict[str, func.FuncOp] = {}
    open_calls: list[str] = []

    def visit(name: str) -> None:
        if name in ordered:
            return
        open_calls.append(name)
        for op in functions[name].walk():
            if isinstance(op, func.CallOp):
                callee = op.callee.root_reference.data
                if callee in open_calls:
                    raise refusal(op, f"@{callee} calls itself; HLS has no recursion")
                visit(callee)
        open_calls.pop()
        ordered[name] = functions[name]

    for name, function in functions.items():
        if function.is_declaration:
            raise refusal(function, f"@{name} has no body")
        visit(name)
    return list(ordered.values())


def alias_lines(code: str) -> list[str]:
    """Return typedefs of the integer types that the code uses."""
    aliases = {(name[0], int(name[1:])) for name in re.findall(r"\b[iu][1-9]\d*\b", code)}
    return [alias_definition(f"{sign}{width}") for sign, width in sorted(aliases)]


def global_definition(op: memref.GlobalOp) -> str:
    """Return a constant table. Raises OperationError if it is not one of integers."""
    name = op.sym_name.data
    if op.constant is None:
        raise refusal(op, f"@{name} must be constant")
    if not isinstance(op.initial_value, DenseIntOrFPElementsAttr):
        raise refusal(op, f"@{name} must have dense values")
    assert isinstance(op.type, MemRefType)
    with refusing(op):
        declaration = declarator(op.type, identifier(name))
    values = [
        literal(value, op.type.element_type)
        for value in op.initial_value.get_values()
        if isinstance(value, int)
    ]
    return f"static const {declaration} = {_braced(values, op.type.get_shape())};\n"


def _braced(values: Sequence[str], shape: Sequence[int]) -> str:
    if len(shape) == 1:
        return f"{{{', '.join(values)}}}"
    stride = len(values) // shape[0]
    rows = (values[at : at + stride] for at in range(0, len(values), stride))
    return f"{{{', '.join(_braced(row, shape[1:]) for row in rows)}}}"
