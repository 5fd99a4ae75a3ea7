"""What a result depends on besides its point."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vaqf_compiler.sweep.point import Point


def fingerprint_of(point: Point, common: str) -> str:
    """
    `common`, which stands for the compiler and its options, and a hash of the files that the point
    names: of its board, of its model's Python file or of its checkpoint's config.json. Weights do
    not matter to costs.
    """
    files: list[Path] = []
    if point.board.endswith(".toml"):
        files.append(Path(point.board))
    source = Path(point.model.rpartition(":")[0] or point.model)
    if source.suffix == ".py":
        files.append(source)
    elif source.is_dir():
        files.append(source / "config.json")
    if not files:
        return common
    digest = hashlib.sha256()
    for file in files:
        # One that cannot be read is for the evaluation to complain about.
        content = file.read_bytes() if file.is_file() else b""
        digest.update(hashlib.sha256(content).digest())
    return f"{common} {digest.hexdigest()[:16]}"
