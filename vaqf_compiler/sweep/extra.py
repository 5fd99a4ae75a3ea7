"""Import of packages that only a sweep needs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from vaqf_compiler.errors import UserError


def import_extra(name: str) -> Any:
    """
    Import a module of one of these packages. The result is Any, because they are only partly typed.
    Raises UserError if the package is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        raise UserError(
            f"a sweep needs {package}: {error}; install it with pip install 'vaqf-compiler[sweep]'"
        ) from error
