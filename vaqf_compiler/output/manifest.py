"""
The manifest `manifest.json`: which files of a directory are ours, and their SHA-256 when they were
written.

```
{
  "vaqf-compiler": 1,
  "kind": "project",
  "files": {"vaqf_top.cpp": "<SHA-256>", ...},
  "replaced": {}
}
```

It is written after all other files. While those are replaced one by one, `replaced` lists the files
that were there before. If the process is killed then, every file it leaves is recognised as ours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, cast

MANIFEST = "manifest.json"
FORMAT = "vaqf-compiler"
VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """The files of a directory that one of the tools wrote."""

    kind: str
    """Name of the kind of directory, such as `project`."""
    files: Mapping[str, str]
    """SHA-256 of each file, by its path relative to the directory, with slashes."""
    replaced: Mapping[str, str] = field(default_factory=dict[str, str])
    """SHA-256 of each file that may still stand in place of one of `files`."""

    @property
    def names(self) -> set[str]:
        """All files that may be in the directory."""
        return {*self.files, *self.replaced}

    def wrote(self, name: str, path: Path) -> bool:
        """Return whether the file `name`, which is at `path`, is as it was written."""
        digests = {self.files.get(name), self.replaced.get(name)}
        return path.is_file() and digest_of(path) in digests

    def json(self) -> str:
        """Return the text of the file."""
        document = {
            FORMAT: VERSION,
            "kind": self.kind,
            "files": dict(sorted(self.files.items())),
            "replaced": dict(sorted(self.replaced.items())),
        }
        return json.dumps(document, indent=2) + "\n"


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(directory: Path) -> Manifest | None:
    """Return the manifest of a directory, or None if it has none of ours."""
    path = directory / MANIFEST
    if not path.is_file():  # reading a pipe would wait
        return None
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return _parse(document)


def _parse(document: Any) -> Manifest | None:
    if not isinstance(document, dict):
        return None
    found = cast(dict[str, Any], document)
    if found.keys() != {FORMAT, "kind", "files", "replaced"} or found[FORMAT] != VERSION:
        return None
    kind, files, replaced = found["kind"], found["files"], found["replaced"]
    if not isinstance(kind, str) or not _is_listing(files) or not _is_listing(replaced):
        return None
    return Manifest(kind, files, replaced)


def _is_listing(files: Any) -> bool:
    """Return whether JSON maps paths within the directory to strings."""
    return isinstance(files, dict) and all(
        isinstance(digest, str) and _stays_inside(PurePosixPath(path))
        for path, digest in cast(dict[str, Any], files).items()
    )


def _stays_inside(path: PurePosixPath) -> bool:
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts
