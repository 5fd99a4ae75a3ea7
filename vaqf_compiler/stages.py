"""The stages of a compilation: which passes lead from one to the next, and their files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.engines.linear.plan import WEIGHT_BITS
from vaqf_compiler.engines.ranges import (
    DEFAULT_LANES,
    DEFAULT_SIZES,
    check_keys,
    check_lanes,
    check_tile,
    check_unroll,
    check_uram,
)
from vaqf_compiler.errors import UserError
from vaqf_compiler.filenames import quoted
from vaqf_compiler.hardware.board import load_board
from vaqf_compiler.limits import Target
from vaqf_compiler.pipeline import check_spec, read_pipeline
from vaqf_compiler.universe import VAQF_UNIVERSE

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

    bits: int | None = None
    """8, or what is selected where there is a frame rate to meet."""
    fps: Target | None = None
    calibration: Path | None = None
    method: str = "mse"
    tile: str = ""
    unroll: str = ""
    allocate: str = ""
    board: str = "zcu102"
    clock_mhz: float | None = None
    profile: str = "calibrated"


def stage_pipelines(options: Options) -> dict[str, str]:
    """The pipeline that leads to each stage after the import, in order."""
    calibration = f" calibration={quoted(options.calibration)}" if options.calibration else ""
    bits = "" if options.bits is None else f"activation-bits={options.bits} "
    clock = "" if options.clock_mhz is None else f" clock-mhz={float(options.clock_mhz)}"
    target = f"board={quoted(options.board)}{clock} profile={options.profile}"
    quantize = f"binvit-quantize{{{bits}method={options.method}{calibration}}}"
    if options.fps is not None:
        given = "".join(
            f" {name.replace('_', '-')}={value}" for name, value in given_parameters(options)
        )
        select = f"binvit-select-precision{{fps={options.fps} {bits}{target}{given}}}"
        quantize = f"{select},{quantize}"
    return {
        MODEL: "convert-torch-to-binvit,binvit-canonicalize-tokens",
        QUANTIZED: quantize,
        MAPPED: f"binvit-map,binvit-tile{{{options.tile}}},binvit-unroll{{{options.unroll}}},"
        f"binvit-allocate{{{options.allocate}}},binvit-estimate{{{target}}}",
        LOOPS: "lower-binvit-to-loops,hls-verify",
    }


def given_parameters(options: Options) -> tuple[tuple[str, int], ...]:
    """
    The parameters of binvit-tile, binvit-unroll and binvit-allocate that are given, by the names of
    the options of binvit-select-precision. Raises UserError for one that those passes do not have,
    or that is no whole number.
    """
    found: list[tuple[str, int]] = []
    for prefix, name, given in (
        ("tile_", "binvit-tile", options.tile),
        ("", "binvit-unroll", options.unroll),
        ("", "binvit-allocate", options.allocate),
    ):
        spec, *more = read_pipeline(f"{name}{{{given}}}")
        if more:
            raise UserError(f"expected options of {name} alone, as in 'lanes=8', got '{given}'")
        check_spec("pass", spec, VAQF_UNIVERSE.all_passes)
        for key, values in spec.parameters.items():
            if len(values) != 1 or not isinstance(values[0], int):
                raise UserError(f"option '{key}' of {name} must be a whole number")
            found.append((f"{prefix}{key.replace('-', '_')}", values[0]))
    return tuple(found)


def check_parameters(options: Options, *, searches: bool) -> None:
    """
    Raise UserError for options of binvit-tile, -unroll and -allocate that no engine can have. With
    `searches`, what is not given will be chosen, and is not checked.
    """
    given: dict[str, int | None] = dict(given_parameters(options))
    defaults: dict[str, int | None] = {}
    if not searches:
        defaults = {f"tile_{name}": size for name, size in DEFAULT_SIZES.items()}
        defaults["lanes"] = DEFAULT_LANES
    known = defaults | given
    try:
        if (lanes := known.get("lanes")) is not None:
            check_lanes(lanes)
        if (keys := known.get("keys")) is not None:
            check_keys(keys)
        if (uram := known.get("uram")) is not None:
            check_uram(uram)
        for name, bits in WEIGHT_BITS.items():
            kind = name.removesuffix("_linear")
            tile_m, tile_n = known.get(f"tile_{kind}_m"), known.get(f"tile_{kind}_n")
            check_tile(name, tile_m, tile_n, bits)
            whole = (None, None) if searches else (tile_m, tile_n)
            unroll_m, unroll_n = (
                known.get(f"{kind}_{side}", size) for side, size in zip("mn", whole, strict=True)
            )
            results = known.get(f"{kind}_results")
            check_unroll(name, unroll_m, unroll_n, tile_m, tile_n, lanes, results)
    except PassFailedException as error:
        raise UserError(f"--tile, --unroll and --allocate: {error}") from error


def check_memories(options: Options) -> None:
    """Raise UserError for UltraRAM that is asked for and that the board does not have."""
    board = load_board(options.board)
    if dict(given_parameters(options)).get("uram") and not board.available["uram"]:
        raise UserError(f"--allocate: {board.name} has no UltraRAM; leave uram=1 out")


def stage_path(project: Path, stage: str) -> Path:
    """The file of a stage in a project."""
    return project / IR_DIRECTORY / stage
