"""Valid inputs of every kind that the tools read, to be damaged by a fuzzer."""

from __future__ import annotations

import io
import json
import random
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np
from fuzz_mutations import (
    mutate_arguments,
    mutate_bytes,
    mutate_headed,
    mutate_text,
)
from PIL import Image

from vaqf_compiler.emit.port_file import write_port_file
from vaqf_compiler.pipeline import make_context, read_module, run_passes, write_module
from vaqf_compiler.sweep.journal import open_journal
from vaqf_compiler.sweep.point import Point, Row
from vaqf_compiler.universe import VAQF_UNIVERSE

TESTS = Path(__file__).parents[1]
SYNTHESIS = TESTS / "unit" / "Inputs" / "synthesis"
PASS_INPUTS = TESTS / "passes" / "Inputs"
FOLDERS = ("passes", "emit", "dialects/binvit", "dialects/torch", "dialects/vhls")


@dataclass(frozen=True)
class Case:
    """A command, and the files that it finds where it runs."""

    tool: str
    """A key of `fuzz_worker.TOOLS`."""
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
STAGES = ("torch", "model", "quantized", "mapped", "loops")
STAGE_OF = {
    "convert-torch-to-binvit": "torch",
    **dict.fromkeys(
        ("binvit-canonicalize-tokens", "binvit-quantize", "binvit-select-precision"), "model"
    ),
    "binvit-map": "quantized",
    "hls-verify": "loops",
}
"""The stage that a pass takes; all others take a mapped one."""

COMMANDS: Mapping[str, str] = {
    "vaqf-opt": "model.mlir -p binvit-canonicalize-tokens,binvit-quantize{activation-bits=4} "
    "-o out.mlir",
    "vaqf-import": "model.py:build --input-shape 1x3x16x16 -o out.mlir --check --tolerance 1e-4 "
    "--seed 3 --weights model.safetensors",
    "vaqf-compile": "model.py:build --input-shape 1x3x16x16 -o out --fps 24 --bits 8 "
    "--calibration images.npy --calibration-method mse --tile binary-m=32 --unroll lanes=8 "
    "--allocate uram=1 --board board.toml --clock-mhz 150 --profile calibrated --flow vivado-hls "
    "--seed 1",
    "vaqf-sim": "project --image image.npy --seed 1 --engine jit --native --dump out",
}
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
                    "vaqf-opt", (name, *arguments), {name: chunk.encode(), **_weights()}, name
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


@cache
def _weights() -> dict[str, bytes | None]:
    return {"model.safetensors": (PASS_INPUTS / "model.safetensors").read_bytes()}


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
                {"model.mlir": text, **_weights()},
                "model.mlir",
            )
            for each in pipelines
        ]
        run_passes(context, module, pipelines[0])
        write_module(module, path)
    return found


def _files(directory: Path, mapped: Case) -> dict[str, list[Case]]:
    """Files other than IR, each with a command that reads it."""
    model = (PASS_INPUTS / "model.mlir").read_bytes()
    images = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)
    board = (files("vaqf_compiler.boards") / "zcu104.toml").read_bytes()
    picture = Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3))
    quantize = "binvit-canonicalize-tokens,binvit-quantize{%s}"
    found = {
        "weights": Case(
            "vaqf-opt",
            ("model.mlir", "-p", quantize % "activation-bits=4"),
            {"model.mlir": model, **_weights()},
            "model.safetensors",
        ),
        "array": Case(
            "vaqf-opt",
            ("model.mlir", "-p", quantize % 'calibration="images.npy"'),
            {"model.mlir": model, **_weights(), "images.npy": _array(images)},
            "images.npy",
        ),
        "journal": Case("journal", (), {"points.jsonl": _journal(directory)}, "points.jsonl"),
        "port": Case("port", ("port.bin",), {"port.bin": _port(directory)}, "port.bin"),
        "driver": Case(
            "driver", (), {"accelerator.json": DESCRIPTION.encode()}, "accelerator.json"
        ),
    }
    cases = {kind: [case] for kind, case in found.items()}
    estimate = ("model.mlir", "-p", 'binvit-estimate{board="board.toml"}')
    mapped_files = {**mapped.files, "board.toml": board}
    cases["board"] = [replace(mapped, arguments=estimate, files=mapped_files, damaged="board.toml")]
    cases["report"] = [_report(name) for name in ("report.json", "csynth.xml")]
    cases["picture"] = [
        Case("picture", (name,), {name: _picture(picture, name)}, name)
        for name in ("image.png", "image.jpg", "image.npy")
    ]
    return cases


def _report(damaged: str) -> Case:
    files_ = {
        "out/report.json": (SYNTHESIS / "report.json").read_bytes(),
        "csynth.xml": (SYNTHESIS / "csynth.xml").read_bytes(),
    }
    (path,) = (name for name in files_ if name.endswith(damaged))
    return Case("vaqf-compile", ("-o", "out", "--compare-report", "csynth.xml"), files_, path)


def _array(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def _picture(picture: Image.Image, name: str) -> bytes:
    if name.endswith(".npy"):
        return _array(np.zeros((3, 8, 8), np.float32))
    stream = io.BytesIO()
    picture.save(stream, "PNG" if name.endswith(".png") else "JPEG")
    return stream.getvalue()


def _journal(directory: Path) -> bytes:
    with open_journal(directory / "sweep") as journal:
        for bits in (4, 6, 8):
            result = {"fps": 100.0 / bits, "cycles": bits, "feasible": True, "error": None}
            journal.add(Row(Point("deit-tiny", "zcu102", bits, None, "calibrated"), result), "1")
    return (directory / "sweep" / "points.jsonl").read_bytes()


def _port(directory: Path) -> bytes:
    path = directory / "port.bin"
    write_port_file(path, "port", 128, np.arange(64, dtype=np.uint8))
    return path.read_bytes()


DESCRIPTION = json.dumps(
    {
        "top": "vaqf_top",
        "board": "ZCU102",
        "clock_mhz": 200.0,
        "ports": [
            {"name": "image_port", "kind": "image", "bundle": "a", "words": 12, "word_bits": 128},
            {"name": "logits", "kind": "logits", "bundle": "b", "words": 10, "word_bits": 64},
        ],
        "image": {
            "port": "image_port",
            "shape": [3, 8, 8],
            "scale": 0.02,
            "minimum": -128,
            "maximum": 127,
            "patch": 8,
            "columns": 192,
        },
        "logits": {"port": "logits", "count": 10, "scale": 0.5},
    },
    indent=2,
)


def _command_lines(found: Mapping[str, Sequence[Case]]) -> dict[str, list[Case]]:
    """One for each tool, with all that it names, and pipelines alone."""
    images = _array(np.zeros((2, 3, 16, 16), np.float32))
    inputs: dict[str, bytes | None] = {
        **found["model"][-1].files,
        "model.py": b"def build(): pass\n",
        "images.npy": images,
        "image.npy": _array(np.zeros((1, 8, 8), np.float32)),
        "board.toml": (files("vaqf_compiler.boards") / "zcu104.toml").read_bytes(),
        "csynth.xml": (SYNTHESIS / "csynth.xml").read_bytes(),
        "project/ir/4-mapped.mlir": found["mapped"][-1].files["model.mlir"],
        "project/ir/model.safetensors": _weights()["model.safetensors"],
        "project/ir/5-loops.mlir": found["loops"][-1].files["model.mlir"],
    }
    return {tool: [Case(tool, shlex.split(line), inputs)] for tool, line in COMMANDS.items()}


def corpus(directory: Path) -> dict[str, list[Case]]:
    """All cases by kind; `directory` is where those that are computed are made."""
    found = _chunks()
    for stage, cases in _whole_model(directory / "model").items():
        found[stage] += cases
    found |= _files(directory, found["mapped"][-1])
    found |= _command_lines(found)
    found["pipeline"] = [case for stage in STAGES[1:] for case in found[stage][-1:]]
    return found


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
