"""Errors of the operating system while something is written, as sentences."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from vaqf_compiler.errors import UserError, reason_of

UNFINISHED = ".unfinished-vaqf-"
"""Prefix of the names of directories whose contents are not in their final place yet."""


def cannot_write(path: Path, error: Exception) -> UserError:
    """Return the error for a file or directory that cannot be written, named by its final path."""
    shown = Path(*(part for part in path.parts if not part.startswith(UNFINISHED)))
    reason = reason_of(error)
    if code := re.search(r"\(os error (\d+)\)", str(error)):  # from Rust's standard library
        reason = os.strerror(int(code[1]))
    return UserError(f"cannot write to '{shown}': {reason}")


@contextmanager
def writing(path: Path) -> Generator[Path]:
    """Use around code that writes to `path` and to nothing else. Raises UserError if it fails."""
    try:
        yield path
    except OSError as error:
        raise cannot_write(path, error) from error


def is_same_file(one: Path | int, other: Path) -> bool:
    """Return whether two paths, or an open file and a path, are the same file."""
    try:
        return os.path.samestat(os.stat(one), other.stat())  # noqa: PTH116 - also open files
    except OSError:  # one of them is missing or closed
        return False


def write_text(path: Path, text: str) -> None:
    """
    Write text in UTF-8. Names of files in it keep the bytes that they have on the disk. Raises
    UserError if writing fails.
    """
    with writing(path):
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
