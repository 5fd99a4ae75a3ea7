"""Prints the error of the integer operations against float64, and of whole integer models."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from scipy.special import softmax
from xdsl.dialects import func

from vaqf_compiler.dialects.binvit import QuantizedType
from vaqf_compiler.dialects.binvit.checks import quantized
from vaqf_compiler.importer.models import load_model
from vaqf_compiler.importer.write import write_model
from vaqf_compiler.pipeline import make_context, read_module, run_passes
from vaqf_compiler.quantize.calibration import BinarizedWeights
from vaqf_compiler.quantize.roles import binary_layers, parameter_of
from vaqf_compiler.quantize.scales import layer_norm_types, symmetric
from vaqf_compiler.reference import integer_semantics as ints
from vaqf_compiler.reference import run_function
from vaqf_compiler.reference.tables import gelu, softmax_constants
from vaqf_compiler.weights import open_weights

generator = np.random.default_rng(0)


def report(what: str, found: np.ndarray, exact: np.ndarray) -> None:
    error = found - exact
    rms = np.sqrt(np.mean(error**2))
    print(f"{what:<34} largest {np.abs(error).max():6.3f}   rms {rms:6.3f}")


def softmax_error(bits: int) -> None:
    exponent = bits + 2
    scale = 1e-4
    x = np.rint(generator.normal(scale=2 / scale, size=(1000, 197))).astype(np.int64)
    result = QuantizedType(bits, 2.0**-exponent, signed=False)
    found = ints.softmax(x, softmax_constants(scale), result, exponent)
    exact = np.clip(softmax(x * scale, axis=-1) * 2**exponent, 0, result.maximum)
    report(f"softmax, {bits} bits", found, exact)


def layer_norm_error(bits: int) -> None:
    channels, scale = 768, 1e-4
    x = np.rint(generator.normal(scale=1 / scale / 10, size=(1000, channels))).astype(np.int64)
    gamma, beta = generator.normal(1, 0.2, channels), generator.normal(0, 0.2, channels)
    result = symmetric(bits, 5.0)
    gamma_type, beta_type = layer_norm_types(gamma, beta, result)
    shift = round(np.log2(result.scale.data / beta_type.scale.data))
    found = ints.clamp(
        ints.layer_norm(
            x, ints.quantize(gamma, gamma_type), ints.quantize(beta, beta_type), 1, shift
        ),
        result,
    )
    centred = x - x.mean(axis=1, keepdims=True)
    normalised = centred / x.std(axis=1, keepdims=True) * gamma + beta
    exact = np.clip(normalised / result.scale.data, result.minimum, result.maximum)
    report(f"layer normalisation, {bits} bits", found, exact)


def gelu_error(bits: int) -> None:
    source, result = symmetric(min(bits + 2, 12), 4.0), symmetric(bits, 4.0)
    x = np.linspace(-4, 4, 100001)
    q = ints.quantize(x, source)
    found = ints.clamp(np.rint(gelu(q * source.scale.data, "none") / result.scale.data), result)
    report(f"GELU with its input, {bits} bits", found, gelu(x, "none") / result.scale.data)


def model_error(directory: Path) -> None:
    path = directory / "model.mlir"
    write_model(load_model("deit-tiny"), path)
    context = make_context()
    model = read_module(context, path)
    run_passes(context, model, "convert-torch-to-binvit,binvit-canonicalize-tokens")
    weights = open_weights(model)
    main = next(op for op in model.ops if isinstance(op, func.FuncOp))
    scales: dict[str, float] = {}
    for layer in binary_layers(main):
        weight = parameter_of(layer.weight)
        assert weight is not None
        name = weight.parameter.data
        scales[name] = float(np.abs(weights[name].astype(np.float64)).mean())
    image = generator.standard_normal((3, 224, 224), dtype=np.float32)
    (exact,) = run_function(model, "main", [image], BinarizedWeights(weights, scales))
    for bits in (16, 8, 6, 4):
        module = model.clone()
        run_passes(context, module, f"binvit-quantize{{activation-bits={bits}}}")
        function = next(op for op in module.ops if isinstance(op, func.FuncOp))
        pixels = ints.quantize(image, quantized("image", function.args[0]))
        (found,) = run_function(module, "main", [pixels], weights)
        cosine = np.sum(found * exact) / np.linalg.norm(found) / np.linalg.norm(exact)
        print(f"DeiT-tiny, {bits:>2} bits: cosine of logits {cosine:.5f}")


if __name__ == "__main__":
    for bits in (8, 6, 4):
        softmax_error(bits)
        layer_norm_error(bits)
        gelu_error(bits)
    with tempfile.TemporaryDirectory() as directory:
        model_error(Path(directory))
