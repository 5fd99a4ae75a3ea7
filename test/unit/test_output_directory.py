"""Output directories: a run replaces what an earlier one wrote, and nothing else."""

import json
import os
from pathlib import Path

import pytest
from late_signals import signal_at_each_replacement

from vaqf_compiler.errors import UserError
from vaqf_compiler.output.directory import output_directory
from vaqf_compiler.output.kinds import DUMP, PROJECT, SWEEP, Kind
from vaqf_compiler.output.manifest import MANIFEST, Manifest, digest_of, read_manifest
from vaqf_compiler.output.signals import Ended, ending_signals
from vaqf_compiler.output.staging import locked

FIRST = {"vaqf_top.cpp": "one", "link.cfg": "one", "data/logits.bin": "one", "ir/5.mlir": "one"}
FOREIGN = "holds what .* did not write: "
REPLACED = ": {} would be replaced, and was not written by "
SECOND = {"vaqf_top.cpp": "two", "data/logits.bin": "two", "ir/5.mlir": "two"}


def write(
    target: Path,
    files: dict[str, str],
    kind: Kind = PROJECT,
    *,
    force: bool = False,
    inputs: tuple[Path, ...] = (),
) -> None:
    with output_directory(target, kind, force=force, inputs=inputs) as staged:
        for name, text in files.items():
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def contents(target: Path) -> dict[str, str]:
    return {
        path.relative_to(target).as_posix(): path.read_text()
        for path in target.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def put(path: Path, text: str = "mine") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_run_replaces_what_an_earlier_one_wrote(tmp_path: Path):
    write(tmp_path / "out", FIRST)
    manifest = read_manifest(tmp_path / "out")
    assert manifest is not None
    assert manifest.files == {name: digest_of(tmp_path / "out" / name) for name in FIRST}
    write(tmp_path / "out", SECOND)
    assert contents(tmp_path / "out") == SECOND  # what the second does not write is out of date


@pytest.mark.parametrize("foreign", ["notes.txt", "data/labels.csv", ".git/config", "ir/x/y/z"])
@pytest.mark.parametrize("first", [{}, FIRST])
def test_files_of_others_are_refused_by_name(tmp_path: Path, foreign: str, first: dict[str, str]):
    if first:
        write(tmp_path, first)
    put(tmp_path / foreign)
    top, _, rest = foreign.partition("/")
    shown = foreign if first and foreign.startswith("data/") else f"{top}/" if rest else top
    with pytest.raises(UserError, match=f"holds what vaqf-compile did not write: .*{shown[:4]}"):
        write(tmp_path, SECOND)
    assert contents(tmp_path) == {**first, foreign: "mine"}
    # With --force they stay as they are.
    write(tmp_path, SECOND, force=True)
    assert contents(tmp_path) == {**SECOND, foreign: "mine"}


@pytest.mark.parametrize("foreign", ["vaqf_top.cpp", "data", "vaqf_top.cpp/deep", MANIFEST])
@pytest.mark.parametrize("force", [False, True])
def test_files_of_others_are_never_replaced(tmp_path: Path, foreign: str, force: bool):
    put(tmp_path / foreign)
    with pytest.raises(UserError, match=r"did not write|was not written by vaqf-compile"):
        write(tmp_path, SECOND, force=force)
    assert [path.name for path in tmp_path.iterdir()] == [foreign.partition("/")[0]]
    assert (tmp_path / foreign).read_text() == "mine"


@pytest.mark.parametrize("foreign", ["data/logits.bin", "data/logits.bin/deep"])
@pytest.mark.parametrize("force", [False, True])
def test_files_in_directories_of_others_are_never_replaced(
    tmp_path: Path, foreign: str, force: bool
):
    """A directory without manifest is not looked through, but its files are not lost for that."""
    put(tmp_path / foreign)
    with pytest.raises(UserError, match=REPLACED.format("data/logits.bin/?") if force else FOREIGN):
        write(tmp_path, SECOND, force=force)
    assert contents(tmp_path) == {foreign: "mine"}


@pytest.mark.parametrize("foreign", ["jit/a.npy", "jit/a.npy/deep", "jit"])
@pytest.mark.parametrize("force", [False, True])
def test_files_in_a_new_part_of_a_dump_are_never_replaced(
    tmp_path: Path, foreign: str, force: bool
):
    first = {"reference/a.npy": "1", "csim/a.npy": "1"}
    write(tmp_path, first, DUMP)
    put(tmp_path / foreign)
    with pytest.raises(UserError, match=REPLACED.format("jit.*") if force else FOREIGN):
        write(tmp_path, {"reference/a.npy": "2", "jit/a.npy": "2"}, DUMP, force=force)
    assert contents(tmp_path) == {**first, foreign: "mine"}


@pytest.mark.parametrize("foreign", ["vaqf.log", "csim-native/a"])
def test_what_tools_make_is_not_replaced_under_the_name_of_a_file(tmp_path: Path, foreign: str):
    write(tmp_path, FIRST)
    put(tmp_path / foreign)
    top = foreign.partition("/")[0]
    with pytest.raises(UserError, match=REPLACED.format(f"{top}/?")):
        write(tmp_path, {**SECOND, top: "ours"}, force=True)
    assert contents(tmp_path) == {**FIRST, foreign: "mine"}


def test_a_link_in_place_of_a_directory_is_not_followed(tmp_path: Path):
    write(tmp_path / "out", FIRST)
    (tmp_path / "out" / "data" / "logits.bin").unlink()
    (tmp_path / "out" / "data").rmdir()
    put(tmp_path / "mine" / "logits.bin")
    (tmp_path / "out" / "data").symlink_to(tmp_path / "mine")
    for force in (False, True):
        with pytest.raises(UserError, match=r"data"):
            write(tmp_path / "out", SECOND, force=force)
    assert contents(tmp_path / "mine") == {"logits.bin": "mine"}


def test_our_files_that_were_changed_since(tmp_path: Path):
    write(tmp_path, FIRST)
    put(tmp_path / "vaqf_top.cpp")
    with pytest.raises(UserError, match=r"changed since: vaqf_top.cpp; .*--force replaces them"):
        write(tmp_path, SECOND)
    assert contents(tmp_path) == {**FIRST, "vaqf_top.cpp": "mine"}
    write(tmp_path, SECOND, force=True)
    assert contents(tmp_path) == SECOND


def test_what_is_made_in_seconds_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write(tmp_path, FIRST)
    for name in ("csim", "libvaqf_csim.so", "data/found.bin", "__pycache__/vaqf_driver.pyc"):
        put(tmp_path / name)
    write(tmp_path, SECOND)
    assert contents(tmp_path) == SECOND
    assert (
        "removed __pycache__/vaqf_driver.pyc, csim, data/found.bin, libvaqf_csim.so"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("built", ["vaqf.bit", "vaqf/solution1/impl/ip/component.xml", "v++.log"])
def test_what_the_vendor_s_tools_built_stays(
    tmp_path: Path, built: str, capsys: pytest.CaptureFixture[str]
):
    write(tmp_path, FIRST)
    put(tmp_path / built)
    with pytest.raises(UserError, match=r"was built from an earlier run's files: v.*out of date"):
        write(tmp_path, SECOND)
    assert contents(tmp_path) == {**FIRST, built: "mine"}
    write(tmp_path, SECOND, force=True)
    assert contents(tmp_path) == {**SECOND, built: "mine"}
    assert "warning: v" in capsys.readouterr().err


def test_a_project_of_an_earlier_version(tmp_path: Path):
    write(tmp_path, FIRST)
    (tmp_path / MANIFEST).unlink()
    for force in (False, True):
        with pytest.raises(UserError, match=r"a project of an earlier version.*move it away or"):
            write(tmp_path, SECOND, force=force)
    assert contents(tmp_path) == FIRST


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "a web page"}',
        "[]",
        "\x00",
        Manifest("project", {"../mine": ""}).json(),
        Manifest("project", {"/mine": ""}).json(),
        json.dumps({**json.loads(Manifest("project", {}).json()), "files": {"a": 1}}),
    ],
)
def test_manifests_of_others(tmp_path: Path, text: str):
    put(tmp_path / "mine")
    put(tmp_path / "out" / MANIFEST, text)
    with pytest.raises(UserError, match=f"did not write: {MANIFEST}"):
        write(tmp_path / "out", SECOND)
    with pytest.raises(UserError, match=f"{MANIFEST} would be replaced"):
        write(tmp_path / "out", SECOND, force=True)
    assert (tmp_path / "out" / MANIFEST).read_text() == text
    assert (tmp_path / "mine").read_text() == "mine"


def test_another_kind_of_directory(tmp_path: Path):
    write(tmp_path, FIRST)
    with pytest.raises(UserError, match="holds a project, not a sweep"):
        write(tmp_path, {"sweep.csv": ""}, SWEEP, force=True)


def test_dumps_of_two_engines_stand_side_by_side(tmp_path: Path):
    write(tmp_path, {"csim/a.npy": "1", "csim/b.npy": "1", "reference/a.npy": "1"}, DUMP)
    write(tmp_path, {"jit/a.npy": "2", "reference/a.npy": "2"}, DUMP)
    write(tmp_path, {"csim/a.npy": "3", "reference/a.npy": "3"}, DUMP)
    expected = {"csim/a.npy": "3", "jit/a.npy": "2", "reference/a.npy": "3"}
    assert contents(tmp_path) == expected
    put(tmp_path / "jit" / "a.npy")
    with pytest.raises(UserError, match=r"changed since: jit/a\.npy"):
        write(tmp_path, {"jit/a.npy": "4"}, DUMP)


@pytest.mark.parametrize("foreign", ["__pycache__/thesis.tex", "__pycache__/deep/driver.pyc"])
def test_files_of_others_among_what_python_compiled(tmp_path: Path, foreign: str):
    write(tmp_path, FIRST)
    put(tmp_path / "__pycache__" / "vaqf_driver.cpython-312.pyc")
    put(tmp_path / foreign)
    shown = "/".join(foreign.split("/")[:2])
    with pytest.raises(UserError, match=f"{FOREIGN}{shown}"):
        write(tmp_path, SECOND)
    write(tmp_path, SECOND, force=True)
    assert contents(tmp_path) == {**SECOND, foreign: "mine"}


@pytest.mark.parametrize("name", ["data/found.bin", "libvaqf_csim.so", "__pycache__/model.pyc"])
def test_what_a_run_reads_is_not_removed(tmp_path: Path, name: str):
    write(tmp_path / "out", FIRST)
    put(tmp_path / "out" / name)
    (tmp_path / "elsewhere").symlink_to(tmp_path / "out" / name)
    for force in (False, True):
        with pytest.raises(UserError, match=f"{name}' is read by this run, which would .* remove"):
            write(tmp_path / "out", SECOND, inputs=(tmp_path / "elsewhere",), force=force)
    assert contents(tmp_path / "out") == {**FIRST, name: "mine"}


@pytest.mark.parametrize("by", ["name", "link", "hard link"])
def test_what_a_run_reads_is_not_replaced(tmp_path: Path, by: str):
    write(tmp_path / "out", FIRST)
    source = tmp_path / "out" / "ir" / "5.mlir"
    given = source if by == "name" else tmp_path / "elsewhere"
    if by == "link":
        given.symlink_to(source)
    if by == "hard link":
        given.hardlink_to(source)
    for force in (False, True):
        with pytest.raises(UserError, match=r"5\.mlir' is read by this run"):
            write(tmp_path / "out", SECOND, inputs=(given,), force=force)
    assert contents(tmp_path / "out") == FIRST


def test_what_appears_meanwhile_is_not_replaced(tmp_path: Path):
    with pytest.raises(UserError, match=r"README\.md would be replaced"):
        with output_directory(tmp_path / "out", PROJECT) as staged:
            (staged / "README.md").write_text("ours")
            (tmp_path / "out" / "README.md").write_text("mine")
    assert contents(tmp_path / "out") == {"README.md": "mine"}


def test_what_becomes_an_input_meanwhile_is_not_replaced(tmp_path: Path):
    write(tmp_path / "out", FIRST)
    given = tmp_path / "given"
    with pytest.raises(UserError, match=r"5\.mlir' is read by this run"):
        with output_directory(tmp_path / "out", PROJECT, inputs=(given,)) as staged:
            (staged / "vaqf_top.cpp").write_text("two")
            given.symlink_to(tmp_path / "out" / "ir" / "5.mlir")
    assert contents(tmp_path / "out") == FIRST


def test_a_signal_waits_for_the_replacement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path, FIRST)
    signal_at_each_replacement(monkeypatch)
    with pytest.raises(Ended), ending_signals():
        write(tmp_path, SECOND)
    assert contents(tmp_path) == SECOND
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert manifest.files.keys() == SECOND.keys() and not manifest.replaced


def test_an_interrupted_replacement_is_still_ours(tmp_path: Path):
    """As when the process is killed between two files."""
    write(tmp_path, FIRST)
    old = read_manifest(tmp_path)
    assert old is not None
    put(tmp_path / "vaqf_top.cpp", "two")
    new = {name: digest_of(tmp_path / name) for name in ("vaqf_top.cpp", "data/logits.bin")}
    (tmp_path / MANIFEST).write_text(Manifest("project", new, old.files).json())
    write(tmp_path, SECOND)
    assert contents(tmp_path) == SECOND


def test_two_runs_at_once(tmp_path: Path):
    with locked(tmp_path):
        with pytest.raises(UserError, match="another run is writing"):
            write(tmp_path, SECOND)
    write(tmp_path, SECOND)


def test_a_failure_leaves_nothing(tmp_path: Path):
    with pytest.raises(RuntimeError):
        with output_directory(tmp_path / "new" / "deep", PROJECT) as staged:
            (staged / "a").write_text("")
            raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_a_file_in_place_of_the_directory(tmp_path: Path):
    put(tmp_path / "out")
    for target in (tmp_path / "out", tmp_path / "out" / "deep"):
        with pytest.raises(UserError, match=rf"cannot write to '{target}': '.*/out' is no dir"):
            write(target, SECOND)


def test_a_link_to_nothing_in_place_of_the_directory(tmp_path: Path):
    (tmp_path / "out").symlink_to("nowhere")
    for target in (tmp_path / "out", tmp_path / "out" / "deep"):
        message = rf"cannot write to '{target}': '.*/out' is a link to 'nowhere', which is not ther"
        with pytest.raises(UserError, match=message):
            write(target, SECOND)
    assert (tmp_path / "out").is_symlink()


def test_a_pipe_in_place_of_the_manifest_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / MANIFEST)
    with pytest.raises(UserError, match=f"{FOREIGN}{MANIFEST}"):
        write(tmp_path, SECOND)
