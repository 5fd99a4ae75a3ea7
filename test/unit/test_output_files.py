"""Single output files: `-o` replaces what a tool of ours wrote, never what it reads."""

import os
from pathlib import Path

import numpy as np
import pytest
from late_signals import signal_at_each_replacement
from safetensors.numpy import load_file, save_file
from small_project import MODEL_FILE, tool

from vaqf_compiler.cli import vaqf_import, vaqf_opt
from vaqf_compiler.errors import UserError
from vaqf_compiler.output.certificate import certified, text_origin
from vaqf_compiler.output.files import output_files
from vaqf_compiler.output.manifest import MANIFEST, Manifest, digest_of
from vaqf_compiler.output.signals import Ended, ending_signals

EMPTY = "builtin.module {\n}\n"


def write(path: Path, text: str, *, inputs: tuple[Path | int, ...] = (), force: bool = False):
    with output_files({path: text_origin}, inputs=inputs, force=force) as (staged,):
        staged.write_bytes(certified(text.encode()))


def opt(*arguments: str | Path) -> int:
    return tool(vaqf_opt.main, *map(str, arguments))


def imported(output: Path, *arguments: str | Path) -> int:
    model = (f"{MODEL_FILE}:build", "--input-shape", "1x3x16x16")
    return tool(vaqf_import.main, *model, "-o", str(output), *map(str, arguments))


def test_ours_is_replaced_and_others_are_not(tmp_path: Path):
    path = tmp_path / "out.mlir"
    write(path, "one\n")
    write(path, "two\n")
    assert path.read_text().startswith("two\n// Written by vaqf-compiler")
    path.write_text(path.read_text().replace("two", "mine"))
    with pytest.raises(UserError, match=r"changed since it was written.*--force replaces it"):
        write(path, "three\n")
    path.write_text(path.read_text() + "more\n")
    with pytest.raises(UserError, match=r"changed since"):
        write(path, "three\n")
    write(path, "three\n", force=True)
    path.write_text("mine\n")
    for force in (False, True):
        with pytest.raises(UserError, match=r"there already, and was not written by this tool"):
            write(path, "four\n", force=force)
    assert path.read_text() == "mine\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("by", ["name", "relative", "link", "hard link"])
def test_the_input_is_never_the_output(
    tmp_path: Path, by: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "in.mlir"
    source.write_bytes(certified(EMPTY.encode()))
    before = source.read_bytes()
    output = source if by == "name" else Path("./in.mlir") if by == "relative" else Path("o.mlir")
    if by == "link":
        output.symlink_to(source)
    if by == "hard link":
        output.hardlink_to(source)
    for force in ((), ("--force",)):
        assert opt(source, "-o", output, "-p", "canonicalize", *force) == 1
        assert "is read by this run" in capsys.readouterr().err
    assert source.read_bytes() == before


def test_files_may_be_read_by_whom_the_umask_says(tmp_path: Path):
    old = os.umask(0o027)
    try:
        assert imported(tmp_path / "model.mlir") == 0
    finally:
        os.umask(old)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    assert modes == {"model.mlir": "0o640", "model.safetensors": "0o640"}


def test_what_appears_meanwhile_is_not_replaced(tmp_path: Path):
    path = tmp_path / "out.mlir"
    for force in (False, True):
        with pytest.raises(UserError, match="was not written by this tool"):
            with output_files({path: text_origin}, force=force) as (staged,):
                staged.write_bytes(certified(b"ours\n"))
                path.write_text("mine")
        assert path.read_text() == "mine"
        path.unlink()


def test_a_signal_waits_for_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    paths = [tmp_path / name for name in ("a.mlir", "b.mlir")]
    for path in paths:
        write(path, "old\n")
    signal_at_each_replacement(monkeypatch)
    with pytest.raises(Ended), ending_signals():
        with output_files(dict.fromkeys(paths, text_origin)) as staged:
            for path in staged:
                path.write_bytes(certified(b"new\n"))
    assert [path.read_bytes() for path in paths] == [certified(b"new\n")] * 2


@pytest.mark.parametrize("linked", ["model.safetensors", "model.mlir"])
@pytest.mark.parametrize("exists", [False, True])
def test_two_outputs_are_not_one_file(
    tmp_path: Path, linked: str, exists: bool, capsys: pytest.CaptureFixture[str]
):
    (name,) = {"model.safetensors", "model.mlir"} - {linked}
    if exists:
        assert imported(tmp_path / "model.mlir") == 0
        (tmp_path / linked).unlink()
    (tmp_path / linked).symlink_to(name)
    before = (tmp_path / name).read_bytes() if exists else None
    for force in ((), ("--force",)):
        assert imported(tmp_path / "model.mlir", *force) == 1
        assert "are one file, and both would be written" in capsys.readouterr().err
    assert (tmp_path / name).exists() == exists
    assert not exists or (tmp_path / name).read_bytes() == before


def test_vaqf_opt_writes_again_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source, output = tmp_path / "in.mlir", tmp_path / "out.mlir"
    source.write_text(EMPTY)
    for _ in range(2):
        assert opt(source, "-o", output) == 0
    assert opt(output, "-o", tmp_path / "again.mlir") == 0
    assert (tmp_path / "again.mlir").read_bytes() == output.read_bytes()
    for name in ("notes.txt", "board.toml"):
        (tmp_path / name).write_text("mine")
        assert opt(source, "-o", tmp_path / name, "--force") == 1
        assert (tmp_path / name).read_text() == "mine"
    assert "was not written by this tool" in capsys.readouterr().err


def test_the_ir_of_a_project_may_be_written_again(tmp_path: Path):
    (tmp_path / "ir").mkdir()
    stage = tmp_path / "ir" / "4-mapped.mlir"
    stage.write_text(EMPTY)
    (tmp_path / "in.mlir").write_text(EMPTY)
    manifest = Manifest("project", {"ir/4-mapped.mlir": digest_of(stage)})
    (tmp_path / MANIFEST).write_text(manifest.json())
    assert opt(tmp_path / "in.mlir", "-o", stage) == 0
    assert opt(tmp_path / "in.mlir", "-o", stage) == 0
    stage.write_text("mine")
    assert opt(tmp_path / "in.mlir", "-o", stage) == 1
    assert stage.read_text() == "mine"


def test_files_that_passes_take_are_inputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "in.mlir").write_text(EMPTY)
    board = tmp_path / "board.toml"
    board.write_bytes(certified(b"mine\n"))  # as far as its last line says, ours
    pipeline = f'binvit-estimate{{board="{board}"}}'
    assert opt(tmp_path / "in.mlir", "-p", pipeline, "-o", board, "--force") == 1
    assert "is read by this run" in capsys.readouterr().err
    assert board.read_bytes() == certified(b"mine\n")


def test_an_import_replaces_only_an_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    output, weights = tmp_path / "model.mlir", tmp_path / "model.safetensors"
    assert imported(output) == 0
    assert imported(output, "--seed", "1") == 0  # an import is replaced
    assert sorted(tmp_path.iterdir()) == [output, weights]

    # What it reads is not, whether or not it was written by an import.
    before = weights.read_bytes()
    for force in ((), ("--force",)):
        assert imported(output, "--weights", weights, *force) == 1
        assert "model.safetensors' is read by this run" in capsys.readouterr().err
    assert weights.read_bytes() == before

    # Weights with our metadata but other values; weights without.
    tensors = load_file(weights)
    name = min(tensors)
    given = {"vaqf-compiler, SHA-256": "0" * 64}
    save_file({**tensors, name: tensors[name] + np.float32(1)}, weights, given)
    assert imported(output) == 1
    assert "changed since it was written" in capsys.readouterr().err
    save_file(tensors, weights)
    before = weights.read_bytes()
    for force in ((), ("--force",)):
        assert imported(output, *force) == 1
        assert "was not written by this tool" in capsys.readouterr().err
    assert weights.read_bytes() == before
