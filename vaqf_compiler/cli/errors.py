"""One way for all tools to end: by an exit code, bad input in one message, or a signal."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from xdsl.utils.exceptions import ArgSpecParseError, DiagnosticException, ParseError
from xdsl.utils.lexer import Span

from vaqf_compiler.errors import OperationError, UserError
from vaqf_compiler.locations import describe_location
from vaqf_compiler.output.signals import Ended, ending_signals

CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of writing; without the name of a file, to a stream that was open already."""

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
            place = error.span.get_location()
            return f"{place}: error: {_shortened(error.msg)}\n{_excerpt(error.span)}"
        case OperationError():
            place = describe_location(error.location)
            return f"error: {error}" if place is None else f"{place}: error: {error}"
        case OSError() if error.filename is not None:
            name = str(error.filename).replace("\n", "\\n")
            return f"error: {name}: {error.strerror}"
        case OSError() if error.errno in CANNOT_WRITE:
            return f"error: cannot write to the standard output: {error.strerror}"
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
LONGEST = 500
"""Characters of a parser's message, which may name what is as long as the file."""


def _shortened(message: str) -> str:
    """A message without its middle, if it is too long to read."""
    half = LONGEST // 2
    return message if len(message) <= LONGEST else f"{message[:half]} ... {message[-half:]}"


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
    fault, or 128 and the number of the signal that ended it.
    Errors of the tool itself pass through with their traceback.
    """
    _prepare_streams()
    try:
        with ending_signals():
            try:
                code = run()
            except SystemExit:  # of argparse
                _flush()
                raise
            _flush()
            return code
    except KeyboardInterrupt as error:
        number = error.signal if isinstance(error, Ended) else signal.SIGINT
        _say(f"error: ended by {number.name}")
        return 128 + number
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        _discard_output()
        return 1
    except (Exception, ArgSpecParseError) as error:
        message = describe(error)
        if message is None:
            raise
        _say(printable(message.rstrip()))
        if isinstance(error, OSError) and error.filename is None:
            _discard_output()
        return error.exit_code if isinstance(error, UserError) else 1


def _prepare_streams() -> None:
    """
    Text is UTF-8 whatever the locale, as in files, and names of files are the bytes that they are.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed: its number would go to the next file that is opened
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def _flush() -> None:
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison] - if it was closed
        sys.stdout.flush()


def _say(message: str) -> None:
    with suppress(OSError):  # nobody to tell
        print(message, file=sys.stderr, flush=True)


def _discard_output() -> None:
    """Python must not flush at exit what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
