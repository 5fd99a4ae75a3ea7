"""The stages of a compilation: which passes lead from one to the next, and their files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

IR_DIRECTORY = "ir"
WEIGHTS = "model.safetensors"
REPORT = "report.json"
TORCH, MODEL, QUANTIZED, MAPPED, LOOPS = (
    "1-torch.mlir",
    "2-model.mlir",
    "3-quantized.mlir",
    "4-mapped.mlir",
    "5-loops.mlir",
)


@dataclass(frozen=True)
class Options:
    """What a user can choose; pass options are written as for `vaqf-opt -p`, without braces."""

    bits: int = 8
    calibration: Path | None = None
    method: str = "mse"
    tile: str = ""
    unroll: str = ""
    board: str = "zcu102"
    clock_mhz: float | None = None
    profile: str = "calibrated"


def stage_pipelines(options: Options) -> dict[str, str]:
    """The pipeline that leads to each stage after the import, in order."""
    calibration = f' calibration="{options.calibration}"' if options.calibration else ""
    quantize = f"activation-bits={options.bits} method={options.method}{calibration}"
    clock = "" if options.clock_mhz is None else f" clock-mhz={float(options.clock_mhz)}"
    estimate = f'board="{options.board}"{clock} profile={options.profile}'
    return {
        MODEL: "convert-torch-to-binvit,binvit-canonicalize-tokens",
        QUANTIZED: f"binvit-quantize{{{quantize}}}",
        MAPPED: f"binvit-map,binvit-tile{{{options.tile}}},binvit-unroll{{{options.unroll}}},"
        f"binvit-allocate,binvit-estimate{{{estimate}}}",
        LOOPS: "lower-binvit-to-loops",
    }


def stage_path(project: Path, stage: str) -> Path:
    """The file of a stage in a project."""
    return project / IR_DIRECTORY / stage
