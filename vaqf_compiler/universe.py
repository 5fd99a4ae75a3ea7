"""
Everything that `vaqf-opt` and stock `xdsl-opt` know of this package.

Dialects, passes and targets are found by file name: `dialects/vhls` holds `VHLS`,
`passes/binvit_tile.py` the pass `binvit-tile`, and `targets/hls_cpp.py` the target `hls-cpp`.
Adding one is adding a file.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

from xdsl.ir import Dialect
from xdsl.passes import ModulePass
from xdsl.universe import Universe
from xdsl.utils.target import Target

from vaqf_compiler import dialects, passes, targets

NamedT = TypeVar("NamedT", ModulePass, Target)


def _dialect(name: str) -> Callable[[], Dialect]:
    def load() -> Dialect:
        module = importlib.import_module(f"{dialects.__name__}.{name}")
        dialect = getattr(module, name.upper(), None)
        if not isinstance(dialect, Dialect):
            raise ImportError(f"{module.__file__} has no Dialect '{name.upper()}'")
        return dialect

    return load


def _named(package: ModuleType, base: type[NamedT]) -> dict[str, Callable[[], type[NamedT]]]:
    """What loads the class of each file of a package, by the name that the file says."""

    def loader(module_name: str, name: str) -> Callable[[], type[NamedT]]:
        def load() -> type[NamedT]:
            module = importlib.import_module(f"{package.__name__}.{module_name}")
            for _, member in inspect.getmembers(module, inspect.isclass):
                if issubclass(member, base) and getattr(member, "name", None) == name:
                    return member
            raise ImportError(f"{module.__file__} has no {base.__name__} named '{name}'")

        return load

    names = (m.name for m in pkgutil.iter_modules(package.__path__))
    return {name.replace("_", "-"): loader(name, name.replace("_", "-")) for name in names}


VAQF_UNIVERSE = Universe(
    all_dialects={m.name: _dialect(m.name) for m in pkgutil.iter_modules(dialects.__path__)},
    all_passes=_named(passes, ModulePass),
    all_targets=_named(targets, Target),
)
