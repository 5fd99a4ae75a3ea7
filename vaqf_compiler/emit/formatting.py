"""The layout of generated C++, which clang-format determines."""

from __future__ import annotations

import subprocess
from importlib.resources import as_file, files

STYLE = ".clang-format"
"""
Style file of clang-format, next to this file, above the shipped headers, and in every project.
"""


def formatted(source: str) -> str:
    """Return C++ source with the line breaks, indentation and spaces of `STYLE`."""
    program = files("clang_format") / "data" / "bin" / "clang-format"
    style = files("vaqf_compiler.emit") / STYLE
    with as_file(program) as program_path, as_file(style) as style_path:
        command = [program_path, f"--style=file:{style_path}", "--assume-filename=source.cpp"]
        done = subprocess.run(
            command, input=source, capture_output=True, encoding="utf-8", check=True
        )
    return done.stdout
