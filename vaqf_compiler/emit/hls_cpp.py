"""
Printing of functions of loops over arrays as Vitis HLS C++.

Each operation becomes one construct; the printer refuses operations that it does not know. It
decides nothing: `vhls` operations state which loop is unrolled and which array is partitioned, and
a value that has a name in the IR is a variable of that name.
"""

from __future__ import annotations

from io import StringIO

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.analysis.program import is_top
from vaqf_compiler.dialects import binvit, vhls
from vaqf_compiler.emit.cpp_function import FunctionPrinter
from vaqf_compiler.emit.cpp_module import (
    alias_lines,
    file_names,
    functions_callees_first,
    global_definition,
)
from vaqf_compiler.emit.formatting import formatted
from vaqf_compiler.emit.pragmas import PragmaSyntax, vitis_pragma
from vaqf_compiler.emit.refusal import refusal


def print_hls_cpp(
    module: ModuleOp, header_name: str | None = None, syntax: PragmaSyntax = vitis_pragma
) -> str:
    """
    Return the C++ source of a module. With `header_name`, the types come from that header;
    otherwise, they are defined in the text. `syntax` is the way in which the tool writes pragmas.
    Raises OperationError for anything that is not loops over arrays.
    """
    code = _definitions(module, syntax)
    headers = ["vaqf_types.h" if header_name is None else header_name]
    if any(isinstance(op, vhls.TraceOp) for op in module.walk()):
        headers.append("vaqf_trace.h")
    includes = [f'#include "{header}"' for header in headers]
    types = ["", *alias_lines(code)] if header_name is None else []
    return formatted("\n".join((*includes, *types, code)))


def print_hls_header(module: ModuleOp, guard: str) -> str:
    """Return the header: integer types and the prototype of the top function."""
    lines = [f"#ifndef {guard}", f"#define {guard}", "", '#include "vaqf_types.h"', ""]
    lines += [*alias_lines(_definitions(module)), ""]
    for function in functions_callees_first(module):
        if is_top(function):
            printer = FunctionPrinter(StringIO(), file_names(module), scopes=[set()])
            lines += [f"{printer.signature(function)};", ""]
    return formatted("\n".join((*lines, f"#endif // {guard}\n")))


def _definitions(module: ModuleOp, syntax: PragmaSyntax = vitis_pragma) -> str:
    """Return the tables and functions, with an empty line before each."""
    out = StringIO()
    for op in module.ops:
        if isinstance(op, memref.GlobalOp):
            out.write(f"\n{global_definition(op)}")
        elif not isinstance(op, func.FuncOp | binvit.MemoryImageOp):
            raise refusal(op, "there is no C++ for it")
    for function in functions_callees_first(module):
        out.write("\n")
        FunctionPrinter(out, file_names(module), syntax).function(function)
    return out.getvalue()
