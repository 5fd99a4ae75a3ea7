"""`vaqf-opt`: run passes on IR files, as `xdsl-opt` and `mlir-opt` do."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import IO

from xdsl.utils.arg_spec import ArgSpecParseError
from xdsl.xdsl_opt_main import xDSLOptMain

from vaqf_compiler.cli.errors import report_errors
from vaqf_compiler.errors import UserError
from vaqf_compiler.universe import VAQF_UNIVERSE
from vaqf_compiler.weights import search_directory


def describe_passes() -> str:
    """One line for each pass of this package: its name and what it does."""
    lines = ["passes of vaqf-compiler (xDSL's are listed under -p):"]
    for name, load in sorted(VAQF_UNIVERSE.all_passes.items()):
        summary = (load().__doc__ or "").strip().partition("\n")[0]
        lines.append(f"  {name:<28} {summary}")
    return "\n".join(lines)


class VaqfOpt(xDSLOptMain):
    """The driver: xDSL's, with errors as sentences, atomic output and a weights directory."""

    version_format = "vaqf-opt built from xdsl version {xdsl_version}"

    def __init__(self) -> None:
        super().__init__("vaqf-compiler modular optimizer driver")
        if self.args.input_file is not None:
            search_directory.set(Path(self.args.input_file).parent)

    def register_all_arguments(self, arg_parser: argparse.ArgumentParser) -> None:
        super().register_all_arguments(arg_parser)
        arg_parser.prog = "vaqf-opt"
        arg_parser.formatter_class = argparse.RawDescriptionHelpFormatter
        if {"-h", "--help"} & set(sys.argv):  # loads every pass: only when asked
            arg_parser.epilog = describe_passes()

    def setup_pipeline(self) -> None:
        try:
            super().setup_pipeline()
        except ArgSpecParseError as error:
            raise UserError(str(error)) from error

    def prepare_output(self) -> IO[str]:
        if self.args.output_file is None:
            return super().prepare_output()
        target = Path(self.args.output_file)
        try:
            descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=target.name + ".")
        except OSError as error:
            raise UserError(f"cannot write '{target}': {error.strerror}") from error
        self._unfinished = Path(name)
        return os.fdopen(descriptor, "w")

    def run(self) -> None:
        self._unfinished: Path | None = None
        try:
            super().run()
        except BaseException:
            if self._unfinished is not None:
                self._unfinished.unlink()
            raise
        if self._unfinished is not None:
            self._unfinished.chmod(0o666 & ~_umask())
            self._unfinished.rename(self.args.output_file)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def main() -> None:
    """Entry point."""

    def run() -> int:
        VaqfOpt().run()
        return 0

    raise SystemExit(report_errors(run))
