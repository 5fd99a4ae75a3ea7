"""Names that C++ or the files around the accelerator need for something else."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import func, memref
from xdsl.ir import Operation

from vaqf_compiler.emit.cpp_types import identifier
from vaqf_compiler.hls_rules.program import Program
from vaqf_compiler.hls_rules.violation import violation

TAKEN: Mapping[str, str] = {
    "main": "the testbench",
    "std": "the standard library",
    "hls": "the library of Vitis HLS",
    "vaqf": "vaqf_types.h",
}
"""Global names that `identifier` allows, since variables may have them, and whose they are."""


def check_names(program: Program) -> None:
    """
    Raise OperationError for a function or table that C++ or the files of the hardware would not
    tell from another, and for a top function that is not called there as scripts and testbench call
    it.
    """
    named: dict[str, tuple[str, str]] = {}
    tops: list[Operation] = [*program.tops]
    for op in program.module.ops:
        if not isinstance(op, func.FuncOp | memref.GlobalOp):
            continue
        name = op.sym_name.data
        printed = identifier(name)
        if printed in TAKEN:
            what = f"@{name} has the name that {TAKEN[printed]} needs"
            raise violation(op, what, "give it another name")
        other, other_printed = named.setdefault(printed.lower(), (name, printed))
        if other != name:
            what = f"@{name} and @{other} are both called {printed} in C++"
            if other_printed != printed:
                what = f"@{name} and @{other} are one name in VHDL, which does not tell capitals"
            raise violation(op, what, "give one another name")
        if op in tops and printed != name:
            what = f"the top function @{name} would be called {printed} in C++"
            raise violation(op, what, "give it a name that C++ allows")
