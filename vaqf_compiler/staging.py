"""Directories that change all at once or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from vaqf_compiler.errors import UserError


@contextmanager
def staged_directory(target: Path) -> Generator[Path]:
    """
    A temporary directory whose entries move to `target` when the block ends without an error,
    in place of entries of the same name; otherwise `target` is as before, and is not there if it
    was not. Raises UserError where `target` cannot be written.
    """
    with _made(target), _temporary(target) as name:
        yield Path(name)
        for path in Path(name).iterdir():
            old = target / path.name
            if old.exists() and old.is_dir() != path.is_dir():
                kind = "a directory" if old.is_dir() else "a file"
                raise UserError(f"cannot write to '{target}': '{old.name}' in it is {kind}")
        for path in Path(name).iterdir():
            old = target / path.name
            if old.is_dir():
                shutil.rmtree(old)
            path.rename(old)


def _temporary(target: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(dir=target, prefix=".unfinished-")
    except OSError as error:
        raise UserError(f"cannot write to '{target}': {error.strerror}") from error


@contextmanager
def _made(target: Path) -> Generator[None]:
    """A directory that is there; after an error, what was made of it and its parents is not."""
    missing = [path for path in (target, *target.parents) if not path.exists()]
    try:
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot write to '{target}': {error.strerror}") from error
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):  # somebody put something there, or it could not be made
                path.rmdir()
        raise
