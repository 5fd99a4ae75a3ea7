"""The contents of an output directory, and whether a run may write there."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vaqf_compiler.errors import UserError
from vaqf_compiler.output.kinds import Kind, matches
from vaqf_compiler.output.manifest import MANIFEST, Manifest, read_manifest
from vaqf_compiler.output.writing import UNFINISHED, is_same_file

SHOWN = 5
"""The most names in a message."""
ELSEWHERE = "move it away or give another directory"


@dataclass(frozen=True)
class Contents:
    """The contents of an output directory, as paths relative to it. Directories end in a slash."""

    manifest: Manifest | None
    ours: Sequence[str]
    """Files as an earlier run wrote them."""
    changed: Sequence[str]
    """Files that an earlier run wrote and that were changed since."""
    derived: Sequence[str]
    built: Sequence[str]
    foreign: Sequence[str]
    """Files and directories of other origin."""


def look(directory: Path, kind: Kind) -> Contents:
    """Return the contents of a directory, which need not exist."""
    manifest = read_manifest(directory)
    names: Set[str] = manifest.names if manifest else frozenset()
    known = (*names, *kind.derived) if manifest else ()
    parents = {str(parent) for name in known for parent in PurePosixPath(name).parents}
    found: dict[str, list[str]] = {
        group: [] for group in ("ours", "changed", "derived", "built", "foreign")
    }
    for name in _walk(directory, "", parents):
        if name in kind.own or (manifest and name == MANIFEST):
            continue
        if manifest and name in names:
            group = "ours" if manifest.wrote(name, directory / name) else "changed"
        elif manifest and matches(name, kind.derived):
            group = "derived"
        elif manifest and matches(name, kind.built):
            group = "built"
        else:
            group = "foreign"
        found[group].append(name)
    return Contents(manifest, **found)


def _walk(directory: Path, prefix: str, parents: Set[str]) -> Generator[str]:
    """Yield what is in a directory and in those of its subdirectories that are in `parents`."""
    if not directory.is_dir():
        return
    with os.scandir(directory) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        name = prefix + entry.name
        if not entry.is_dir(follow_symlinks=False):
            yield name
        elif name in parents:
            yield from _walk(Path(entry.path), f"{name}/", parents)
        elif not name.startswith(UNFINISHED):
            yield f"{name}/"


def check_contents(
    target: Path,
    kind: Kind,
    *,
    new: Iterable[str] = (),
    inputs: Iterable[Path] = (),
    force: bool = False,
) -> Contents:
    """
    Return the contents of the directory `target`, to which a run is going to write the files `new`,
    as far as these are known already. Raises UserError for

    - a directory of ours, but of another kind;
    - files that the run reads and would replace or remove;
    - unless `force`, files that no run of ours wrote, that were changed since, or that the vendor's
      tools built;
    - in any case, foreign files under the names of `new`.
    """
    contents = look(target, kind)
    manifest = contents.manifest
    if manifest and manifest.kind != kind.name:
        raise UserError(f"'{target}' holds a {manifest.kind}, not {kind}; give another directory")
    if not manifest and kind.earlier <= {path.name for path in target.glob("*")}:
        raise UserError(
            f"'{target}' holds {kind} of an earlier version, which did not say which files are its "
            f"own; {ELSEWHERE}"
        )
    for name in (*contents.ours, *contents.changed, *contents.derived):
        if any(is_same_file(path, target / name) for path in inputs):
            raise UserError(
                f"'{target / name}' is read by this run, which would replace or remove it; copy it "
                "elsewhere or give another directory"
            )
    if taken := _taken(target, contents, new):
        raise UserError(
            f"cannot write to '{target}': {listing(taken)} would be replaced, and was not written "
            f"by {kind.tool}; {ELSEWHERE}"
        )
    if not force:
        _check_without_force(target, kind, contents)
    return contents


def _check_without_force(target: Path, kind: Kind, contents: Contents) -> None:
    if contents.foreign:
        raise UserError(
            f"'{target}' holds what {kind.tool} did not write: {listing(contents.foreign)}; "
            f"{ELSEWHERE} (--force leaves it there, and fails where it is in the way)"
        )
    if contents.changed:
        raise UserError(
            f"'{target}' holds files of an earlier run that were changed since: "
            f"{listing(contents.changed)}; {ELSEWHERE} (--force replaces them)"
        )
    if contents.built:
        raise UserError(
            f"'{target}' holds what was built from an earlier run's files: "
            f"{listing(contents.built)}; {ELSEWHERE} (--force leaves it there, out of date)"
        )


def _taken(target: Path, contents: Contents, new: Iterable[str]) -> list[str]:
    """
    Return the names that stand where one of the files `new` or its directories will be, and that
    are not removed. Each name is looked up on the disk, because `contents` does not list what is in
    foreign directories.
    """
    gone = {*contents.ours, *contents.changed, *contents.derived}
    if contents.manifest:
        gone.add(MANIFEST)
    found = {_in_the_way(target, name) for name in new}
    return sorted(name for name in found if name is not None and name not in gone)


def _in_the_way(target: Path, name: str) -> str | None:
    """
    Return the name of what stands where the file `name` below `target` will be, or of a path above
    it that is not a directory; None if nothing is in the way.
    """
    for parent in (*reversed(PurePosixPath(name).parents[:-1]), PurePosixPath(name)):
        path = target / parent
        if not os.path.lexists(path):
            return None
        is_directory = path.is_dir() and not path.is_symlink()
        if str(parent) == name or not is_directory:
            return f"{parent}/" if is_directory else str(parent)
    return None


def listing(names: Sequence[str]) -> str:
    """Return a list of names for a message, with at most `SHOWN` of them."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
