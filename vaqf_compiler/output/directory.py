"""
Directories that a run of a tool replaces: completely or not at all, and only files that are ours.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from vaqf_compiler.errors import UserError
from vaqf_compiler.output.contents import Contents, check_contents, listing
from vaqf_compiler.output.kinds import Kind
from vaqf_compiler.output.manifest import MANIFEST, Manifest, digest_of
from vaqf_compiler.output.signals import held_signals
from vaqf_compiler.output.staging import Locked, locked, made_directory, unfinished_directory
from vaqf_compiler.output.writing import write_text, writing


@contextmanager
def output_directory(
    target: Path, kind: Kind, *, inputs: Iterable[Path] = (), force: bool = False
) -> Generator[Path]:
    """
    Yield a temporary directory. When the block ends without an error, its files move to `target` in
    place of those of earlier runs. Otherwise, `target` remains as it was, and does not exist if it
    did not before. Raises UserError if `target` cannot be written, if another run is writing there,
    and as `check_contents` does, before the block and after it.
    """
    inputs = tuple(inputs)
    check_contents(target, kind, inputs=inputs, force=force)
    with ExitStack() as stack:
        stack.enter_context(made_directory(target))
        try:
            stack.enter_context(locked(target))
        except Locked as error:
            raise UserError(
                f"another run is writing to '{target}'; wait for it or give another directory"
            ) from error
        staged = stack.enter_context(unfinished_directory(target))
        yield staged
        files = sorted(path for path in staged.rglob("*") if path.is_file())
        names = [path.relative_to(staged).as_posix() for path in files]
        contents = check_contents(target, kind, new=(*names, MANIFEST), inputs=inputs, force=force)
        digests = {name: digest_of(staged / name) for name in names}
        with writing(target), held_signals():
            _replace(target, kind, contents, staged, digests)
    if contents.derived:
        _say(f"removed {listing(contents.derived)}, made from the files of an earlier run")
    if contents.built:
        _say(f"warning: {listing(contents.built)} in '{target}' was built from an earlier run")


def _replace(
    target: Path, kind: Kind, contents: Contents, staged: Path, digests: dict[str, str]
) -> None:
    old = contents.manifest or Manifest(kind.name, {})
    tops = {name.partition("/")[0] for name in digests}
    kept = {
        name: digest
        for name, digest in old.files.items()
        if not kind.complete and name.partition("/")[0] not in tops
    }
    new = Manifest(kind.name, {**kept, **digests})
    before = {name: digest for name, digest in old.files.items() if name not in kept}
    _write_manifest(target, staged, Manifest(kind.name, new.files, before))
    for name in (*contents.ours, *contents.changed, *contents.derived):
        if name not in new.files:
            (target / name).unlink()
            _remove_empty(target, (target / name).parent)
    for name in digests:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (staged / name).replace(path)
    _write_manifest(target, staged, new)


def _write_manifest(target: Path, staged: Path, manifest: Manifest) -> None:
    write_text(staged / MANIFEST, manifest.json())
    (staged / MANIFEST).replace(target / MANIFEST)


def _remove_empty(target: Path, directory: Path) -> None:
    """Remove a directory below `target` if it is empty, then its parents if they are."""
    with suppress(OSError):
        while directory != target:
            directory.rmdir()
            directory = directory.parent


def _say(what: str) -> None:
    print(what, file=sys.stderr)
