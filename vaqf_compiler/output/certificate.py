"""
Files that say themselves that one of our tools wrote them, and what they were then.

The last line of text is a comment with the SHA-256 of what is above it:

```
// Written by vaqf-compiler, SHA-256 of the above: 0123...
```

A `.safetensors` file has that of its tensors among its metadata. A file in a directory with a
manifest need not say so itself.
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
"""Text that tools write to directories with a manifest, and that another tool may write again."""


class Origin(Enum):
    """Where a file comes from."""

    OURS = auto()
    CHANGED = auto()
    """Of one of our tools, and changed since."""
    FOREIGN = auto()


def certified(text: bytes) -> bytes:
    """Text with its last line."""
    if not text.endswith(b"\n"):
        text += b"\n"
    return text + MARK + hashlib.sha256(text).hexdigest().encode() + b"\n"


def text_origin(path: Path) -> Origin:
    """Where a file of text comes from that is there."""
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
    """The metadata for some tensors, which are NumPy arrays, by name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors, key=lambda item: item[0]):
        digest.update(f"{name} {tensor.dtype} {tensor.shape}\n".encode())
        digest.update(tensor.reshape(-1).view("u1"))
    return {METADATA: digest.hexdigest()}


def tensors_origin(path: Path) -> Origin:
    """Where a `.safetensors` file comes from that is there."""
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
