"""Where the operations of an exported model come from: the layer, and the line of Python."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch_mlir import ir
from torch_mlir.extras.fx_importer import ContextCache

import vaqf_compiler

LIBRARIES = tuple(Path(package.__path__[0]) for package in (torch, vaqf_compiler))
"""Whose lines say less than those of their caller."""
FRAME = re.compile(r'^ *File "(.+)", line (\d+), in ', re.MULTILINE)
"""Of a stack as Python prints it. torch.export keeps it in no other form."""


class NodeLocations(ContextCache):
    """
    Gives each operation the location `"layer"("file.py":line:0)`, as Python does not say the
    column, or one of the two where the other is not known.
    """

    __slots__ = ("_layer_name",)

    def __init__(self, layer_name: Callable[[str], str], **settings: Any) -> None:
        """`layer_name` makes of a module's name in the exported model the one to show."""
        super().__init__(**settings)
        self._layer_name = layer_name

    def get_node_location(self, node: torch.fx.Node) -> Any:
        line = python_line(node.meta.get("stack_trace") or "")
        place = None if line is None else ir.Location.file(*line, 0, context=self._c)
        if layer := self._layer_name(innermost_module(node)):
            return ir.Location.name(layer, place, context=self._c)
        return place or ir.Location.unknown(context=self._c)


def innermost_module(node: torch.fx.Node) -> str:
    """The name of the module in whose forward() an operation is; empty for the whole model."""
    modules = node.meta.get("nn_module_stack") or {}
    name, _ = next(reversed(modules.values()), ("", None))
    return name


def python_line(stack: str) -> tuple[str, int] | None:
    """
    File and line of the innermost call of a stack that is neither PyTorch's nor ours. torch.export
    keeps calls of forward() alone.
    """
    for file, line in reversed(FRAME.findall(stack)):
        path = Path(file)
        if path.is_absolute() and not any(path.is_relative_to(folder) for folder in LIBRARIES):
            return os.fsencode(portable_path(path)).decode(errors="replace"), int(line)
    return None


def portable_path(file: Path) -> str:
    """
    A path that is the same on every machine: from the working directory or from where Python looks
    for modules, whichever is shorter, or else the file's name alone.
    """
    roots = [Path(root).absolute() for root in ("", *sys.path)]
    inside = [file.relative_to(root).as_posix() for root in roots if file.is_relative_to(root)]
    return min(inside, key=len, default=file.name)
