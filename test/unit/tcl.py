"""Scripts for a vendor's tool, run by a real Tcl that records the calls of the tool's commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from vendor_commands import VITIS_HLS, Call, check_calls

INPUTS = Path(__file__).parent / "Inputs"
RECORD = INPUTS / "record.tcl"


def tcl_list(words: Sequence[str]) -> str:
    """A Tcl list of words without braces or backslashes."""
    return " ".join(f"{{{word}}}" for word in words)


def record(
    script: Path,
    arguments: Sequence[str] = (),
    answers: Mapping[str, str] | None = None,
    commands: str = VITIS_HLS,
    directory: Path | None = None,
) -> list[Call]:
    """
    The calls that a script makes, as `Inputs/record.tcl` describes, when it is run in a directory.
    Raises ToolError for one that a tool with these commands would refuse. By tclsh, or where that
    is not installed by the Tcl inside Python; skips the test where there is neither.
    """
    pairs = [word for pair in (answers or {}).items() for word in pair]
    words = tcl_list([str(script), tcl_list(arguments), tcl_list(pairs)])
    if shutil.which("tclsh") is not None:
        program = f"source {{{RECORD}}}\nprint -nonewline [record {words}]\n"
        done = subprocess.run(
            ["tclsh"], input=program, capture_output=True, text=True, check=False, cwd=directory
        )
        assert done.returncode == 0 and not done.stderr, done.stderr
        text = done.stdout
    elif find_spec("_tkinter") is not None:
        text = record_in_python(words, directory)
    else:
        pytest.skip("neither tclsh nor Python's tkinter is installed")
    calls = calls_in(text)
    check_calls(commands, calls)
    return calls


def calls_in(text: str) -> list[Call]:
    """The calls that the recorder wrote."""
    return [tuple(call.split("\x1f")) for call in text.split("\x1e")[:-1]]


def record_in_python(words: str, directory: Path | None = None) -> str:
    """What `record` returns, by the Tcl inside Python; scripts change the process's directory."""
    import tkinter

    here = Path.cwd()
    try:
        os.chdir(directory or here)
        shell = tkinter.Tcl()
        shell.eval(f"source {{{RECORD}}}")
        return str(shell.eval(f"record {words}"))
    finally:
        os.chdir(here)


def written(calls: Sequence[Call], project: Path) -> str:
    """Calls as Tcl, one a line but for dictionaries; the project's directory is `PROJECT`."""
    lines: list[str] = []
    for call in calls:
        words = [_word(word.replace(str(project), "PROJECT")) for word in call]
        if "-dict" in call:
            position = call.index("-dict") + 1
            pairs = re.findall(r"\S+ \S+", call[position])
            words[position] = "\n".join(["{", *(f"    {pair}" for pair in pairs), "}"])
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n"


def _word(text: str) -> str:
    return text if re.fullmatch(r"\S+|\[.*\]", text) else f"{{{text}}}"
