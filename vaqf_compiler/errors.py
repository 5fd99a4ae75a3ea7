"""Exceptions for what a user can put right. Tools print them as one message, without traceback."""

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.ir import Operation
from xdsl.utils.exceptions import PassFailedException


class UserError(Exception):
    """Bad input: a sentence that says what is wrong, where, and what to do about it."""

    exit_code = 1
    """Of the tool that prints it."""


class OperationError(PassFailedException):
    """
    Bad input at one operation. The message need not say where: tools print the operation's
    location in front of it.
    """

    def __init__(self, op: Operation, message: str):
        super().__init__(message)
        self.location = op.location


def reason_of(error: Exception) -> str:
    """What an error says; of the system's own, without its number and the name of the file."""
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or str(error)


@contextmanager
def prefixed(what: str) -> Generator[None]:
    """Put `what` and a colon before the message of a UserError."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{what}: {error}") from error
