"""Command line arguments: what several tools take, and a parser that takes each only once."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from vaqf_compiler.cli.errors import printable
from vaqf_compiler.limits import number, whole_number

MOST_SEED = 2**64 - 1
"""That PyTorch and NumPy both take."""


class _Once(argparse.Action):
    """Refuses an option that is given twice, of which argparse takes the last."""

    _given = False

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if self._given and option_string is not None:
            raise argparse.ArgumentError(self, "given twice")
        self._given = True
        setattr(namespace, self.dest, self.const if self.nargs == 0 else values)


class _TrueOnce(_Once):
    def __init__(
        self, option_strings: Sequence[str], dest: str, default: bool = False, **options: Any
    ):
        super().__init__(option_strings, dest, nargs=0, const=True, default=default, **options)


def refuse_repetition(parser: argparse.ArgumentParser) -> None:
    """Refuse options given twice, of those that are added to `parser` from now on."""
    for action, once in {None: _Once, "store": _Once, "store_true": _TrueOnce}.items():
        parser.register("action", action, once)


class ArgumentParser(argparse.ArgumentParser):
    """One that takes each option once, and whose errors can be printed, whatever was typed."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        refuse_repetition(self)

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def integer(text: str) -> int:
    """A whole number, whose range is checked later."""
    try:
        return whole_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a whole number, got '{text}'") from error


def rational(text: str) -> float:
    """A number, whose range is checked later."""
    try:
        return number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a number, got '{text}'") from error


def seed(text: str) -> int:
    """A seed of a random generator: a whole number of 64 bits that is not negative."""
    try:
        value = whole_number(text)
    except ValueError:
        value = -1
    if not 0 <= value <= MOST_SEED:
        raise argparse.ArgumentTypeError(f"must be a whole number in 0..{MOST_SEED}, got '{text}'")
    return value


def tolerance(text: str) -> float:
    """A largest difference: a positive number."""
    try:
        value = number(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a positive number, got '{text}'")
    return value


def add_force(parser: argparse.ArgumentParser) -> None:
    """The option `--force` of a tool that writes files."""
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace files of an earlier run that were changed since; never files of others",
    )


CHECKPOINT = ("*.json", "model*", "pytorch_model*")
"""Names of the files that are read of a checkpoint directory."""


def input_files(arguments: argparse.Namespace) -> list[Path]:
    """The files that a tool reads which imports a model, of those that its arguments name."""
    given = [vars(arguments).get(name) for name in ("weights", "calibration", "board")]
    files = [Path(path) for path in given if path is not None]
    model = Path(arguments.model)
    if model.is_dir():
        return files + [path for pattern in CHECKPOINT for path in model.glob(pattern)]
    return [*files, Path(arguments.model.rpartition(":")[0])]
