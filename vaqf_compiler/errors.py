"""Exceptions for what a user can put right. Tools print them as one message, without traceback."""

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
