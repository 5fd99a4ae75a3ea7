"""
Everything that `vaqf-opt` and stock `xdsl-opt` know of this package.

Dialects and passes are found by file name: `dialects/vhls.py` holds `VHLS`, and
`passes/binvit_tile.py` holds the pass `binvit-tile`. Adding one is adding a file.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable

from xdsl.ir import Dialect
from xdsl.passes import ModulePass
from xdsl.universe import Universe
from xdsl.utils.target import Target

from vaqf_compiler import dialects, passes


def _dialect(name: str) -> Callable[[], Dialect]:
    def load() -> Dialect:
        module = importlib.import_module(f"{dialects.__name__}.{name}")
        dialect = getattr(module, name.upper(), None)
        if not isinstance(dialect, Dialect):
            raise ImportError(f"{module.__file__} has no Dialect '{name.upper()}'")
        return dialect

    return load


def _pass(module_name: str) -> Callable[[], type[ModulePass]]:
    pass_name = module_name.replace("_", "-")

    def load() -> type[ModulePass]:
        module = importlib.import_module(f"{passes.__name__}.{module_name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            if issubclass(member, ModulePass) and getattr(member, "name", None) == pass_name:
                return member
        raise ImportError(f"{module.__file__} has no ModulePass named '{pass_name}'")

    return load


def _hls_cpp() -> type[Target]:
    from vaqf_compiler.emit.hls_cpp import HLSCppTarget

    return HLSCppTarget


VAQF_UNIVERSE = Universe(
    all_dialects={m.name: _dialect(m.name) for m in pkgutil.iter_modules(dialects.__path__)},
    all_passes={
        m.name.replace("_", "-"): _pass(m.name) for m in pkgutil.iter_modules(passes.__path__)
    },
    all_targets={"hls-cpp": _hls_cpp},
)
