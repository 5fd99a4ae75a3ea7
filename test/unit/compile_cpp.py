"""Compile generated C++ in both of its modes and run it."""

from __future__ import annotations

import subprocess
from importlib.resources import files
from pathlib import Path

INCLUDE = files("vaqf_compiler.emit") / "include"
AP_TYPES = files("hls4ml") / "templates" / "vivado" / "ap_types"
FLAGS = ("-std=c++14", "-Wall", "-Wextra", "-Wno-unknown-pragmas", "-Werror", f"-I{INCLUDE}")
MODES = {"native": ("-DVAQF_NATIVE",), "ap_int": ("-isystem", str(AP_TYPES))}


def compile_cpp(source: Path, mode: str, *options: str) -> Path:
    """The program that g++ makes of a source; any warning fails."""
    program = source.with_suffix(f".{mode}")
    command = ["g++", *FLAGS, *MODES[mode], *(options or ("-O1",)), "-o", program, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    return program


def run_program(program: Path, data: bytes = b"") -> bytes:
    """What a program prints, given its input; it must succeed."""
    return subprocess.run([program], input=data, capture_output=True, check=True).stdout
