"""Projects of a small model, as `vaqf-compile` writes them."""

from __future__ import annotations

import sys
from pathlib import Path

from vaqf_compiler.cli import vaqf_compile

MODEL_FILE = Path(__file__).parent / "Inputs" / "small_vit.py"
DEFAULTS = ["--tile", "binary-m=32 binary-n=32 int8-m=16 int8-n=16", "--unroll", "lanes=16 keys=2"]


def tool(main: object, *arguments: str) -> int:
    """Run a tool's entry point in this process; its exit code."""
    assert callable(main)
    old = sys.argv
    sys.argv = ["tool", *arguments]
    try:
        main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    finally:
        sys.argv = old
    raise AssertionError("the tool did not exit")


def compile_small(directory: Path, *arguments: str) -> Path:
    source = f"{MODEL_FILE}:build"
    shape = ("--input-shape", "1x3x16x16")
    assert tool(vaqf_compile.main, source, *shape, "-o", str(directory), *arguments) == 0
    return directory
