"""Valid inputs of every kind that the tools read, to be damaged by a fuzzer."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from fuzz_case import STAGES, Case
from fuzz_files import PASS_INPUTS, TESTS, command_lines, other_files, weights

from vaqf_compiler.pipeline import make_context, read_module, run_passes, write_module

FOLDERS = ("passes", "emit", "dialects/binvit", "dialects/torch", "dialects/vhls")


STAGE_OF = {
    "convert-torch-to-binvit": "torch",
    **dict.fromkeys(
        ("binvit-canonicalize-tokens", "binvit-quantize", "binvit-select-precision"), "model"
    ),
    "binvit-map": "quantized",
    "hls-verify": "loops",
}
"""The stage that a pass takes; all others take a mapped one."""


def _chunks() -> dict[str, list[Case]]:
    """What the lit tests run `vaqf-opt` on, part by part, by stage."""
    found: dict[str, list[Case]] = {stage: [] for stage in STAGES}
    for path in sorted(path for folder in FOLDERS for path in (TESTS / folder).glob("*.mlir")):
        text = path.read_text()
        options = [_options(line) for line in re.findall(r"// RUN: (vaqf-opt %s.*)", text)]
        for chunk in text.split("// -----"):
            if "func.func" not in chunk and "binvit." not in chunk and "torch." not in chunk:
                continue
            for arguments in options:
                name = "input.mlir"
                case = Case(
                    "vaqf-opt", (name, *arguments), {name: chunk.encode(), **weights()}, name
                )
                found[_stage(path, arguments)].append(case)
    return found


def _options(line: str) -> list[str]:
    """Of the first command of a line, the options that say what is done with a file."""
    words = shlex.split(line.partition("|")[0].replace("%S/Inputs/", ""))
    return [
        word
        for option, word in pairwise(words)
        if option in ("-p", "-t") or word in ("-p", "-t", "--allow-unregistered-dialect")
    ]


def _stage(path: Path, arguments: Sequence[str]) -> str:
    text = " ".join(arguments)
    if path.parent.name == "torch":
        return "torch"
    if path.parent.name in ("vhls", "emit") or "hls-cpp" in text:
        return "loops"
    if path.parent.name == "binvit":
        return "quantized" if "ops" in path.name or "types" in path.name else "mapped"
    (name, *_) = re.findall(r"-p (?:\S+,)?([\w-]+)", text) or ["hls-verify"]
    return STAGE_OF.get(name, "mapped")


PASSES: Mapping[str, Sequence[str]] = {
    "model": (
        "binvit-canonicalize-tokens,binvit-quantize{activation-bits=6}",
        "binvit-canonicalize-tokens,binvit-select-precision{fps=20000 activation-bits=6}",
    ),
    "quantized": (
        "binvit-map,binvit-tile{binary-m=32 binary-n=16 int8-m=16 int8-n=16},"
        "binvit-unroll{binary-m=8 lanes=8 keys=2},binvit-allocate,binvit-estimate",
    ),
    "mapped": ("lower-binvit-to-loops", "binvit-estimate{profile=vaqf2022}", "binvit-estimate"),
    "loops": ("hls-verify",),
}
"""From each stage of a whole model what is done next; the first leads to the next stage."""


def _whole_model(directory: Path) -> dict[str, list[Case]]:
    """A small model at each stage but that of PyTorch."""
    directory.mkdir(parents=True)
    path = directory / "model.mlir"
    for name in ("model.mlir", "model.safetensors"):
        (directory / name).write_bytes((PASS_INPUTS / name).read_bytes())
    context = make_context()
    module = read_module(context, path)
    found: dict[str, list[Case]] = {}
    for stage, pipelines in PASSES.items():
        text = path.read_bytes()
        found[stage] = [
            Case(
                "vaqf-opt",
                ("model.mlir", "-p", each),
                {"model.mlir": text, **weights()},
                "model.mlir",
            )
            for each in pipelines
        ]
        run_passes(context, module, pipelines[0])
        write_module(module, path)
    return found


def corpus(directory: Path) -> dict[str, list[Case]]:
    """All cases by kind; `directory` is where those that are computed are made."""
    found = _chunks()
    for stage, cases in _whole_model(directory / "model").items():
        found[stage] += cases
    found |= other_files(directory, found["mapped"][-1])
    found |= command_lines(found)
    found["pipeline"] = [case for stage in STAGES[1:] for case in found[stage][-1:]]
    return found
