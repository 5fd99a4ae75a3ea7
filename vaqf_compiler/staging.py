"""Directories that change all at once or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from vaqf_compiler.errors import UserError


@contextmanager
def staged_directory(target: Path) -> Generator[Path]:
    """
    A temporary directory whose entries move to `target` when the block ends without an error,
    in place of entries of the same name. Raises UserError where `target` cannot be written.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(dir=target, prefix=".unfinished-")
    except OSError as error:
        raise UserError(f"cannot write to '{target}': {error.strerror}") from error
    with temporary as name:
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
