"""What the operating system refuses while something is written, as a sentence."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from vaqf_compiler.errors import UserError, reason_of

UNFINISHED = ".unfinished-vaqf-"
"""How the names of directories begin whose contents are not where they belong yet."""


def cannot_write(path: Path, error: Exception) -> UserError:
    """The error for a file or directory that cannot be written; it is named as it will be."""
    shown = Path(*(part for part in path.parts if not part.startswith(UNFINISHED)))
    reason = reason_of(error)
    if code := re.search(r"\(os error (\d+)\)", str(error)):  # of Rust's standard library
        reason = os.strerror(int(code[1]))
    return UserError(f"cannot write to '{shown}': {reason}")


@contextmanager
def writing(path: Path) -> Generator[Path]:
    """Around what writes to `path` and nothing else. Raises UserError where that fails."""
    try:
        yield path
    except OSError as error:
        raise cannot_write(path, error) from error


def is_same_file(one: Path | int, other: Path) -> bool:
    """Whether two paths, or an open file and a path, are one file under whatever names."""
    try:
        return os.path.samestat(os.stat(one), other.stat())  # noqa: PTH116 - also open files
    except OSError:  # one of them is missing or closed
        return False


def write_text(path: Path, text: str) -> None:
    """
    Write UTF-8, in which names of files keep the bytes that they have on the disk. Raises
    UserError where that fails.
    """
    with writing(path):
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
