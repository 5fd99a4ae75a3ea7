"""The vendor's tools that a project can be written for."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from vaqf_compiler.emit.pragmas import PragmaSyntax, vitis_pragma, vivado_pragma
from vaqf_compiler.errors import UserError


@dataclass(frozen=True)
class Flow:
    """A tool that a project can be written for."""

    name: str
    tool: str
    usage: tuple[str, ...]
    """Command lines that run run_hls.tcl, one for each range of releases."""
    standard: str
    """The version of C++ that is requested from it."""
    pragma: PragmaSyntax
    readme: str
    """The template for the README's section about it."""
    unified: bool
    """Whether it has configuration files, target flows and kernels, as Vitis HLS does."""


VITIS_HLS = Flow(
    name="vitis-hls",
    tool="Vitis HLS",
    usage=(
        "vitis_hls -f run_hls.tcl                        up to 2023.1",
        "vitis-run --mode hls --tcl run_hls.tcl          from 2023.2 on",
    ),
    standard="c++14",
    pragma=vitis_pragma,
    readme="readme_vitis_hls.md",
    unified=True,
)
VIVADO_HLS = Flow(
    name="vivado-hls",
    tool="Vivado HLS",
    usage=("vivado_hls -f run_hls.tcl                       up to 2020.1",),
    standard="c++11",
    pragma=vivado_pragma,
    readme="readme_vivado_hls.md",
    unified=False,
)
FLOWS = {flow.name: flow for flow in (VITIS_HLS, VIVADO_HLS)}


def flow_named(name: str) -> Flow:
    """Return the flow with a name. Raises UserError if there is none."""
    if name not in FLOWS:
        similar = difflib.get_close_matches(name, FLOWS, n=1)
        hint = f"did you mean '{similar[0]}'?" if similar else f"known are {', '.join(FLOWS)}"
        raise UserError(f"unknown flow '{name}'; {hint}")
    return FLOWS[name]
