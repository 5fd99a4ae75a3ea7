"""The tools that a fuzzer gives its inputs to, as far as they read what it changes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from vaqf_compiler import vaqf_images
from vaqf_compiler.cli import vaqf_compile, vaqf_import, vaqf_opt, vaqf_sim
from vaqf_compiler.cli.errors import report_errors


class Reached(BaseException):
    """The input was accepted, and the tool began with what takes long."""


def _reached(*_: Any, **__: Any) -> NoReturn:
    raise Reached


def _journal() -> None:
    from vaqf_compiler.sweep.journal import open_journal
    from vaqf_compiler.sweep.selection import select
    from vaqf_compiler.sweep.tables import selection_table, write_tables

    def run() -> int:
        with open_journal(Path()) as journal:
            rows = [entry.row for entry in journal.entries]
        selections = select(rows, [24.0, "max"])
        if rows:
            Path("out").mkdir()
            write_tables(Path("out"), rows, selections)
            print(selection_table(selections))
        return 0

    raise SystemExit(report_errors(run))


def _port() -> None:
    from vaqf_compiler.emit.port_file import read_port_file

    raise SystemExit(report_errors(lambda: read_port_file(Path("port.bin"), "port", 128).size * 0))


def _description() -> None:
    sys.modules["vaqf_images"] = vaqf_images  # a project has a copy
    driver: Any = importlib.import_module("vaqf_compiler.emit.files.vaqf_driver")
    try:
        driver.read_description(".")
    except driver.DriverError as error:
        raise SystemExit(f"error: {error}") from error
    raise SystemExit(0)


def _picture() -> None:
    halves = (0.5, 0.5, 0.5)
    preprocessing = vaqf_images.Preprocessing((8, 8), "bicubic", None, 1 / 255, halves, halves)
    try:
        vaqf_images.read_image(sys.argv[1], (3, 8, 8), preprocessing)
    except vaqf_images.ImageError as error:
        raise SystemExit(f"error: {error}") from error
    raise SystemExit(0)


TOOLS: Mapping[str, Callable[[], None]] = {
    "vaqf-opt": vaqf_opt.main,
    "vaqf-import": vaqf_import.main,
    "vaqf-compile": vaqf_compile.main,
    "vaqf-sim": vaqf_sim.main,
    "journal": _journal,
    "port": _port,
    "driver": _description,
    "picture": _picture,
}


def _passed(*_: Any, **_options: Any) -> None:
    """A check that finds nothing."""


IMPORTER: Mapping[str, Mapping[str, Any]] = {
    "check": {"check_against_pytorch": _reached},
    "models": {"load_model": _reached},
    "write": {"write_model": _reached, "check_model_files": _passed},
}
"""What stands for the modules that import PyTorch."""
STUBS = (
    ("vaqf_compiler.sweep", "run_sweep"),
    ("vaqf_compiler.emit.project", "make_test_vector"),
    ("vaqf_compiler.emit.dependences", "measure_dependences"),
)
"""Where tools have read their arguments and begin with what takes long."""


def stub() -> None:
    """Let tools end where they have read all that a mutant changes."""
    for name, contents in IMPORTER.items():
        module = ModuleType(name)
        vars(module).update(contents)
        sys.modules[f"vaqf_compiler.importer.{name}"] = module
    for name, function in STUBS:
        setattr(importlib.import_module(name), function, _reached)
