"""
Parameters by name, from the `.safetensors` file that a module names.

The IR holds names; the module attribute `binvit.weights` says which file holds the values,
relative to the IR file. Tools that read an IR file set `search_directory` to where it lies.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import ModuleOp, StringAttr

from vaqf_compiler.errors import UserError
from vaqf_compiler.filenames import path_of, text_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

ATTRIBUTE = "binvit.weights"

FLOATS = ("F32", "F16", "BF16", "F64")
"""Kinds of numbers of a `.safetensors` file that are read as float32."""

search_directory: ContextVar[Path] = ContextVar("search_directory")
"""Where relative weight files are looked for; the current directory if unset."""


LFS_POINTER = b"version https://git-lfs"
"""How the text begins that git puts in place of a large file (the Git LFS specification)."""


def check_weights_file(path: Path) -> None:
    """Raise UserError unless `path` is a file that can be read and that has contents."""
    if path.is_dir():
        raise UserError(f"weights file '{path}' is a directory")
    if not path.exists():
        raise UserError(f"weights file '{path}' does not exist")
    try:
        with path.open("rb") as stream:
            start = stream.read(len(LFS_POINTER))
    except OSError as error:
        raise UserError(f"weights file '{path}' cannot be read: {error.strerror}") from error
    if not start:
        raise UserError(f"weights file '{path}' is empty; download it again")
    if start == LFS_POINTER:
        raise UserError(
            f"weights file '{path}' is a Git LFS pointer, not the weights; run 'git lfs pull'"
        )


def unreadable(path: Path, error: Exception) -> str:
    """A sentence for a `.safetensors` file that could not be opened."""
    if "not fully covered" in str(error):
        return f"'{path}' ends before its last tensor; download it again"
    return f"'{path}' is not a .safetensors file: {error}"


class WeightFile(Mapping[str, "NDArray[Any]"]):
    """
    The tensors of a `.safetensors` file in float32, each read, and converted from other kinds of
    floating-point numbers, when it is asked for.
    """

    def __init__(self, path: Path):
        """Raises UserError where the file is missing or of another format."""
        # Imported here because it brings NumPy, which `vaqf-opt` need not wait for.
        from safetensors import SafetensorError, safe_open

        self.path = path
        check_weights_file(path)
        try:
            self._file: Any = safe_open(path, framework="numpy")
        except SafetensorError as error:
            raise UserError(unreadable(path, error)) from error
        self._names: frozenset[str] = frozenset(self._file.keys())

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Raises UserError where there is no such tensor, or one of other numbers."""
        import numpy as np

        if name not in self._names:
            raise UserError(f"weights file '{self.path}' has no tensor '{name}'")
        kind = self._file.get_slice(name).get_dtype()
        if kind not in FLOATS:
            raise UserError(
                f"tensor '{name}' of '{self.path}' is of kind {kind}; weights are one of "
                f"{', '.join(FLOATS)}"
            )
        stored = self._read_bfloat16(name) if kind == "BF16" else self._file.get_tensor(name)
        with np.errstate(over="ignore"):  # infinite then, which is refused
            values = stored.astype(np.float32)
        if not np.isfinite(values).all():
            raise UserError(
                f"tensor '{name}' of '{self.path}' has values that are not finite in float32"
            )
        return values

    def _read_bfloat16(self, name: str) -> NDArray[Any]:
        """NumPy has no such type: the upper halves of float32."""
        import numpy as np

        with self.path.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            entry = json.loads(stream.read(size))[name]
            begin, end = entry["data_offsets"]
            stream.seek(8 + size + begin)
            halves = np.frombuffer(stream.read(end - begin), "<u2")
        return (halves.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)


def name_weights(module: ModuleOp, path: Path) -> None:
    """Have `module` name a weights file, relative to the directory of its IR file."""
    name = os.path.relpath(path, search_directory.get(Path()))
    module.attributes[ATTRIBUTE] = StringAttr(text_of(name))


def move_weights(module: ModuleOp, directory: Path) -> None:
    """Have `module` name the same weights file once its IR file is in another directory."""
    name = module.attributes.get(ATTRIBUTE)
    if isinstance(name, StringAttr) and not Path(name.data).is_absolute():
        path = search_directory.get(Path()) / path_of(name.data)
        module.attributes[ATTRIBUTE] = StringAttr(text_of(os.path.relpath(path, directory)))


def open_weights(module: ModuleOp, override: str | None = None) -> WeightFile:
    """
    The weights that `module` names, or those of the file `override`.
    Raises UserError where neither is given, or the file cannot be read.
    """
    if override is not None:
        return WeightFile(path_of(override))
    name = module.attributes.get(ATTRIBUTE)
    if not isinstance(name, StringAttr):
        raise UserError(
            f"the module has no '{ATTRIBUTE}' attribute naming its .safetensors file; "
            "add one, or give the pass the option weights=FILE"
        )
    path = search_directory.get(Path()) / path_of(name.data)
    if not path.is_file():
        raise UserError(
            f"weights file '{path}' does not exist; '{ATTRIBUTE}' names it relative to the IR "
            "file, the pass option weights=FILE from where you are"
        )
    return WeightFile(path)
