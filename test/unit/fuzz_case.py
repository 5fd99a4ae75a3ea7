"""Valid inputs of the tools as a fuzzer has them, and how each is damaged."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fuzz_mutations import mutate_arguments, mutate_bytes, mutate_headed, mutate_text

from vaqf_compiler.universe import VAQF_UNIVERSE

STAGES = ("torch", "model", "quantized", "mapped", "loops")
OPTIONS: Mapping[str, Sequence[str]] = {
    "vaqf-opt": (
        *("--split-input-file", "--verify-diagnostics", "--print-op-generic", "-t", "hls-cpp"),
        *("mlir", "-p", "--disable-verify", "--print-between-passes", "--no-implicit-module"),
        *("--allow-unregistered-dialect", "--print-debuginfo", "--parsing-diagnostics", "-f"),
        *("--print-no-properties", "--time-passes", "--help", "--version", "missing.mlir", "."),
    ),
    "vaqf-import": ("deit-tiny", "--check", "--tolerance", "--help", "missing.py:f", "-o", "."),
    "vaqf-compile": (
        *("--sweep", "bits=4..8,board=zcu102:u250,fps=24:max", "--scheduler", "tcp://x:1", "--fps"),
        *("max", "--compare-report", "csynth.xml", "--help", "deit-tiny", "-o", "--bits"),
        *("--calibration", "model.safetensors", "--board", "zcu102", "vaqf2022", "--profile"),
    ),
    "vaqf-sim": ("--dependences", "--engine", "csim", "--help", "--dump", "--image"),
}


@dataclass(frozen=True)
class Case:
    """A command, and the files that it finds where it runs."""

    tool: str
    """A key of `fuzz_tools.TOOLS`."""
    arguments: Sequence[str]
    files: Mapping[str, bytes | None]
    """By name; None is a directory."""
    damaged: str = ""
    """The file that a mutation changes; empty for the arguments."""


Damage = Callable[[random.Random, bytes], bytes]


def _safetensors(choose: random.Random, data: bytes) -> bytes:
    return mutate_headed(choose, data, 0, "<Q")


def _npy(choose: random.Random, data: bytes) -> bytes:
    return mutate_headed(choose, data, 8, "<H")


DAMAGE: Mapping[str, Damage] = {
    ".safetensors": _safetensors,
    ".npy": _npy,
    **dict.fromkeys((".png", ".jpg", ".bin"), mutate_bytes),
}
"""How a file is damaged, by its suffix; as text if it is not here."""


def all_passes() -> list[str]:
    """What can follow `-p` without options."""
    return sorted(VAQF_UNIVERSE.all_passes)


def damaged(case: Case, kind: str, choose: random.Random) -> Case:
    """A mutant of a case."""
    if kind == "pipeline":
        at = case.arguments.index("-p") + 1
        text = mutate_text(choose, case.arguments[at].encode()).replace(b"\0", b"")
        pipeline = text[:200_000].decode("utf-8", "surrogateescape")
        return replace(case, arguments=(*case.arguments[:at], pipeline))
    if not case.damaged:
        changed = mutate_arguments(choose, case.arguments, OPTIONS[case.tool])
        return replace(case, arguments=tuple(changed))
    arguments = case.arguments
    if kind in STAGES and choose.random() < 0.1:
        stage_pass = choose.choice(all_passes())
        arguments = (
            (case.damaged, "-p", stage_pass)
            if choose.random() < 0.8
            else (case.damaged, "-t", "hls-cpp")
        )
    content = case.files[case.damaged]
    assert content is not None
    mutate = DAMAGE.get(Path(case.damaged).suffix, mutate_text)
    new = None if choose.random() < 0.01 else mutate(choose, content)
    return replace(case, arguments=arguments, files={**case.files, case.damaged: new})
