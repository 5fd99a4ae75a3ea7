"""Scripts for a vendor's tool, run by a real Tcl that records the calls of the tool's commands."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

RECORD = Path(__file__).parent / "Inputs" / "record.tcl"

Call = tuple[str, ...]


def tcl_list(words: Sequence[str]) -> str:
    """A Tcl list of words without braces or backslashes."""
    return " ".join(f"{{{word}}}" for word in words)


def record(
    script: Path, arguments: Sequence[str] = (), answers: Mapping[str, str] | None = None
) -> list[Call]:
    """
    The calls that a script makes, as `Inputs/record.tcl` describes. By tclsh, or where that is not
    installed by the Tcl inside Python; skips the test where there is neither.
    """
    pairs = [word for pair in (answers or {}).items() for word in pair]
    words = tcl_list([str(script), tcl_list(arguments), tcl_list(pairs)])
    if shutil.which("tclsh") is not None:
        program = f"source {{{RECORD}}}\nprint -nonewline [record {words}]\n"
        done = subprocess.run(["tclsh"], input=program, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and not done.stderr, done.stderr
        text = done.stdout
    elif find_spec("_tkinter") is not None:
        text = record_in_python(words)
    else:
        pytest.skip("neither tclsh nor Python's tkinter is installed")
    return [tuple(call.split("\x1f")) for call in text.split("\x1e")[:-1]]


def record_in_python(words: str) -> str:
    """What `record` returns, by the Tcl inside Python; scripts change the process's directory."""
    import tkinter

    here = Path.cwd()
    try:
        shell = tkinter.Tcl()
        shell.eval(f"source {{{RECORD}}}")
        return str(shell.eval(f"record {words}"))
    finally:
        os.chdir(here)
