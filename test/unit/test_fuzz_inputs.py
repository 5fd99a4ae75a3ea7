"""
Whatever the tools are given, they take it or say in a sentence why not.

Inputs of every kind are damaged and given to the tools. None of them may end in a traceback, take
10 seconds or gigabytes of memory, or change a file that it did not make; both what is refused and
what is accepted must occur, and IR that is written must be accepted again.

`FUZZ_MUTANTS` and `FUZZ_SEED` choose how many, and the first of each kind.
"""

from __future__ import annotations

import json
import os
import pickle
import selectors
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fuzz_corpus import corpus

WORKER = Path(__file__).parent / "fuzz_worker.py"
WALL_SECONDS = 600
"""For a mutant that waits, however busy the machine; others have 10 seconds of processor time."""
SHARES = {
    "torch": 12,
    "model": 10,
    "quantized": 10,
    "mapped": 12,
    "loops": 14,
    "pipeline": 6,
    "weights": 6,
    "array": 4,
    "board": 4,
    "journal": 3,
    "port": 2,
    "driver": 3,
    "report": 5,
    "picture": 3,
    "vaqf-opt": 4,
    "vaqf-import": 3,
    "vaqf-compile": 4,
    "vaqf-sim": 3,
}
"""How often each kind comes."""


class Worker:
    """A process that runs mutants, and another one where that does not survive."""

    def __init__(self, corpus_file: Path, log: Path):
        self._command = [sys.executable, str(WORKER), str(corpus_file)]
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def run(self, kind: str, seed: int) -> dict[str, Any]:
        """The outcome of a mutant."""
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        print(kind, seed, file=process.stdin, flush=True)
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            waited = selector.select(WALL_SECONDS)
        answer = process.stdout.readline() if waited else ""
        if answer:
            return json.loads(answer)
        self.stop()
        how = f"ended by signal {-process.returncode}" if waited else "hangs"
        text = "\n".join(self._log.read_text(errors="replace").splitlines()[-40:])
        return {"accepted": False, "message": "", "problem": f"the process {how}\n{text}"}

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log.open("w"),
            text=True,
        )
        return self._process

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("corpus")
    path = directory / "corpus.pickle"
    path.write_bytes(pickle.dumps(corpus(directory)))
    return path


@pytest.fixture
def worker(corpus_file: Path, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(corpus_file, tmp_path / "stderr")
    yield worker
    worker.stop()


def run_mutants(worker: Worker, corpus_file: Path, count: int) -> None:
    count = int(os.environ.get("FUZZ_MUTANTS", count))
    first = int(os.environ.get("FUZZ_SEED", 0))
    total = sum(SHARES.values())
    outcomes: Counter[tuple[str, bool]] = Counter()
    failures: list[str] = []
    for kind, share in SHARES.items():
        for seed in range(first, first + max(1, count * share // total)):
            outcome = worker.run(kind, seed)
            outcomes[kind, outcome["accepted"]] += 1
            if outcome["problem"]:
                failures.append(
                    f"{kind} {seed}: {outcome['problem']}\n"
                    f"    python {WORKER} {corpus_file} {kind} {seed} FOLDER"
                )
    for kind in SHARES:
        print(f"{kind:<14} {outcomes[kind, True]:>6} accepted {outcomes[kind, False]:>6} refused")
    assert not failures, "\n\n".join(failures[:20]) + f"\n{len(failures)} failures"
    for kind in SHARES:
        assert outcomes[kind, True], f"no mutant of {kind} was accepted"
        assert outcomes[kind, False], f"no mutant of {kind} was refused"


def test_damaged_inputs(worker: Worker, corpus_file: Path):
    run_mutants(worker, corpus_file, 500)


@pytest.mark.long
def test_many_damaged_inputs(worker: Worker, corpus_file: Path):
    run_mutants(worker, corpus_file, 20_000)
