"""How processes end: by signals, without space, without a reader. Nothing half-written stays."""

import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_project import MODEL_FILE, tool

from vaqf_compiler.cli import vaqf_compile, vaqf_import
from vaqf_compiler.errors import UserError
from vaqf_compiler.output.directory import output_directory
from vaqf_compiler.output.kinds import PROJECT
from vaqf_compiler.output.staging import unfinished_directory
from vaqf_compiler.output.writing import UNFINISHED

OPT = "from vaqf_compiler.cli.vaqf_opt import main; main()"
WRITER = """
import sys, time
from pathlib import Path
from vaqf_compiler.cli.errors import report_errors
from vaqf_compiler.output.directory import output_directory
from vaqf_compiler.output.kinds import PROJECT

def run():
    with output_directory(Path("new/out"), PROJECT) as staged:
        (staged / "vaqf_top.cpp").write_text("half")
        print("ready", flush=True)
        time.sleep(60)
    return 0

raise SystemExit(report_errors(run))
"""
CHILD = """
import sys
from vaqf_compiler.cli.errors import report_errors
from vaqf_compiler.emit.process import run_process

def run():
    program = "echo $$ > child; sleep 60 & echo $! > grandchild; wait"
    return run_process(["sh", "-c", program], {})[0]

raise SystemExit(report_errors(run))
"""
ENDINGS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
USUAL = """
import signal
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
"""
"""As a terminal starts processes; where tests run under nohup, they ignore signals."""


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def started(program: str, *arguments: str, cwd: Path) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", USUAL + program, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "code"), ENDINGS)
def test_a_signal_leaves_nothing(tmp_path: Path, number: signal.Signals, code: int):
    with started(WRITER, cwd=tmp_path) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stderr.read() == f"error: ended by {number.name}\n"
    assert process.returncode == code
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("number", "code"), ENDINGS)
def test_vaqf_opt_leaves_nothing(tmp_path: Path, number: signal.Signals, code: int):
    with started(OPT, "-o", "out.mlir", cwd=tmp_path) as process:
        assert process.stderr is not None
        until(lambda: list(tmp_path.iterdir()))  # it waits for its input
        process.send_signal(number)
        assert process.stderr.read() == f"error: ended by {number.name}\n"
    assert process.returncode == code
    assert not list(tmp_path.iterdir())


def test_an_ignored_signal_stays_ignored(tmp_path: Path):
    """As under nohup."""
    program = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + WRITER
    with started(program, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert process.returncode == 143


def test_what_a_killed_process_left_goes_with_the_next_run(tmp_path: Path):
    out = tmp_path / "new" / "out"
    with started(WRITER, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        (left,) = out.iterdir()
        with pytest.raises(UserError, match="another run is writing"):
            with output_directory(out, PROJECT):
                pass
        with unfinished_directory(out):  # of what needs no lock of the whole directory
            assert left.exists()
        process.kill()
        process.wait(60)
    assert left.exists()
    (out / ".unfinished-notes").mkdir()  # a user's
    (out / f"{UNFINISHED}link").symlink_to(tmp_path)
    with unfinished_directory(out):
        pass
    assert sorted(path.name for path in out.iterdir()) == [".unfinished-notes", f"{UNFINISHED}link"]
    assert tmp_path.exists()


def test_unfinished_directories_stay_where_there_are_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Nothing tells there whether the process is alive that one belongs to."""
    other = tmp_path / f"{UNFINISHED}other"
    other.mkdir()

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with unfinished_directory(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == [other]
    monkeypatch.undo()
    with unfinished_directory(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("number", "code"), ENDINGS)
def test_programs_end_with_the_tool_that_runs_them(
    tmp_path: Path, number: signal.Signals, code: int
):
    with started(CHILD, cwd=tmp_path) as process:
        until(lambda: (tmp_path / "grandchild").exists() and (tmp_path / "grandchild").read_text())
        process.send_signal(number)
        process.wait(60)
    assert process.returncode == code
    for name in ("child", "grandchild"):
        identity = int((tmp_path / name).read_text())
        until(lambda identity=identity: not is_running(identity))


def is_running(identity: int) -> bool:
    try:
        state = Path(f"/proc/{identity}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@contextmanager
def no_space(limit: int) -> Generator[None]:
    """Files of at most `limit` bytes, which fails as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("closed", "message"),
    [
        (0, "the standard input is closed; name a file"),
        (1, "the standard output is closed; name a file with -o"),
    ],
)
def test_a_closed_stream_is_a_sentence(closed: int, message: str):
    """As by `vaqf-opt <&-` in a shell."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}>&-', "sh", sys.executable, "-c", OPT],
        input="builtin.module {}",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, f"error: {message}\n")


@pytest.mark.parametrize("limit", [100, 20_000])  # of the IR; of the weights or the packed data
def test_a_full_disk_is_a_sentence(tmp_path: Path, limit: int, capsys: pytest.CaptureFixture[str]):
    model = (f"{MODEL_FILE}:build", "--input-shape", "1x3x16x16")
    for main, output in ((vaqf_import.main, "new/model.mlir"), (vaqf_compile.main, "new/project")):
        with no_space(limit):
            assert tool(main, *model, "-o", str(tmp_path / output)) == 1
        message = capsys.readouterr().err.splitlines()[-1]
        assert message.startswith(f"error: cannot write to '{tmp_path}/new/")
        assert message.endswith(": File too large")
        assert UNFINISHED not in message
        assert not list(tmp_path.iterdir())


def run(
    program: str, *arguments: str | Path, **options: object
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, text=True, capture_output=True, **options)  # type: ignore[reportCallIssue]


def test_vaqf_opt_without_space(tmp_path: Path):
    (tmp_path / "in.mlir").write_text("builtin.module {\n}\n")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))

    done = run(OPT, tmp_path / "in.mlir", "-o", tmp_path / "out.mlir", preexec_fn=limit)
    assert done.returncode == 1
    assert done.stderr == f"error: cannot write to '{tmp_path}/out.mlir': File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == ["in.mlir"]
    done = run(OPT, tmp_path / "in.mlir", "-o", "/dev/full")
    assert done.stderr == "error: cannot write to '/dev/full': No space left on device\n"
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", OPT, str(tmp_path / "in.mlir")]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    expected = "error: cannot write to the standard output: No space left on device\n"
    assert (ended.returncode, ended.stderr) == (1, expected)


def test_directories_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "in.mlir").write_text("builtin.module {\n}\n")
    for output, reason in (("/proc/out.mlir", "No such file"), ("in.mlir/out.mlir", "Not a dir")):
        done = run(OPT, "in.mlir", "-o", output, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith(f"error: cannot write to '{Path(output).parent}': {reason}")
    with pytest.raises(UserError, match="cannot write to '/proc/new/out': "):
        with output_directory(Path("/proc/new/out"), PROJECT):
            pass


def test_a_compiler_without_space(tmp_path: Path):
    from vaqf_compiler.emit.process import failure

    error = failure(tmp_path, "cannot compile", f"ld: {os.strerror(28)}\ncollect2: error")
    assert str(error) == f"cannot write to '{tmp_path}': No space left on device"
    assert str(failure(tmp_path, "cannot compile:\n", "no ap_int.h")).endswith("no ap_int.h")


@pytest.mark.parametrize("encoding", ["C", "C.UTF-8"])
def test_names_that_are_not_ascii(tmp_path: Path, encoding: str):
    """Text is UTF-8 whatever the locale says."""
    locale = {**os.environ, "LC_ALL": encoding, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    folder = tmp_path / "é ☃"
    folder.mkdir()
    board = (Path(vaqf_compile.__file__).parents[1] / "boards" / "zcu102.toml").read_text()
    (folder / 'ü"b.toml').write_text(board)
    program = "from vaqf_compiler.cli.vaqf_import import main; main()"
    model = (f"{MODEL_FILE}:build", "--input-shape", "1x3x16x16")
    done = run(program, *model, "-o", folder / "vît.mlir", env=locale)
    assert (done.returncode, done.stderr) == (0, "")
    assert "é ☃/vît.safetensors" in done.stdout
    path = f'{folder}/ü"b.toml'.replace('"', '\\"')
    pipeline = (
        "convert-torch-to-binvit,binvit-canonicalize-tokens,binvit-quantize,binvit-map,"
        f'binvit-tile,binvit-unroll,binvit-allocate,binvit-estimate{{board="{path}"}}'
    )
    arguments = (folder / "vît.mlir", "-p", pipeline)
    done = run(OPT, *arguments, "-o", folder / "ö.mlir", env=locale)
    assert done.returncode == 0, done.stderr
    done = run(OPT, folder / "ö.mlir", env=locale)
    assert done.returncode == 0, done.stderr
    assert r"v\C3\AEt.safetensors" in done.stdout  # as MLIR prints it
    done = run(OPT, folder / "nô.mlir", env=locale)
    assert done.returncode == 1 and "Traceback" not in done.stderr
