"""One way for all tools to report bad input."""

from __future__ import annotations

import sys
from collections.abc import Callable

from xdsl.utils.exceptions import (
    DiagnosticException,
    ParseError,
    PassFailedException,
    VerifyException,
)

from vaqf_compiler.errors import UserError


def describe(error: Exception) -> str | None:
    """
    The message for an error that the user can put right, in MLIR's format with the place where
    it is known; None for an internal error, whose traceback is wanted.
    """
    match error:
        case ParseError():
            place, *context = error.span.print_with_context(None).splitlines()
            return "\n".join([f"{place}: error: {error.msg}", *context])
        case OSError() if error.filename is not None:
            return f"error: {error.filename}: {error.strerror}"
        case UserError() | PassFailedException() | DiagnosticException() | VerifyException():
            return f"error: {error}"
        case _:
            return None


def report_errors(run: Callable[[], int]) -> int:
    """
    Run a tool; its exit code, or 1 after one sentence on stderr where the input was at fault.
    Errors of the tool itself pass through with their traceback.
    """
    try:
        return run()
    except Exception as error:
        message = describe(error)
        if message is None:
            raise
        print(message, file=sys.stderr)
        return 1
