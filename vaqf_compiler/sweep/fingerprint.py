"""What a result depends on besides its point."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import vaqf_compiler
from vaqf_compiler.sweep.point import Point

PACKAGE = Path(vaqf_compiler.__file__).parent
SOURCES = (".py", ".json", ".toml")
"""Endings of the names of files that results may depend on: code, calibration and boards."""


@cache
def code_digest(package: Path = PACKAGE) -> str:
    """
    A hash of the sources of a package, this one, with its data, so that what another state of the
    code found is not taken for what this one would find. Any change counts, in comments too.
    """
    digest = hashlib.sha256()
    for file in sorted(path for path in package.rglob("*") if path.suffix in SOURCES):
        name, content = file.relative_to(package).as_posix(), file.read_bytes()
        digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def fingerprint_of(point: Point, common: str) -> str:
    """
    `common`, which stands for the compiler's code and its options, and a hash of the files that
    the point names: of its board, of its model's Python file or of its checkpoint's config.json.
    Weights do not matter to costs.
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
