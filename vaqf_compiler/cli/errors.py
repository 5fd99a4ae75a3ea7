"""One way for all tools to report bad input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from xdsl.utils.exceptions import ArgSpecParseError, DiagnosticException, ParseError
from xdsl.utils.lexer import Span

from vaqf_compiler.errors import OperationError, UserError
from vaqf_compiler.locations import describe_location

QUOTES = (
    "\ntext that has other characters than letters, digits, - and _ needs double quotes, as in "
    'weights="./model.safetensors"'
)


def describe(error: BaseException) -> str | None:
    """
    The message for an error that the user can put right, in MLIR's format with the place where
    it is known; None for an internal error, whose traceback is wanted.
    """
    match error:
        case ParseError():
            return f"{error.span.get_location()}: error: {error.msg}\n{_excerpt(error.span)}"
        case OperationError():
            place = describe_location(error.location)
            return f"error: {error}" if place is None else f"{place}: error: {error}"
        case OSError() if error.filename is not None:
            return f"error: {error.filename}: {error.strerror}"
        case ArgSpecParseError():
            return f"error: {str(error).rstrip()}{QUOTES if 'Unknown token' in str(error) else ''}"
        case UserError() | DiagnosticException():
            return f"error: {error}"
        case _:
            return None


def printable(text: str) -> str:
    """The text with all that a terminal would obey instead of showing it as in Python's strings."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )


WIDTH = 100
"""Of what is shown of a line."""


def _excerpt(span: Span[str] | Span[bytes]) -> str:
    """What is in the file at a place, with carets below."""
    text = span.input.content
    line = text if isinstance(text, str) else text.decode("utf-8", "replace")
    start = line.rfind("\n", 0, span.start) + 1
    line = line[start:].partition("\n")[0].rstrip().replace("\t", " ")
    column = span.start - start
    first = max(0, column - WIDTH // 2)
    before, after = line[first:column], line[column : first + WIDTH]
    carets = "^" * max(1, min(span.len, len(printable(after))))
    return f"{printable(before + after)}\n{' ' * len(printable(before))}{carets}"


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
        print(printable(message.rstrip()), file=sys.stderr)
        return error.exit_code if isinstance(error, UserError) else 1
