"""Functions that can be built: none calls itself, and all are there."""

from __future__ import annotations

from xdsl.dialects import func

from vaqf_compiler.hls_rules.program import Program
from vaqf_compiler.hls_rules.violation import function_of, violation


def check_callees(program: Program) -> None:
    """Raise OperationError for a call of a function that is not there or has no body."""
    for call in program.calls:
        name = call.callee.root_reference.data
        function = program.functions.get(name)
        if function is None or function.is_declaration:
            raise violation(call, f"@{name} has no body", "define it in this module")


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
