"""
Prints how near integer logits are to those of the float model with the same binary weights, as
`vaqf-compile` says it of its test image, for 1 to 16 bits: the least cosine and the largest
relative error over DeiT-tiny and small models, with random weights of several seeds, on images of
noise. The thresholds of `vaqf_compiler/quantize/fidelity.py` lie below.

    python benchmarks/fidelity.py [SEEDS [BITS ...]]
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import ViTConfig, ViTForImageClassification
from xdsl.dialects import func

from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.emit.project import make_test_vector
from vaqf_compiler.importer.models import load_model
from vaqf_compiler.importer.write import write_model
from vaqf_compiler.pipeline import make_context, read_module, run_passes
from vaqf_compiler.quantize.fidelity import Fidelity, measure_fidelity
from vaqf_compiler.weights import open_weights

TINY = "deit-tiny"
SMALL: dict[str, Any] = {
    "image_size": 32,
    "patch_size": 8,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "intermediate_size": 256,
    "num_hidden_layers": 4,
    "num_labels": 10,
}


def measure(model: str, seed: int, bits: tuple[int, ...], directory: Path) -> Iterator[Fidelity]:
    """Of a model with random weights, for each number of bits."""
    path = directory / "model.mlir"
    write_model(load_model(model, seed=seed), path)
    context = make_context()
    floats = read_module(context, path)
    run_passes(context, floats, "convert-torch-to-binvit,binvit-canonicalize-tokens")
    function = next(op for op in floats.ops if isinstance(op, func.FuncOp))
    shape = shape_of(function.args[0])
    image = np.random.default_rng(seed + 100).standard_normal(shape).astype(np.float32)
    weights = open_weights(floats)
    for number in bits:
        integers = floats.clone()
        with contextlib.redirect_stderr(io.StringIO()):  # it says that images are noise
            run_passes(context, integers, f"binvit-quantize{{activation-bits={number}}}")
        logits = make_test_vector(integers, image, weights).logits
        yield measure_fidelity(floats, integers, number, image, logits, weights)


def small(seed: int, directory: Path) -> str:
    """A checkpoint of a small model."""
    torch.manual_seed(seed)
    ViTForImageClassification(ViTConfig(**SMALL)).save_pretrained(directory / "small")
    return str(directory / "small")


def main(seeds: int, bits: tuple[int, ...]) -> None:
    print(f"{'model':<10} {'bits':>4} {'least cosine':>13} {'largest relative error':>23}")
    models = {"small": small, TINY: lambda _seed, _directory: TINY}
    with tempfile.TemporaryDirectory() as name:
        for model, make in models.items():
            runs: list[Iterator[Fidelity]] = []
            for seed in range(seeds):
                directory = Path(name) / f"{model}-{seed}"
                directory.mkdir()
                runs.append(measure(make(seed, directory), seed, bits, directory))
            for number, results in zip(bits, zip(*runs, strict=True), strict=True):
                cosine = min(each.cosine or 0.0 for each in results)
                error = max(each.relative_error or 0.0 for each in results)
                print(f"{model:<10} {number:>4} {cosine:>13.5f} {error:>23.4f}", flush=True)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    main(arguments[0] if arguments else 4, tuple(arguments[1:]) or tuple(range(1, 17)))
