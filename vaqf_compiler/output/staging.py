"""Directories for unfinished files, which do not remain for long however the process ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from vaqf_compiler.errors import UserError
from vaqf_compiler.output.signals import held_signals
from vaqf_compiler.output.writing import UNFINISHED, writing


class Locked(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(directory: Path) -> Generator[bool]:
    """
    Hold the lock of a directory, which the operating system releases however the process ends.
    Yields whether it is held, because some file systems have no locks. Raises Locked if another
    process holds it, and OSError if the directory does not exist.
    """
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            has_locks = True
        except BlockingIOError as error:
            raise Locked from error
        except OSError:
            has_locks = False
        yield has_locks
    finally:
        os.close(handle)


@contextmanager
def unfinished_directory(parent: Path) -> Generator[Path]:
    """
    Yield a temporary directory within `parent`, and thus on the same file system, that is removed
    after the block. Those that killed processes left in `parent` are removed too. Raises UserError
    if it cannot be created.
    """
    remove_dead(parent)
    path: Path | None = None
    try:
        with ExitStack() as stack:
            while path is None:
                with writing(parent), held_signals():
                    path = Path(tempfile.mkdtemp(dir=parent, prefix=UNFINISHED))
                with suppress(FileNotFoundError, Locked):
                    stack.enter_context(locked(path))
                if not path.exists():  # another run removed it before it was locked
                    path = None
            yield path
    finally:
        if path is not None:
            with held_signals():
                shutil.rmtree(path, ignore_errors=True)


def remove_dead(parent: Path) -> None:
    """Remove the unfinished directories of processes that no longer exist."""
    for path in parent.glob(f"{UNFINISHED}*"):
        # One that cannot be locked or removed belongs to another process.
        with suppress(OSError, Locked), locked(path) as has_locks:
            if has_locks and not path.is_symlink():
                shutil.rmtree(path)


def _no_directory(path: Path) -> str:
    """Return a sentence about a path that is not a directory."""
    if path.is_symlink() and not path.exists():
        return f"'{path}' is a link to '{path.readlink()}', which is not there"
    return f"'{path}' is no directory"


@contextmanager
def made_directory(target: Path) -> Generator[None]:
    """
    Create a directory and its parents if they do not exist; after an error, remove those that were
    created. Raises UserError if this is not possible.
    """
    missing = [path for path in (target, *target.parents) if not path.exists()]
    for path in (target, *target.parents):
        if os.path.lexists(path):
            if not path.is_dir():
                raise UserError(f"cannot write to '{target}': {_no_directory(path)}")
            break
    try:
        with writing(target):
            target.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        with held_signals():
            for path in missing:
                with suppress(OSError):  # it is not empty, or could not be created
                    path.rmdir()
        raise
