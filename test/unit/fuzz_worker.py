"""
Runs mutants of inputs through the tools, one after another, each within limits.

    python fuzz_worker.py CORPUS                    # reads lines `KIND SEED`, answers with JSON
    python fuzz_worker.py CORPUS KIND SEED FOLDER   # runs one in FOLDER, which keeps its files
"""

from __future__ import annotations

import contextvars
import faulthandler
import io
import json
import os
import pickle
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import unicodedata
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fuzz_case import STAGES, Case, damaged
from fuzz_ir import mutate_ir
from fuzz_tools import TOOLS, Reached, stub
from xdsl.utils.exceptions import ParseError, VerifyException

from vaqf_compiler.cli import vaqf_opt

CPU_SECONDS = 10
MEMORY = 3 << 30
"""Bytes that the worker may come to have more than at its start."""


class WroteElsewhere(BaseException):
    """A file outside of the mutant's directory would have been changed."""


@dataclass(frozen=True)
class Outcome:
    """How a tool ended."""

    accepted: bool
    message: str
    """What it wrote to stderr."""
    problem: str
    """What it must never do, or nothing."""


def guard() -> None:
    """From now on no file outside of the working directory is written by Python."""
    allowed = Path(tempfile.gettempdir()).resolve()

    def check(event: str, arguments: tuple[Any, ...]) -> None:
        match event:
            case "open":
                path, _, flags = arguments
                writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
                paths = [path] if writes and not isinstance(path, int) else []
            case "os.remove" | "os.rmdir" | "os.mkdir" | "os.truncate" | "shutil.rmtree":
                paths = arguments[:1]
            case "os.rename":
                paths = arguments[:2]
            case _:
                return
        for path in paths:
            whole = Path(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 (resolves no links)
            folders = (Path.cwd(), allowed, Path(os.devnull))
            if not any(whole.is_relative_to(folder) for folder in folders):
                raise WroteElsewhere(f"{event} {whole}")

    sys.addaudithook(check)


def run_tool(case: Case) -> Outcome:
    """Run a command in the working directory, which has its files."""
    streams = {name: io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for name in "oe"}
    output, errors = streams.values()
    old, old_input = sys.argv, sys.stdin
    sys.argv, sys.stdin = [case.tool, *case.arguments], open(os.devnull)  # noqa: SIM115, PTH123
    code, problem = None, ""
    try:
        with redirect_stdout(output), redirect_stderr(errors):
            contextvars.copy_context().run(TOOLS[case.tool])
        problem = "it did not exit"
    except SystemExit as stop:
        if isinstance(stop.code, str):
            errors.write(stop.code)
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Reached:
        code = 0
    except BaseException:
        problem = traceback.format_exc()
    finally:
        sys.stdin.close()
        sys.argv, sys.stdin = old, old_input
    for stream in streams.values():
        stream.flush()
    message = errors.buffer.getvalue().decode()  # type: ignore[attr-defined]
    text = output.buffer.getvalue().decode()  # type: ignore[attr-defined]
    problem = problem or check_message(code, message)
    if not problem and code == 0:
        problem = check_result(case, text)
    return Outcome(code == 0, message, problem)


def check_message(code: int | None, message: str) -> str:
    """What is wrong with what a user reads."""
    bad = [c for c in message if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t"]
    if bad:
        return f"a control character is printed: {bad[0]!r}\n{message}"
    if code and "error: " not in message and "FAIL" not in message:
        return f"exit code {code} without an error\n{message}"
    if not code and re.search(r"^(\S+: )?error: ", message, re.MULTILINE):
        return f"an error with exit code {code}\n{message}"
    for text in ("Traceback", "<class '", " object at 0x", "<vaqf_compiler", "Errno"):
        if text in message:
            return f"'{text}' is printed\n{message}"
    sentence = message.rpartition("error: ")[2].partition("\n")[0]
    if code and len(sentence) < 12:
        return f"not a sentence\n{message}"
    return ""


def check_result(case: Case, text: str) -> str:
    """What is wrong with the IR that a tool wrote."""
    if case.tool != "vaqf-opt" or "hls-cpp" in case.arguments:
        return ""
    if {"-t", "--print-between-passes", "--split-input-file", "--time-passes"} & set(
        case.arguments
    ):
        return ""
    if not text.lstrip().startswith(("builtin.module", "module")):
        return ""
    Path("again.mlir").write_text(text, encoding="utf-8")
    unknown = {"--allow-unregistered-dialect"} & set(case.arguments)
    again = run_tool(Case("vaqf-opt", ("again.mlir", "-t", "mlir", *unknown), {}))
    if again.accepted:
        return ""
    return f"its own result is refused:\n{again.message}{again.problem}"


def generic(case: Case) -> Case:
    """The same with its IR in generic form, where it is valid."""
    output = io.StringIO()
    content = case.files[case.damaged]
    assert content is not None
    Path("pretty.mlir").write_bytes(content)
    old = sys.argv
    sys.argv = ["vaqf-opt", "pretty.mlir", "--print-op-generic"]
    try:
        with redirect_stdout(output), redirect_stderr(io.StringIO()):
            vaqf_opt.main()
    except SystemExit as stop:
        if stop.code:
            return case
    finally:
        sys.argv = old
        Path("pretty.mlir").unlink()
    return replace(case, files={**case.files, case.damaged: output.getvalue().encode()})


def mutant(corpus: Mapping[str, list[Case]], kind: str, seed: int) -> Case:
    """The mutant of a kind that a seed stands for; of every 16th the case itself."""
    choose = random.Random(f"{kind} {seed}")
    case = choose.choice(corpus[kind])
    if seed % 16 == 0:
        return case
    if kind not in STAGES or choose.random() < 0.3:
        return damaged(case, kind, choose)
    if choose.random() < 0.3:
        return damaged(generic(case), kind, choose)
    content = case.files[case.damaged]
    assert content is not None
    try:
        text = mutate_ir(choose, content)
    except (ParseError, VerifyException):  # a case of what is refused
        return damaged(case, kind, choose)
    return replace(case, files={**case.files, case.damaged: text})


def run_mutant(corpus: Mapping[str, list[Case]], kind: str, seed: int) -> Outcome:
    """Run one in the working directory, which is empty."""
    case = mutant(corpus, kind, seed)
    for name, content in case.files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    outcome = run_tool(case)
    signal.setitimer(signal.ITIMER_PROF, 0)
    if outcome.problem:
        return outcome
    for name, content in case.files.items():
        now = Path(name).read_bytes() if Path(name).is_file() else None
        kept = (
            name == "points.jsonl"
            and content is not None
            and now is not None
            and content.startswith(now)
        )
        if now != content and not kept:
            return Outcome(outcome.accepted, outcome.message, f"'{name}' was changed")
    left = [path for path in Path().rglob(".*") if path.name not in case.files]
    return Outcome(outcome.accepted, outcome.message, f"it leaves {left}" if left else "")


def main() -> None:
    """Entry point."""
    path, *rest = sys.argv[1:]
    corpus: dict[str, list[Case]] = pickle.loads(Path(path).read_bytes())
    sys.dont_write_bytecode = True
    stub()
    faulthandler.register(signal.SIGPROF, chain=True)
    size = int(re.findall(r"VmSize:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) << 10
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if rest:
        kind, seed, folder = rest
        Path(folder).mkdir(parents=True)
        os.chdir(folder)
        case = mutant(corpus, kind, int(seed))
        print(case.tool, *case.arguments)
        outcome = run_mutant(corpus, kind, int(seed))
        print(f"accepted: {outcome.accepted}\n{outcome.message}\n{outcome.problem}")
        return
    guard()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        kind, seed = line.split()
        folder = tempfile.mkdtemp()
        os.chdir(folder)
        outcome = run_mutant(corpus, kind, int(seed))
        os.chdir("/")
        shutil.rmtree(folder)
        print(json.dumps(asdict(outcome)), file=answers, flush=True)


if __name__ == "__main__":
    main()
