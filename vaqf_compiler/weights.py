"""
Parameters by name, from the `.safetensors` file that a module names.

The IR holds names; the module attribute `binvit.weights` says which file holds the values,
relative to the IR file. Tools that read an IR file set `search_directory` to where it lies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xdsl.dialects.builtin import ModuleOp, StringAttr

from vaqf_compiler.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ATTRIBUTE = "binvit.weights"

search_directory: ContextVar[Path] = ContextVar("search_directory")
"""Where relative weight files are looked for; the current directory if unset."""


class WeightFile(Mapping[str, "NDArray[Any]"]):
    """The tensors of a `.safetensors` file, each read when it is asked for."""

    def __init__(self, path: Path):
        """Raises UserError where the file is missing or of another format."""
        # Imported here because it brings NumPy, which `vaqf-opt` need not wait for.
        from safetensors import SafetensorError, safe_open

        self.path = path
        if not path.is_file():
            raise UserError(f"weights file '{path}' does not exist")
        try:
            self._file: Any = safe_open(path, framework="numpy")
        except SafetensorError as error:
            raise UserError(f"'{path}' is not a .safetensors file: {error}") from error
        self._names: frozenset[str] = frozenset(self._file.keys())

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._names:
            raise UserError(f"weights file '{self.path}' has no tensor '{name}'")
        return self._file.get_tensor(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)


def open_weights(module: ModuleOp, override: str | None = None) -> WeightFile:
    """
    The weights that `module` names, or those of the file `override`.
    Raises UserError where neither is given, or the file cannot be read.
    """
    if override is not None:
        return WeightFile(Path(override))
    name = module.attributes.get(ATTRIBUTE)
    if not isinstance(name, StringAttr):
        raise UserError(
            f"the module has no '{ATTRIBUTE}' attribute naming its .safetensors file; "
            "add one, or give the pass the option weights=FILE"
        )
    path = search_directory.get(Path()) / name.data
    if not path.is_file():
        raise UserError(
            f"weights file '{path}' does not exist; '{ATTRIBUTE}' names it relative to the IR "
            "file, the pass option weights=FILE from where you are"
        )
    return WeightFile(path)
