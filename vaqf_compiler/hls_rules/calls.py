"""Called functions and tables must exist, and no function may call itself."""

from __future__ import annotations

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import SSAValue

from vaqf_compiler.analysis.program import Program, function_of, name_of
from vaqf_compiler.hls_rules.violation import violation


def check_callees(program: Program) -> None:
    """
    Raise OperationError for a call of a function that does not exist or has no body, and for a call
    outside all functions.
    """
    for call in program.calls:
        name = call.callee.root_reference.data
        if function_of(call) is None:
            raise violation(call, f"@{name} is called in no function", "call it in one")
        function = program.functions.get(name)
        if function is None or function.is_declaration:
            raise violation(call, f"@{name} has no body", "define it in this module")


def check_tables(program: Program) -> None:
    """Raise OperationError for a table that does not exist or has another type."""
    tables = {op.sym_name.data: op for op in program.module.ops if isinstance(op, memref.GlobalOp)}
    for op in program.module.walk():
        if isinstance(op, memref.GetGlobalOp):
            table = tables.get(op.name_.root_reference.data)
            if table is None:
                raise violation(op, f"there is no table {op.name_}", "define it in this module")
            if table.type != op.memref.type:
                what = f"the table {op.name_} is a {table.type}, not a {op.memref.type}"
                raise violation(op, what, "write its type as it is defined")


def check_aliases(program: Program) -> None:
    """
    Raise OperationError for a call that passes an array twice, because the tool assumes that
    arguments are different arrays.
    """
    for call in program.calls:
        seen: set[SSAValue] = set()
        for operand in (v for v in call.arguments if isinstance(v.type, MemRefType)):
            if operand in seen:
                what = f"{name_of(operand)} is passed twice"
                raise violation(call, what, "pass it once, and use that argument for both")
            seen.add(operand)


def check_recursion(program: Program) -> None:
    """Raise OperationError for a function that calls itself, directly or through others."""
    done: set[func.FuncOp] = set()
    open_functions: list[func.FuncOp] = []

    def visit(function: func.FuncOp) -> None:
        if function in done:
            return
        open_functions.append(function)
        for call in (op for op in function.walk() if isinstance(op, func.CallOp)):
            if (callee := program.callee(call)) in open_functions:
                circle = open_functions[open_functions.index(callee) :]
                names = " calls ".join(f"@{f.sym_name.data}" for f in (*circle, callee))
                raise violation(call, f"{names}, and recursion has no hardware", "make it a loop")
            visit(callee)
        open_functions.pop()
        done.add(function)

    for call in program.calls:
        caller = function_of(call)
        assert caller is not None
        visit(caller)
