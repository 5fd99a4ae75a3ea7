"""
The journal `points.jsonl`: the finished points of a sweep, one per line, which remain if the sweep
is killed.

Each line has a fingerprint of the code, options and files from which the result was computed. A
sweep uses the results in lines with its own fingerprint. It leaves all other lines alone, evaluates
their points again, and says so: after an upgrade of the compiler, or any change of its sources, a
sweep starts anew.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from types import NoneType
from typing import Any, BinaryIO, cast

from vaqf_compiler.errors import UserError
from vaqf_compiler.output.signals import held_signals
from vaqf_compiler.output.staging import made_directory
from vaqf_compiler.output.writing import is_same_file, writing
from vaqf_compiler.sweep.point import Point, Row

NAME = "points.jsonl"
BEGIN = b'{"point": {"model": "'
"""The beginning of each line, also of one that was cut off when a sweep was killed."""


@dataclass(frozen=True)
class Entry:
    """A line of the journal."""

    row: Row
    fingerprint: str


class Journal:
    """An open `points.jsonl`."""

    def __init__(self, path: Path, file: BinaryIO):
        self._path = path
        self._file = file
        content = file.read()
        whole = content.rfind(b"\n") + 1
        _check_rest(path, content[whole:])
        self.entries = [
            _parse(path, number, line)
            for number, line in enumerate(content[:whole].splitlines(), start=1)
        ]
        """The entries that the file had when it was opened, oldest first."""
        file.truncate(whole)

    def add(self, row: Row, fingerprint: str) -> None:
        """Append a line, and flush it to the disk. Raises UserError if that fails."""
        entry = {"point": row.point.columns(), "fingerprint": fingerprint, "result": row.result}
        line = json.dumps(entry, allow_nan=False).encode() + b"\n"
        assert line.startswith(BEGIN)
        try:
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise UserError(f"cannot write to '{self._path}': {error.strerror}") from error


@contextmanager
def open_journal(directory: Path) -> Generator[Journal]:
    """
    Open the journal in `directory`. Both are created if they do not exist, and removed again after
    an error before the first point is finished. Raises UserError if they cannot be created, if the
    file is not a journal (it is left as it is), or if another sweep has it open.
    """
    path = directory / NAME
    with ExitStack() as stack:
        stack.enter_context(made_directory(directory))
        is_new = not path.exists()
        with writing(path):
            file = stack.enter_context(path.open("a+b"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _other_sweep(path) from error
        if not is_same_file(file.fileno(), path):  # a sweep that failed has just removed it
            raise _other_sweep(path)
        file.seek(0)
        try:
            yield Journal(path, file)
        except BaseException:
            with held_signals(), suppress(OSError):
                if is_new and not path.stat().st_size:
                    path.unlink()
            raise


def _other_sweep(path: Path) -> UserError:
    return UserError(f"another sweep is writing to '{path}'; wait for it or give another directory")


def _refuse(path: Path, what: str) -> UserError:
    return UserError(f"'{path}' is not of a sweep: {what}; move it away or give another directory")


def _check_rest(path: Path, rest: bytes) -> None:
    """Raise UserError unless what follows the last whole line is the beginning of a line."""
    if not rest.startswith(BEGIN) and not BEGIN.startswith(rest):
        raise _refuse(path, "its last line is no point")


def _parse(path: Path, number: int, line: bytes) -> Entry:
    try:
        entry = json.loads(line)
        json.dumps(entry, allow_nan=False)  # a number too large for a float is read as infinity
    except (ValueError, RecursionError) as error:
        raise _refuse(path, f"line {number} is not JSON") from error
    if not _is_entry(entry):
        raise _refuse(path, f"line {number} is no point")
    return Entry(Row(Point(**entry["point"]), entry["result"]), entry["fingerprint"])


def _is_entry(entry: Any) -> bool:
    """Whether a JSON value has the structure that `Journal.add` writes."""
    if not isinstance(entry, dict) or list(cast(Any, entry)) != ["point", "fingerprint", "result"]:
        return False
    point, fingerprint, result = cast(dict[str, Any], entry).values()
    return (
        isinstance(fingerprint, str)
        and isinstance(point, dict)
        and list(cast(Any, point)) == [field.name for field in fields(Point)]
        and all(isinstance(point[name], str) for name in ("model", "board", "profile"))
        and isinstance(point["bits"], int)
        and isinstance(point["clock_mhz"], int | float | None)
        and isinstance(result, dict)
        and result.keys() >= {"fps", "feasible", "error"}
        and isinstance(result["feasible"], bool | None)
        and isinstance(result["error"], str | None)
        and isinstance(result["fps"], int | float if result["feasible"] else NoneType)
    )
