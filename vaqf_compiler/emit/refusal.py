"""Errors for operations that the printer has no C++ for."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from xdsl.dialects import func
from xdsl.ir import Operation
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.errors import OperationError


def refusal(op: Operation, why: str) -> OperationError:
    """Return the exception that names the operation and its function."""
    function: Operation | None = op
    while function is not None and not isinstance(function, func.FuncOp):
        function = function.parent_op()
    where = "" if function in (None, op) else f" in @{function.sym_name.data}"
    return OperationError(op, f"hls-cpp cannot print '{op.name}'{where}: {why}")


@contextmanager
def refusing(op: Operation) -> Generator[None]:
    """Convert errors about a type or a name to refusals of the operation."""
    try:
        yield
    except OperationError:
        raise
    except PassFailedException as error:
        raise refusal(op, str(error)) from error
