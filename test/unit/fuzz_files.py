"""Valid files other than IR, and command lines, for a fuzzer to damage."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from fuzz_case import Case
from PIL import Image

from vaqf_compiler.emit.port_file import write_port_file
from vaqf_compiler.sweep.journal import open_journal
from vaqf_compiler.sweep.point import Point, Row

TESTS = Path(__file__).parents[1]
SYNTHESIS = TESTS / "unit" / "Inputs" / "synthesis"
PASS_INPUTS = TESTS / "passes" / "Inputs"
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


@cache
def weights() -> dict[str, bytes | None]:
    return {"model.safetensors": (PASS_INPUTS / "model.safetensors").read_bytes()}


def other_files(directory: Path, mapped: Case) -> dict[str, list[Case]]:
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
            {"model.mlir": model, **weights()},
            "model.safetensors",
        ),
        "array": Case(
            "vaqf-opt",
            ("model.mlir", "-p", quantize % 'calibration="images.npy"'),
            {"model.mlir": model, **weights(), "images.npy": _array(images)},
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
            "preprocessing": {
                "resize": [8, 8],
                "interpolation": "bicubic",
                "crop": None,
                "rescale": 1 / 255,
                "mean": [0.5, 0.5, 0.5],
                "std": [0.5, 0.5, 0.5],
            },
        },
        "logits": {"port": "logits", "count": 10, "scale": 0.5},
    },
    indent=2,
)


def command_lines(found: Mapping[str, Sequence[Case]]) -> dict[str, list[Case]]:
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
        "project/ir/model.safetensors": weights()["model.safetensors"],
        "project/ir/5-loops.mlir": found["loops"][-1].files["model.mlir"],
    }
    return {tool: [Case(tool, shlex.split(line), inputs)] for tool, line in COMMANDS.items()}
