"""Fingerprints of everything on which a result depends besides its point."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import vaqf_compiler
from vaqf_compiler.sweep.point import Point

PACKAGE = Path(vaqf_compiler.__file__).parent
SOURCES = (".py", ".json", ".toml")
"""Suffixes of the files on which results may depend: code, calibration and boards."""


@cache
def code_digest(package: Path = PACKAGE) -> str:
    """
    A hash of the sources and data of a package, by default this one, so that results of another
    state of the code are not taken for results of this one. Any change counts, even of comments.
    """
    digest = hashlib.sha256()
    for file in sorted(path for path in package.rglob("*") if path.suffix in SOURCES):
        name, content = file.relative_to(package).as_posix(), file.read_bytes()
        digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def fingerprint_of(point: Point, common: str) -> str:
    """
    The fingerprint of a point: `common`, which stands for the compiler's code and options, and a
    hash of the files that the point names: the file of its board, and its model's Python file or
    its checkpoint's config.json. Costs do not depend on weights.
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
        # The evaluation reports files that cannot be read.
        content = file.read_bytes() if file.is_file() else b""
        digest.update(hashlib.sha256(content).digest())
    return f"{common} {digest.hexdigest()[:16]}"
