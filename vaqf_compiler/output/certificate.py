"""
Certificates: files state that one of our tools wrote them, and their digest at that time.

The last line of a text file is a comment with the SHA-256 of the text above it:

```
// Written by vaqf-compiler, SHA-256 of the above: 0123...
```

The metadata of a `.safetensors` file contains the SHA-256 of its tensors. A file in a directory
with a manifest needs no certificate of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import Enum, auto
from pathlib import Path
from typing import Any

from vaqf_compiler.output.manifest import read_manifest

MARK = b"// Written by vaqf-compiler, SHA-256 of the above: "
METADATA = "vaqf-compiler, SHA-256"
LISTED = (".mlir", ".cpp", ".h")
"""
Suffixes of text files that tools write to directories with a manifest, and that another tool may
overwrite.
"""


class Origin(Enum):
    """Origin of a file."""

    OURS = auto()
    CHANGED = auto()
    """Written by one of our tools, and changed since."""
    FOREIGN = auto()


def certified(text: bytes) -> bytes:
    """Return text followed by its certificate, a last line."""
    if not text.endswith(b"\n"):
        text += b"\n"
    return text + MARK + hashlib.sha256(text).hexdigest().encode() + b"\n"


def text_origin(path: Path) -> Origin:
    """Return the origin of an existing text file."""
    content = path.read_bytes()
    text, mark, _ = content.rpartition(MARK)
    if mark:
        return Origin.OURS if certified(text) == content else Origin.CHANGED
    if path.suffix in LISTED:
        for directory in path.resolve().parents:
            manifest = read_manifest(directory)
            name = path.resolve().relative_to(directory).as_posix()
            if manifest and name in manifest.names:
                return Origin.OURS if manifest.wrote(name, path) else Origin.CHANGED
    return Origin.FOREIGN


def tensors_metadata(tensors: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Return the metadata for tensors, which are pairs of a name and a NumPy array."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors, key=lambda item: item[0]):
        digest.update(f"{name} {tensor.dtype} {tensor.shape}\n".encode())
        digest.update(tensor.reshape(-1).view("u1"))
    return {METADATA: digest.hexdigest()}


def tensors_origin(path: Path) -> Origin:
    """Return the origin of an existing `.safetensors` file."""
    from safetensors import SafetensorError, safe_open

    try:
        file: Any = safe_open(path, framework="numpy")
        given: dict[str, str] = file.metadata() or {}
        if METADATA not in given:
            return Origin.FOREIGN
        names: list[str] = list(file.keys())
        found = tensors_metadata((name, file.get_tensor(name)) for name in names)
    except (SafetensorError, TypeError):  # another format, or a type that NumPy does not have
        return Origin.FOREIGN
    return Origin.OURS if given[METADATA] == found[METADATA] else Origin.CHANGED
