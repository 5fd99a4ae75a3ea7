"""Compile generated C++ in both of its modes and run it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

INCLUDE = files("vaqf_compiler.emit") / "include"
AP_TYPES = files("hls4ml") / "templates" / "vivado" / "ap_types"
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wno-unknown-pragmas", "-Werror")
FLAGS = ("-std=c++14", *WARNINGS, f"-I{INCLUDE}")
MODES = {"native": ("-DVAQF_NATIVE",), "ap_int": ("-isystem", str(AP_TYPES))}
CLANG = ("clang++",) if shutil.which("clang++") else (sys.executable, "-m", "ziglang", "c++")
# With libc++, std::complex is another template than the one that AMD's headers declare to
# specialise it for their types. Nothing here needs it: their include guards leave it out.
COMPILERS = {
    "g++": ("g++",),
    "clang": (*CLANG, "-D__AP_INT_SPECIAL_H__", "-D__AP_FIXED_SPECIAL_H__"),
}


def compile_cpp(source: Path, mode: str, *options: str, compiler: str = "g++") -> Path:
    """What a compiler makes of a source, a program by default; any warning fails."""
    program = source.with_suffix(f".{mode}")
    command = [*COMPILERS[compiler], *FLAGS, *MODES[mode], *(options or ("-O1",))]
    command += ["-o", str(program), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    return program


def run_program(program: Path, data: bytes = b"") -> bytes:
    """What a program prints, given its input; it must succeed."""
    return subprocess.run([program], input=data, capture_output=True, check=True).stdout
