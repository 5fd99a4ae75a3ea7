"""
Pragmas in the syntax of the tools: Vitis HLS (AMD UG1399), and Vivado HLS up to 2020.1 (UG902).

A `vhls` operation knows its pragma in Vitis HLS, in a form that all releases accept
(docs/hls-verify.md). Vivado HLS has the same pragmas, but other words for some options, and cores
instead of bindings. This file contains all differences.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.vhls.pragma import option

PragmaSyntax = Callable[[vhls.PragmaOp, str | None], str]
"""
A function that returns the text after `#pragma HLS`; its second argument is the C++ name of the
operand, if any.
"""


def vitis_pragma(op: vhls.PragmaOp, variable: str | None) -> str:
    """Return the pragma in Vitis HLS."""
    return op.pragma(variable)


@singledispatch
def vivado_pragma(op: vhls.PragmaOp, variable: str | None) -> str:
    """Return the pragma in Vivado HLS."""
    name, _, options = op.pragma(variable).partition(" ")
    return f"{name.upper()} {options}".rstrip()


@vivado_pragma.register
def _(op: vhls.BindStorageOp, variable: str | None) -> str:
    uram = op.impl.data == "uram"
    core = "XPM_MEMORY uram" if uram else f"{op.type.data}_{op.impl.data}".upper()
    return f"RESOURCE variable={variable} core={core}" + option("latency", op.latency)


_CORES = {
    ("add", "dsp"): "AddSub_DSP",
    ("sub", "dsp"): "AddSub_DSP",
    ("mul", "dsp"): "DSP48",
    ("add", "fabric"): "AddSub",
    ("sub", "fabric"): "AddSub",
    ("mul", "fabric"): "Mul_LUT",
}
"""The core that computes an operation, by `op` and `impl` of `vhls.bind_op`."""


@vivado_pragma.register
def _(op: vhls.BindOpOp, variable: str | None) -> str:
    core = _CORES[op.operation, op.impl.data]
    return f"RESOURCE variable={variable} core={core}" + option("latency", op.latency)


@vivado_pragma.register
def _(op: vhls.AllocationOp, variable: str | None) -> str:
    name = op.function.root_reference.data
    return f"ALLOCATION instances={name}{option('limit', op.limit)} function"
