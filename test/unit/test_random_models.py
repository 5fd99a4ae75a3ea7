"""Random shapes, tiles, unroll factors and bits: each simulation must equal the reference."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

from vaqf_compiler.cli import vaqf_compile, vaqf_sim
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
