"""Programs that the simulation runs, and that end when it does."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from vaqf_compiler.errors import UserError
from vaqf_compiler.output.signals import held_signals
from vaqf_compiler.output.writing import cannot_write

GRACE_SECONDS = 5.0
"""Time that programs have to clean up."""
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""Errors of a disk that are not caused by what is written to it."""


def run_process(
    command: Sequence[str],
    variables: Mapping[str, str],
    waiting: Callable[[], object] = lambda: None,
) -> tuple[int, str]:
    """
    Run a program with environment variables, and call `waiting` every second. Return its exit code
    and its output. The program and the processes that it started end with this process.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "LC_ALL": "C", **variables},
        process_group=0,
    )
    try:
        while True:
            try:
                output, _ = process.communicate(timeout=1)
                return process.returncode, output.strip()
            except subprocess.TimeoutExpired:
                waiting()
    except BaseException:
        with held_signals():
            _end(process)
        raise


def _end(process: subprocess.Popen[str]) -> None:
    """End a program and all processes of its group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=GRACE_SECONDS)
            return


def failure(path: Path, what: str, output: str) -> UserError:
    """Return the error for a program that failed and that wrote below `path`."""
    for number in DISK:
        if os.strerror(number) in output:
            return cannot_write(path, OSError(number, os.strerror(number)))
    return UserError(f"{what}{output}".rstrip())
