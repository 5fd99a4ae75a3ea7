"""Sweeps with their evaluation, on a real cluster of processes and on local ones."""

from __future__ import annotations

import csv
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sweep_points import (
    begun,
    broken,
    counted,
    deadly,
    evaluate,
    refusing,
    refusing_without,
    returning,
)

from vaqf_compiler.cli import vaqf_compile
from vaqf_compiler.errors import UserError
from vaqf_compiler.sweep import Axes, parse_axes, run_sweep
from vaqf_compiler.sweep import cluster as cluster_module
from vaqf_compiler.sweep.fingerprint import code_digest

HERE = Path(__file__).parent
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(HERE),
    # Dask gives a point up at once when its worker dies, and the sweep must have it tried again.
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
}
PATIENCE = 30.0
"""Seconds within which anything should have happened."""


def axes(text: str) -> Axes:
    return parse_axes(text, model="deit-tiny", board="zcu102")


def rows(directory: Path) -> list[dict[str, str]]:
    with (directory / "sweep.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def lines(directory: Path) -> list[bytes]:
    """The whole lines of a journal that may be written to."""
    path = directory / "points.jsonl"
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def process(*arguments: str, **options: Any) -> Generator[subprocess.Popen[str]]:
    """Python with arguments, killed in the end."""
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, env=ENVIRONMENT, text=True, **options) as started:
        try:
            yield started
        finally:
            started.kill()


@contextmanager
def worker(address: str, folder: Path) -> Generator[subprocess.Popen[str]]:
    """A worker process with one thread, which nobody starts again."""
    options = "--no-nanny --nthreads 1 --no-dashboard --host 127.0.0.1 --local-directory"
    program = ("-m", "distributed.cli.dask_worker", address, *options.split(), str(folder))
    with process(*program, cwd=folder, stderr=subprocess.DEVNULL) as started:
        yield started


@contextmanager
def cluster(folder: Path) -> Generator[tuple[str, subprocess.Popen[str]]]:
    """A scheduler, by its address and its process, with one worker, which is another process."""
    file = folder / "scheduler.json"
    options = "--host 127.0.0.1 --port 0 --dashboard-address 127.0.0.1:0 --scheduler-file"
    program = ("-m", "distributed.cli.dask_scheduler", *options.split(), str(file))
    with process(*program, cwd=folder, stderr=subprocess.DEVNULL) as started:
        until(lambda: file.exists() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        with worker(address, folder):
            yield address, started


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster for all tests that leave it as it is."""
    with cluster(tmp_path_factory.mktemp("cluster")) as (address, _):
        yield address


def test_a_sweep(scheduler: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    chosen = run_sweep(
        axes("bits=8:2:14,board=zcu102:kv260,fps=5:max"),
        evaluate,
        tmp_path,
        fingerprint="v1",
        clock_mhz=150.0,
        scheduler=scheduler,
    )
    assert [(s.board, s.target, s.bits) for s in chosen] == [
        ("kv260", 5.0, 2),
        ("kv260", "max", 2),
        ("zcu102", 5.0, 14),
        ("zcu102", "max", 2),
    ]
    assert [
        (row["board"], row["bits"], row["fps"], row["clock_mhz"]) for row in rows(tmp_path)
    ] == [
        ("kv260", "2", "10.0", "150.0"),
        ("kv260", "8", "2.5", "150.0"),
        ("kv260", "14", "", "150.0"),
        ("zcu102", "2", "50.0", "150.0"),
        ("zcu102", "8", "12.5", "150.0"),
        ("zcu102", "14", str(100 / 14), "150.0"),
    ]
    assert {path.name for path in tmp_path.iterdir()} == {
        "manifest.json",
        "points.jsonl",
        "selection.csv",
        "sweep.csv",
        "sweep.json",
        "sweep.png",
        "sweep.svg",
    }
    out, err = capfd.readouterr()
    assert "14 (7.1)" in out
    assert err == ""


def test_finished_points_are_not_evaluated_again(
    scheduler: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"

    def sweep(text: str, fingerprint: str = "v1", clock_mhz: float | None = None) -> list[int]:
        """The bits that were evaluated."""
        log.write_text("")
        run_sweep(
            axes(text),
            partial(counted, log=log),
            tmp_path / "out",
            fingerprint=fingerprint,
            clock_mhz=clock_mhz,
            scheduler=scheduler,
        )
        return sorted(begun(log))

    assert sweep("bits=1..4") == [1, 2, 3, 4]
    before = (tmp_path / "out/sweep.csv").read_bytes()
    assert sweep("bits=1..4") == []
    assert (tmp_path / "out/sweep.csv").read_bytes() == before
    assert sweep("bits=3..6") == [5, 6]
    assert [row["bits"] for row in rows(tmp_path / "out")] == ["3", "4", "5", "6"]

    # A kill in the middle of writing the last line, that of 5 or 6 bits.
    journal = tmp_path / "out/points.jsonl"
    last = json.loads(lines(tmp_path / "out")[-1])["point"]["bits"]
    journal.write_bytes(journal.read_bytes()[:-40])
    assert sweep("bits=1..6") == [last]
    assert len(lines(tmp_path / "out")) == 6

    assert sweep("bits=1..6", clock_mhz=100.0) == [1, 2, 3, 4, 5, 6]
    capsys.readouterr()
    assert sweep("bits=1..3", fingerprint="v2") == [1, 2, 3]
    assert "of another version or other files, and evaluated again: 3" in capsys.readouterr().err
    assert sweep("bits=1..4", fingerprint="v2") == [4]
    assert sweep("bits=1..4", fingerprint="v1") == []


def test_the_tool_starts_anew_after_a_change_of_the_code(
    scheduler: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [f"{HERE}/Inputs/small_vit.py:build", "--input-shape", "1x3x16x16"]
    arguments += ["--sweep", "bits=4", "--board", "kv260", "--unroll", "binary-n=16 lanes=8"]
    command = [*arguments, "--scheduler", scheduler, "-o", str(tmp_path)]

    def sweep() -> str:
        """What is said beside the result."""
        assert vaqf_compile.run(vaqf_compile.make_parser().parse_args(command)) == 0
        assert len(rows(tmp_path)) == 1 and rows(tmp_path)[0]["binary_n"] == "16"
        return capsys.readouterr().err

    assert sweep() == ""
    assert sweep() == "sweep: done already: 1 of 1 points\n"
    journal = tmp_path / "points.jsonl"
    text = journal.read_text()
    assert text.count(code_digest()) == 1
    journal.write_text(text.replace(code_digest(), "0123456789abcdef"))  # as other code has
    said = "sweep: of another version or other files, and evaluated again: 1 points\n"
    assert sweep() == said
    assert len(lines(tmp_path)) == 2


def test_a_foreign_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "points.jsonl").write_text('{"x": 1, "y": 2}\n')
    with pytest.raises(UserError, match="is not of a sweep"):
        run_sweep(axes("bits=1"), evaluate, tmp_path, fingerprint="v1")
    assert (tmp_path / "points.jsonl").read_text() == '{"x": 1, "y": 2}\n'
    assert len(list(tmp_path.iterdir())) == 1


def test_what_an_evaluation_refuses_is_in_its_row(
    scheduler: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_sweep(axes("bits=2..5"), refusing, tmp_path, fingerprint="v1", scheduler=scheduler)
    assert [(row["bits"], row["fps"], row["feasible"], row["error"]) for row in rows(tmp_path)] == [
        ("2", "50.0", "true", ""),
        ("3", "", "", "three bits, of all things; take two"),
        ("4", "", "", "cannot tile for 4 bits"),
        ("5", "20.0", "true", ""),
    ]
    assert "2 of 4 points had an error, deit-tiny on zcu102 with 3 bits" in capsys.readouterr().err


def test_points_with_an_error_are_evaluated_again(scheduler: str, tmp_path: Path) -> None:
    needed, out = tmp_path / "needed", tmp_path / "out"
    for errors in (2, 0):
        function = partial(refusing_without, file=needed)
        run_sweep(axes("bits=1..4"), function, out, fingerprint="v1", scheduler=scheduler)
        assert sum(row["error"] != "" for row in rows(out)) == errors
        needed.touch()


def test_a_bug_in_an_evaluation_surfaces_with_its_traceback(scheduler: str, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run_sweep(axes("bits=2"), broken, tmp_path, fingerprint="v1", scheduler=scheduler)
    text = "".join(traceback.format_exception(caught.value))
    assert "in broken" in text
    assert "in the evaluation of Point(model='deit-tiny', board='zcu102', bits=2" in text
    assert lines(tmp_path) == []
    assert not (tmp_path / "sweep.csv").exists()


def test_a_result_without_a_frame_rate_is_a_bug(scheduler: str, tmp_path: Path) -> None:
    function = partial(returning, value={"feasible": True})
    with pytest.raises(ValueError, match="must have an 'fps' above 0"):
        run_sweep(axes("bits=2"), function, tmp_path, fingerprint="v1", scheduler=scheduler)


def test_a_worker_that_is_killed_loses_nothing(scheduler: str, tmp_path: Path) -> None:
    log, out = tmp_path / "log", tmp_path / "out"
    log.touch()
    with worker(scheduler, tmp_path) as victim:

        def busy() -> bool:
            """Whether the victim is in the middle of a point, half-way through the sweep."""
            of_victim = [line for line in log.read_text().splitlines() if f" {victim.pid}" in line]
            return len(lines(out)) >= 8 and of_victim[-1:] != [] and "begin" in of_victim[-1]

        def kill() -> None:
            until(busy)
            victim.send_signal(signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        function = partial(counted, log=log, seconds=0.15)
        run_sweep(axes("bits"), function, out, fingerprint="v1", scheduler=scheduler)
        killer.join()
        assert victim.wait(PATIENCE) == -signal.SIGKILL
    assert [(int(row["bits"]), float(row["fps"])) for row in rows(out)] == [
        (bits, 100 / bits) for bits in range(1, 17)
    ]
    assert {row["error"] for row in rows(out)} == {""}
    assert set(begun(log)) == set(range(1, 17))
    assert len(begun(log)) > 16  # what the victim had
    assert len(lines(out)) == 16


def test_a_point_that_kills_its_workers_is_named(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "RETRIES", 0)
    with worker(scheduler, tmp_path) as victim:
        function = partial(deadly, pid=victim.pid)
        with pytest.raises(
            UserError, match=r"all workers .* deit-tiny on zcu102 with \d+ bits died"
        ):
            # The victim may be late; it gets some of the points in any case.
            run_sweep(axes("bits"), function, tmp_path, fingerprint="v1", scheduler=scheduler)


def test_a_scheduler_that_is_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log, out = tmp_path / "log", tmp_path / "out"
    import_module("distributed")  # sets its loggers up
    chatter = logging.getLogger("distributed")
    with cluster(tmp_path) as (address, process):

        def kill() -> None:
            until(lambda: len(lines(out)) >= 2)
            process.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        chatter.addHandler(caplog.handler)
        try:
            with pytest.raises(UserError, match="lost the Dask scheduler; start the sweep again"):
                function = partial(counted, log=log, seconds=0.1)
                run_sweep(axes("bits"), function, out, fingerprint="v1", scheduler=address)
        finally:
            chatter.removeHandler(caplog.handler)
            killer.join()
    assert 2 <= len(lines(out)) < 16
    assert caplog.records == []


@contextmanager
def dashboard_port_taken() -> Generator[None]:
    """While another user of the machine has Dask's usual port, of which Dask would warn."""
    with ExitStack() as stack:
        with suppress(OSError):  # it is taken
            stack.enter_context(socket.create_server(("127.0.0.1", 8787)))
        yield


DRIVER = """
import signal
import sys
from functools import partial
from pathlib import Path
from sweep_points import counted
from vaqf_compiler.sweep import parse_axes, run_sweep

if __name__ == "__main__":
    # Ignored where the tests run in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Path(sys.argv[1])
    run_sweep(
        parse_axes("bits=1..12", model="deit-tiny", board="zcu102"),
        partial(counted, log=folder / "log", seconds=1.0),
        folder / "out",
        fingerprint="v1",
        workers=2,
    )
"""


def test_ctrl_c_keeps_what_is_done(scheduler: str, tmp_path: Path) -> None:
    log, out = tmp_path / "log", tmp_path / "out"
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
    with dashboard_port_taken(), process("-c", DRIVER, str(tmp_path), **options) as driver:
        until(lambda: len(lines(out)) >= 3)
        os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: to the workers as well
        stdout, stderr = driver.communicate(timeout=PATIENCE)
    assert driver.returncode == -signal.SIGINT
    done = [json.loads(line)["point"]["bits"] for line in lines(out)]
    assert 3 <= len(done) < 12
    assert stdout == ""
    assert "interrupted; the same command goes on" in stderr
    assert "Warning" not in stderr
    assert stderr.count("Traceback") == 1  # of the driver; the tool has its own way with it
    assert len({line.split()[2] for line in log.read_text().splitlines()}) == 2  # processes
    assert not (out / "sweep.csv").exists()

    log.unlink()
    function = partial(counted, log=log)
    run_sweep(axes("bits=1..12"), function, out, fingerprint="v1", scheduler=scheduler)
    assert set(begun(log)) == set(range(1, 13)) - set(done)
    assert [int(row["bits"]) for row in rows(out)] == list(range(1, 13))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 0.5)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "127.0.0.1", "foo://bar:1", "", "a b"])
def test_a_scheduler_that_cannot_be_reached(tmp_path: Path, address: str) -> None:
    out = tmp_path / "new" / "out"
    with pytest.raises(UserError, match=f"no Dask scheduler answers at '{address}'; start one"):
        run_sweep(axes("bits=1"), evaluate, out, fingerprint="v1", scheduler=address)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("impatient")
def test_a_server_that_is_no_scheduler(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(UserError, match="no Dask scheduler answers"):
            run_sweep(axes("bits=1"), evaluate, tmp_path, fingerprint="v1", scheduler=address)


def test_a_scheduler_without_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "WORKER_SECONDS", 0.5)
    distributed: Any = import_module("distributed")
    with distributed.LocalCluster(
        n_workers=0, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0"
    ) as empty:
        address = empty.scheduler_address
        with pytest.raises(UserError, match="has no workers; start some"):
            run_sweep(axes("bits=1"), evaluate, tmp_path, fingerprint="v1", scheduler=address)


def test_a_cluster_that_lacks_the_evaluation(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "not_on_the_cluster.py").write_text("def evaluate(point): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    function = import_module("not_on_the_cluster").evaluate
    with pytest.raises(UserError, match=r"cannot load .*'not_on_the_cluster'; .* the same"):
        run_sweep(axes("bits=1"), function, tmp_path / "out", fingerprint="v1", scheduler=scheduler)


@pytest.mark.parametrize("package", ["matplotlib", "distributed"])
def test_a_missing_package_is_named(
    tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"needs {package}.* pip install 'vaqf-compiler\[sweep\]'"):
        run_sweep(axes("bits=1"), evaluate, tmp_path, fingerprint="v1")
