"""Pragmas that Vitis HLS knows; some of Vivado HLS are gone."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import UnregisteredOp
from xdsl.ir import Operation

from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.program import Program
from vaqf_compiler.hls_rules.violation import violation

REPLACEMENTS: Mapping[str, str] = {
    "array_map": "give small arrays one memory yourself, as one array",
    "data_pack": "pack the fields into the bits of one integer",
    "resource": "say vhls.bind_storage of an array, vhls.bind_op of an operation",
}
"""Pragmas of Vivado HLS that Vitis HLS does not have, and what to say instead."""


def check_pragmas(program: Program) -> None:
    """Raise OperationError for a pragma that only Vivado HLS has."""
    for op in program.module.walk():
        dialect, _, pragma = _name(op).partition(".")
        if dialect == vhls.VHLS.name and pragma in REPLACEMENTS:
            what = f"Vitis HLS has no pragma '{pragma}', Vivado HLS had"
            raise violation(op, what, REPLACEMENTS[pragma])


def _name(op: Operation) -> str:
    return op.op_name.data if isinstance(op, UnregisteredOp) else op.name
