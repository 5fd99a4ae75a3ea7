"""Models that a user's Python file builds."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from torch import nn

from vaqf_compiler.errors import UserError
from vaqf_compiler.filenames import text_of


def build_from_file(source: str) -> nn.Module:
    """
    What the callable of `path/to/file.py:callable` returns, or the module of that name.
    Raises UserError where the file fails or there is no such module.
    """
    path, _, name = source.rpartition(":")
    file = Path(path)
    if not file.is_file():
        raise UserError(f"model file '{path}' does not exist")
    _check_name(file.resolve())
    with _running_from(file.resolve().parent), user_code(f"model file '{path}'", file):
        found = getattr(_run(file), name, None)
        if isinstance(found, nn.Module):
            return _unwrapped(found)
        if not callable(found):
            raise UserError(f"'{path}' has no callable '{name}'")
        _check_no_arguments(found, source)
        module = found()
    if not isinstance(module, nn.Module):
        raise UserError(f"'{source}' returned {type(module).__name__}, not an nn.Module")
    return _unwrapped(module)


def _check_name(file: Path) -> None:
    """Raise UserError for a path that is no text, as PyTorch notes the file of each call."""
    text_of(file)
    try:
        str(file).encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"model file '{text_of(file)}' has a name outside the locale's encoding; set "
            "PYTHONUTF8=1 in the environment, or rename it"
        ) from error


def _run(file: Path) -> ModuleType:
    """The file as a module; registered, as dataclasses look up the module of their annotations."""
    spec = importlib.util.spec_from_file_location(f"_model_file_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise UserError(f"'{file}' is not a Python file")
    python = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = python
    spec.loader.exec_module(python)
    return python


@contextmanager
def _running_from(folder: Path) -> Generator[None]:
    """
    As Python runs a file: with its folder first in the search path. What was imported from there is
    forgotten in the end, for another file may lie beside other modules of the same names.
    """
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            place = getattr(sys.modules[name], "__file__", None)
            if place is not None and Path(place).parent == folder and "_model_file_" not in name:
                del sys.modules[name]


def _check_no_arguments(found: object, source: str) -> None:
    """Raise UserError for a callable that cannot be called without arguments."""
    assert callable(found)
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):  # not known, as of some built-in callables
        return
    try:
        signature.bind()
    except TypeError as error:
        raise UserError(
            f"'{source}' takes arguments {signature}; write a function without any that returns "
            "the model, and name it"
        ) from error


def _unwrapped(module: nn.Module) -> nn.Module:
    """The model in what torch.compile and DataParallel make of it."""
    while True:
        inner = getattr(module, "_orig_mod", None)
        if inner is None and isinstance(module, nn.DataParallel):
            inner = module.module
        if not isinstance(inner, nn.Module):
            return module
        module = inner


@contextmanager
def user_code(what: str, file: Path | None = None) -> Generator[None]:
    """
    Around the user's code: what it raises, of any type, as a UserError that begins with `what` and
    names the last line of the code: of the folder of `file`, or else of any file.
    """
    try:
        yield
    except UserError:
        raise
    except SyntaxError as error:
        raise UserError(
            f"{what}: {Path(error.filename or '').name}:{error.lineno}: {error.msg}"
        ) from error
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        folder = None if file is None else file.resolve().parent
        own = [frame for frame in frames if folder in (None, Path(frame.filename).resolve().parent)]
        place = f"{Path(own[-1].filename).name}:{own[-1].lineno}: " if own else ""
        text = " ".join(str(error).split())
        raise UserError(f"{what}: {place}{type(error).__name__}: {text}") from error
