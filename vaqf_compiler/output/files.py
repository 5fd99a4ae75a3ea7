"""Single output files: written completely or not at all, and only in place of files of ours."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vaqf_compiler.errors import UserError
from vaqf_compiler.output.certificate import Origin
from vaqf_compiler.output.signals import held_signals
from vaqf_compiler.output.staging import unfinished_directory
from vaqf_compiler.output.writing import is_same_file, writing

Outputs = Mapping[Path, Callable[[Path], Origin]]
"""Files to write, each with a function that returns the origin of a file in its place."""


@contextmanager
def output_files(
    outputs: Outputs, *, inputs: Iterable[Path | int] = (), force: bool = False
) -> Generator[list[Path]]:
    """
    Yield temporary paths to write to. When the block ends without an error, the files there replace
    those of `outputs`. Raises UserError if these cannot be written, and as `check_outputs` does,
    before the block and after it.
    """
    inputs = tuple(inputs)
    check_outputs(outputs, inputs=inputs, force=force)
    targets = [path.resolve() if path.is_symlink() else path for path in outputs]
    with ExitStack() as stack:
        directories = [
            stack.enter_context(unfinished_directory(target.parent)) for target in targets
        ]
        staged = [
            directory / target.name for directory, target in zip(directories, targets, strict=True)
        ]
        yield staged
        check_outputs(outputs, inputs=inputs, force=force)
        with held_signals():
            for source, target in zip(staged, targets, strict=True):
                with writing(target):
                    source.replace(target)


def check_outputs(
    outputs: Outputs, *, inputs: Iterable[Path | int] = (), force: bool = False
) -> None:
    """
    Raise UserError for an output that is the same file as one of `inputs`, which are paths or open
    files; that is the same file as another output; that is not a file; that no tool of ours wrote;
    or, unless `force`, that was changed since.
    """
    written: dict[Path, Path] = {}
    for path in outputs:
        other = written.setdefault(path.resolve(), path)
        if other != path:
            raise UserError(
                f"'{other}' and '{path}' are one file, and both would be written; give another "
                "name or remove the link"
            )
    for path, origin_of in outputs.items():
        if not path.exists():
            continue
        if any(is_same_file(source, path) for source in inputs):
            raise UserError(f"'{path}' is read by this run and cannot be its output; give another")
        if not path.is_file():
            raise UserError(f"cannot write to '{path}': it is no file")
        with writing(path):
            origin = origin_of(path)
        if origin is Origin.FOREIGN:
            raise UserError(
                f"'{path}' is there already, and was not written by this tool; move it away or "
                "give another name"
            )
        if origin is Origin.CHANGED and not force:
            raise UserError(
                f"'{path}' was changed since it was written; move it away or give another name "
                "(--force replaces it)"
            )
