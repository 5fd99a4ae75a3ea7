"""
Prints how near the logits of a quantised model are to those of PyTorch with the same binary
weights: the cosine, mean and least over test images, for each way to choose ranges and for 16, 8,
6 and 4 bits. Images are Gaussian noise, weights random; calibration and test images differ.

    python benchmarks/faithfulness.py [MODEL [CALIBRATION_IMAGES [TEST_IMAGES]]]
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.dialects.binvit.checks import quantized, shape_of
from vaqf_compiler.importer.models import Model, load_model
from vaqf_compiler.importer.write import write_model
from vaqf_compiler.pipeline import make_context, read_module, run_passes
from vaqf_compiler.quantize.ranges import METHODS
from vaqf_compiler.quantize.roles import binary_layers, parameter_of
from vaqf_compiler.reference import run_function
from vaqf_compiler.reference.integer_semantics import quantize
from vaqf_compiler.weights import open_weights

TEST_SEED = 1
"""Another one than that of the calibration images."""


def main_function(module: ModuleOp) -> func.FuncOp:
    return next(op for op in module.ops if isinstance(op, func.FuncOp))


def binarize(model: Model, module: ModuleOp) -> None:
    """Give the PyTorch model the weights that the quantised one has: signs times their mean."""
    parameters = {model.parameter_name(n): p for n, p in model.module.named_parameters()}
    with torch.no_grad():
        for layer in binary_layers(main_function(module)):
            weight = parameter_of(layer.weight)
            assert weight is not None
            values = parameters[weight.parameter.data]
            scale = values.double().abs().mean().item()
            values.copy_(torch.where(values >= 0, scale, -scale))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b))


def main(name: str, calibration: int, tests: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "model.mlir"
        loaded = load_model(name)
        write_model(loaded, path)
        context = make_context()
        model = read_module(context, path)
        run_passes(context, model, "convert-torch-to-binvit,binvit-canonicalize-tokens")
        weights = open_weights(model)
        shape = shape_of(main_function(model).args[0])
        generator = np.random.default_rng(TEST_SEED)
        images = generator.standard_normal((tests, *shape), dtype=np.float32)
        binarize(loaded, model)
        with torch.no_grad():
            exact = [loaded.module(torch.from_numpy(image)[None]).numpy() for image in images]

        print(f"{name}, {calibration} calibration images, {tests} test images")
        print(f"{'bits':>4}  {'method':<10}  {'mean cosine':>11}  {'least':>8}")
        for bits in (16, 8, 6, 4):
            for method in METHODS:
                module = model.clone()
                options = f"activation-bits={bits} method={method} images={calibration}"
                with contextlib.redirect_stderr(io.StringIO()):  # it says that these are noise
                    run_passes(context, module, f"binvit-quantize{{{options}}}")
                element = quantized("image", main_function(module).args[0])
                cosines = [
                    cosine(run_function(module, "main", [quantize(image, element)], weights)[0], y)
                    for image, y in zip(tqdm(images, leave=False, disable=None), exact, strict=True)
                ]
                print(f"{bits:>4}  {method:<10}  {np.mean(cosines):>11.5f}  {min(cosines):>8.5f}")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(
        arguments[0] if arguments else "deit-tiny",
        int(arguments[1]) if len(arguments) > 1 else 4,
        int(arguments[2]) if len(arguments) > 2 else 4,
    )
