"""Random shapes, tiles, unroll factors and bits: each simulation must equal the reference."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from vaqf_compiler.cli import vaqf_compile, vaqf_import, vaqf_sim
from vaqf_compiler.hls_rules.copies import MOST_COPIES

MODEL_FILE = Path(__file__).parent / "Inputs" / "random_vit.py"


def exit_code(main: object, *arguments: str) -> int:
    assert callable(main)
    sys.argv = ["tool", *arguments]
    with pytest.raises(SystemExit) as stop:
        main()
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_random_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int):
    choose = random.Random(seed)
    lanes = choose.choice([4, 8, 16, 32])
    heads = choose.randint(1, 3)
    patch, grid, channels = choose.choice([2, 4, 7]), choose.randint(1, 3), choose.choice([1, 3])
    sizes = {
        "seed": seed,
        "spread": choose.choice([0.01, 0.3, 3.0]),
        "hidden_size": heads * lanes * choose.randint(1, 3),
        "num_attention_heads": heads,
        "intermediate_size": lanes * choose.randint(1, 9),
        "num_hidden_layers": choose.randint(1, 2),
        "image_size": patch * grid,
        "patch_size": patch,
        "num_channels": channels,
        "num_labels": choose.randint(2, 21),
        "qkv_bias": choose.random() < 0.5,
    }
    monkeypatch.setenv("VIT_SIZES", json.dumps(sizes))
    monkeypatch.setattr(sys, "argv", sys.argv)
    heights = [size for size in (16, 32, 48, 64, 80, 96) if size % lanes == 0]
    widths = [size for size in (16, 32, 64, 256) if size % lanes == 0]
    int8_n = choose.choice(widths[:2])
    tile = (
        f"binary-m={choose.choice(heights)} binary-n={choose.choice(widths)} "
        f"int8-m={choose.choice([m for m in heights if m * int8_n <= MOST_COPIES])} int8-n={int8_n}"
    )
    unroll = (
        f"lanes={lanes} keys={choose.choice([1, 2, 3, 7])} "
        f"binary-results={choose.choice([1, 2, lanes])} int8-results={choose.choice([1, 4, lanes])}"
    )
    arguments = ["--bits", str(choose.randint(1, 16)), "--tile", tile, "--unroll", unroll]
    shape = f"1x{channels}x{patch * grid}x{patch * grid}"
    source = f"{MODEL_FILE}:build"
    project = str(tmp_path / "build")
    assert (
        exit_code(vaqf_compile.main, source, "--input-shape", shape, "-o", project, *arguments) == 0
    )
    assert exit_code(vaqf_sim.main, project, "--native") == 0
    assert exit_code(vaqf_sim.main, project, "--dependences") == 0


SHAPED_FILE = MODEL_FILE.with_name("shaped_vit.py")
SHAPE: dict[str, Any] = {
    "seed": 0,
    "channels": 32,
    "heads": [2],
    "hidden": [16],
    "head_size": 8,
    "value_size": 8,
    "patch": 4,
    "colours": 3,
    "rows": 2,
    "columns": 2,
    "cls": True,
    "bias": True,
    "labels": 7,
    "pooled": 0,
}


def check_shape(
    directory: Path, monkeypatch: pytest.MonkeyPatch, shape: dict[str, Any], *arguments: str
) -> None:
    """Import, compared with PyTorch; compile; simulate, compared with the reference."""
    monkeypatch.setenv("VIT_SIZES", json.dumps(shape))
    monkeypatch.setattr(sys, "argv", sys.argv)
    height, width = (shape["patch"] * shape[side] for side in ("rows", "columns"))
    source = (f"{SHAPED_FILE}:build", "--input-shape", f"1x{shape['colours']}x{height}x{width}")
    model, project = str(directory / "model.mlir"), str(directory / "build")
    assert exit_code(vaqf_import.main, *source, "-o", model, "--check") == 0
    assert exit_code(vaqf_compile.main, *source, "-o", project, *arguments) == 0
    assert exit_code(vaqf_sim.main, project, "--engine", "jit") == 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            {"channels": 64, "heads": [2], "head_size": 16, "value_size": 16}, id="pruned"
        ),
        pytest.param({"heads": [4, 1], "hidden": [16, 80]}, id="heads that differ"),
        pytest.param({"heads": [2, 3], "hidden": [16, 80], "value_size": 24}, id="wide values"),
        pytest.param({"head_size": 24, "value_size": 8}, id="narrow values"),
        pytest.param({"rows": 1, "columns": 1, "cls": False}, id="one token"),
        pytest.param({"rows": 1, "columns": 1}, id="two tokens"),
    ],
)
def test_widths_are_those_of_a_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
):
    check_shape(tmp_path, monkeypatch, {**SHAPE, **change}, "--unroll", "lanes=8 keys=3")


def test_channels_that_do_not_fill_a_tile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The second tile of the hidden layer has 8 channels; the rest of its row is what was there."""
    options = ("--tile", "binary-m=16 binary-n=32", "--unroll", "lanes=8 keys=3")
    check_shape(tmp_path, monkeypatch, {**SHAPE, "hidden": [40]}, *options)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_random_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int):
    choose = random.Random(seed)
    lanes, layers = choose.choice([4, 8]), choose.randint(1, 3)
    cls, rows, columns = choose.random() < 0.5, choose.randint(1, 3), choose.randint(1, 3)
    shape = {
        "seed": seed,
        "channels": lanes * choose.randint(1, 8),
        "heads": [choose.randint(1, 4) for _ in range(layers)],
        "hidden": [lanes * choose.randint(1, 12) for _ in range(layers)],
        "head_size": lanes * choose.randint(1, 3),
        "value_size": lanes * choose.randint(1, 3),
        "patch": choose.randint(1, 7),
        "colours": choose.randint(1, 4),
        "rows": rows,
        "columns": columns,
        "cls": cls,
        "bias": choose.random() < 0.5,
        "labels": choose.randint(1, 21),
        "pooled": choose.randrange(rows * columns + cls),
    }
    keys = choose.choice([1, 2, 3, 7])
    arguments = ["--bits", str(choose.randint(1, 16)), "--unroll", f"lanes={lanes} keys={keys}"]
    check_shape(tmp_path, monkeypatch, shape, *arguments)
