"""The registry of kinds of engines: those of this package, and those that others add."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points

from vaqf_compiler import engines
from vaqf_compiler.dialects.binvit import EngineOp
from vaqf_compiler.engines.engine import AnyEngine
from vaqf_compiler.errors import OperationError

ENTRY_POINT = "vaqf.engines"
"""
Group of entry points with which other packages add kinds. Each names a module with a list
`ENGINES`, like the `engine.py` of a folder here.
"""


@cache
def kinds() -> Mapping[str, AnyEngine]:
    """
    The kinds of engines by name. Raises ImportError if two kinds, or engines of two kinds, have the
    same name.
    """
    found: dict[str, AnyEngine] = {}
    for engine in _engines():
        if found.setdefault(engine.kind, engine) is not engine:
            raise ImportError(f"two kinds of engines are called '{engine.kind}'")
    names = [name for engine in found.values() for name in engine.engines]
    for name in names:
        if names.count(name) > 1:
            raise ImportError(f"two kinds have an engine that is called '{name}'")
    return found


def _engines() -> Iterator[AnyEngine]:
    for folder in pkgutil.iter_modules(engines.__path__):
        if folder.ispkg:
            yield from importlib.import_module(f"{engines.__name__}.{folder.name}.engine").ENGINES
    for point in entry_points(group=ENTRY_POINT):
        yield from point.load().ENGINES


def kind_of(engine: EngineOp) -> AnyEngine:
    """
    The kind of an engine. Raises OperationError if the kind is not known, if the engine has a
    parameter that engines of its kind do not have, or if a parameter that the kind fixes is missing
    or has another value.
    """
    kind = kinds().get(engine.kind.data)
    if kind is None:
        raise OperationError(
            engine,
            f"'{engine.kind.data}' is no kind of engine; known are {', '.join(sorted(kinds()))}",
        )
    for name in engine.parameters.data:
        if name not in kind.parameters:
            raise OperationError(
                engine,
                f"engine of kind '{kind.kind}' has no parameter '{name}'; "
                f"it has {', '.join(sorted(kind.parameters))}",
            )
    for name in sorted({name for fixed in kind.engines.values() for name in fixed}):
        values = sorted({fixed[name] for fixed in kind.engines.values() if name in fixed})
        if (found := engine.get(name)) not in values:
            known = " or ".join(map(str, values))
            raise OperationError(
                engine, f"engine of kind '{kind.kind}' must have {name} = {known}, got {found}"
            )
    return kind
