"""One way for all tools to report bad input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from xdsl.utils.exceptions import ArgSpecParseError, DiagnosticException, ParseError

from vaqf_compiler.errors import OperationError, UserError
from vaqf_compiler.locations import describe_location


def describe(error: BaseException) -> str | None:
    """
    The message for an error that the user can put right, in MLIR's format with the place where
    it is known; None for an internal error, whose traceback is wanted.
    """
    match error:
        case ParseError():
            place, *source = error.span.print_with_context().splitlines()
            return "\n".join([f"{place}: error: {error.msg}", *source])
        case OperationError():
            place = describe_location(error.location)
            return f"error: {error}" if place is None else f"{place}: error: {error}"
        case OSError() if error.filename is not None:
            return f"error: {error.filename}: {error.strerror}"
        case UserError() | DiagnosticException() | ArgSpecParseError():
            return f"error: {error}"
        case _:
            return None


def report_errors(run: Callable[[], int]) -> int:
    """
    Run a tool; its exit code, or the error's after one message on stderr where the input was at
    fault.
    Errors of the tool itself pass through with their traceback.
    """
    try:
        return run()
    except BrokenPipeError:
        # The reader, `head` say, has seen enough. Python must not flush into the pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, ArgSpecParseError) as error:
        message = describe(error)
        if message is None:
            raise
        print(message.rstrip(), file=sys.stderr)
        return error.exit_code if isinstance(error, UserError) else 1
