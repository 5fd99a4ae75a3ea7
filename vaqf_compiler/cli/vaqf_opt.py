"""`vaqf-opt`: run passes on IR files, as `xdsl-opt` and `mlir-opt` do."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from io import StringIO
from pathlib import Path
from typing import IO, Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.universe import Universe
from xdsl.utils.arg_spec import parse_spec
from xdsl.utils.exceptions import ParseError, VerifyException
from xdsl.xdsl_opt_main import xDSLOptMain

from vaqf_compiler.cli.arguments import ArgumentParser, add_force, refuse_repetition
from vaqf_compiler.cli.errors import report_errors
from vaqf_compiler.errors import UserError
from vaqf_compiler.filenames import path_of, text_of
from vaqf_compiler.ir_text import decode, parse_module, refusal_of
from vaqf_compiler.output.certificate import certified, text_origin
from vaqf_compiler.output.files import output_files
from vaqf_compiler.output.writing import write_text, writing
from vaqf_compiler.pipeline import check_spec, read_pipeline
from vaqf_compiler.universe import VAQF_UNIVERSE
from vaqf_compiler.weights import move_weights, search_directory

COMMENTED = ("mlir", "hls-cpp")
"""Targets whose output may end in a comment that says where it comes from."""


def describe_option(field: dataclasses.Field[Any]) -> str:
    """An option of a pass with its default, `...` where it has none, as written after `-p`."""
    match field.default:
        case None | dataclasses.MISSING:
            default = "..."
        case bool():
            default = str(field.default).lower()
        case _:
            default = field.default
    return f"{field.name.replace('_', '-')}={default}"


def describe_passes() -> str:
    """The passes of this package: name, what it does, options with their defaults."""
    lines = ["passes of vaqf-compiler (xDSL's are listed under -p):"]
    for name, load in sorted(VAQF_UNIVERSE.all_passes.items()):
        pass_type = load()
        summary = (pass_type.__doc__ or "").strip().partition("\n")[0]
        lines.append(f"  {name:<28} {summary}")
        lines += [f"    {describe_option(field)}" for field in dataclasses.fields(pass_type)]
    return "\n".join(lines)


class _Output(StringIO):
    """What will be the output file. xDSL closes it before it is written."""

    text = ""

    def close(self) -> None:
        self.text = self.getvalue()
        super().close()


class VaqfOpt(xDSLOptMain):
    """The driver: xDSL's, with errors as messages, atomic output and a weights directory."""

    version_format = "vaqf-opt built from xdsl version {xdsl_version}"

    def __init__(self) -> None:
        self._output = _Output()
        super().__init__("vaqf-compiler modular optimizer driver")
        if self.args.input_file is not None:
            search_directory.set(Path(self.args.input_file).parent)

    def register_all_arguments(self, arg_parser: argparse.ArgumentParser) -> None:
        refuse_repetition(arg_parser)
        super().register_all_arguments(arg_parser)
        add_force(arg_parser)
        arg_parser.__class__ = ArgumentParser  # xDSL has made it
        arg_parser.prog = "vaqf-opt"
        arg_parser.formatter_class = argparse.RawDescriptionHelpFormatter
        if {"-h", "--help"} & set(sys.argv):  # loads every pass: only when asked
            arg_parser.epilog = describe_passes()

    def setup_pipeline(self) -> None:
        self.args.passes = text_of(self.args.passes)
        for spec in read_pipeline(self.args.passes):
            check_spec("pass", spec, self.available_passes)
        target, *more = read_pipeline(self.args.target)
        if more:
            raise UserError(f"-t takes one target, got '{self.args.target}'")
        check_spec("target", target, Universe.get_multiverse().all_targets)
        super().setup_pipeline()

    def get_input_stream(self) -> tuple[IO[bytes], str]:
        if self.args.input_file is None and _is_closed(sys.stdin):
            raise UserError("the standard input is closed; name a file")
        stream, _ = super().get_input_stream()
        return stream, "mlir"  # whatever the file is called, as for mlir-opt

    def parse_chunk(
        self, chunk: IO[bytes], file_extension: str, start_offset: int = 0
    ) -> ModuleOp | None:
        name = self.get_input_name()
        text = decode(chunk.read(), name)
        implicit = not self.args.no_implicit_module
        try:
            return parse_module(self.ctx, text, name, line_offset=start_offset, implicit=implicit)
        except ParseError as error:
            cause = error.__context__  # of a type or attribute, which is checked when made
            if self.args.verify_diagnostics and isinstance(cause, VerifyException):
                raise cause from None
            raise

    def apply_passes(self, prog: ModuleOp) -> None:
        try:
            super().apply_passes(prog)
        except Exception as error:
            if self.args.verify_diagnostics and isinstance(error, VerifyException):
                raise
            refusal = refusal_of(prog, error)
            if refusal is None:
                raise
            raise refusal from error
        if self.args.output_file is not None and self.args.target == "mlir":
            move_weights(prog, Path(self.args.output_file).parent)

    def prepare_output(self) -> IO[str]:
        if self.args.output_file is not None:
            return self._output
        if _is_closed(sys.stdout):
            raise UserError("the standard output is closed; name a file with -o")
        return super().prepare_output()

    def run(self) -> None:
        if self.args.output_file is None:
            super().run()
            return
        target = Path(self.args.output_file)
        if target.exists() and not target.is_file() and not target.is_dir():  # a device or a pipe
            super().run()
            write_text(target, self._output.text)
            return
        with output_files({target: text_origin}, inputs=self._inputs(), force=self.args.force) as (
            staged,
        ):
            super().run()
            content = self._output.text.encode("utf-8", "surrogateescape")
            if parse_spec(self.args.target).name in COMMENTED:
                content = certified(content)
            with writing(staged):
                staged.write_bytes(content)

    def _inputs(self) -> list[Path | int]:
        """What is read, as far as the command line says: IR, and files that passes take."""
        source = self.args.input_file
        specs = read_pipeline(self.args.passes)
        values = [value for spec in specs for each in spec.parameters.values() for value in each]
        named: list[Path | int] = [path_of(value) for value in values if isinstance(value, str)]
        if source is not None:
            return [Path(source), *named]
        return named if _is_closed(sys.stdin) else [sys.stdin.fileno(), *named]


def _is_closed(stream: IO[str] | None) -> bool:
    """Whether a standard stream was closed when Python started."""
    return stream is None


def main() -> None:
    """Entry point."""

    def run() -> int:
        VaqfOpt().run()
        return 0

    raise SystemExit(report_errors(run))


if __name__ == "__main__":
    main()
