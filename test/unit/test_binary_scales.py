"""Each binary layer has a scale of its own, however layers share their parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torch import nn
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.dialects.binvit import BinaryType, LinearOp
from vaqf_compiler.dialects.binvit.checks import element
from vaqf_compiler.emit.project import make_test_vector
from vaqf_compiler.importer.models import load_model
from vaqf_compiler.importer.write import write_model
from vaqf_compiler.pipeline import make_context, read_module, run_passes
from vaqf_compiler.weights import open_weights

MODEL_FILE = Path(__file__).parent / "Inputs" / "shared_parameters.py"


def quantized(directory: Path, name: str) -> tuple[ModuleOp, nn.Module]:
    model = load_model(f"{MODEL_FILE}:{name}", input_shape=(1, 3, 8, 8))
    path = directory / f"{name}.mlir"
    write_model(model, path)
    context = make_context()
    module = read_module(context, path)
    run_passes(
        context, module, "convert-torch-to-binvit,binvit-canonicalize-tokens,binvit-quantize"
    )
    return module, model.module


def scales(module: ModuleOp) -> list[float | None]:
    """Of the weights of all linear layers, None where they have 8 bits."""
    types = [element(op.weight) for op in module.walk() if isinstance(op, LinearOp)]
    return [type_.scale.data if isinstance(type_, BinaryType) else None for type_ in types]


def logits(module: ModuleOp) -> np.ndarray:
    image = np.random.default_rng(3).standard_normal((3, 8, 8)).astype(np.float32)
    return make_test_vector(module, image, open_weights(module)).logits


def magnitude(model: nn.Module, layer: str) -> float:
    weight = model.get_parameter(f"{layer}.weight").detach()
    return float(weight.double().abs().mean())


def test_layers_in_rows_of_one_parameter_are_those_of_three(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (fused, _), (separate, model) = (quantized(tmp_path, name) for name in ("fused", "separate"))
    expected = [magnitude(model, name) for name in ("query", "key", "value", "out")]
    assert scales(separate) == pytest.approx([*expected, None])
    assert scales(fused) == pytest.approx([*expected, None])
    assert expected[2] > 50 * expected[0]
    np.testing.assert_array_equal(logits(fused), logits(separate))


def test_a_layer_and_a_head_with_one_parameter_are_binary_and_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tied, model), (apart, _) = (quantized(tmp_path, name) for name in ("tied", "apart"))
    assert scales(tied)[-2:] == [pytest.approx(magnitude(model, "out")), None]
    np.testing.assert_array_equal(logits(tied), logits(apart))


def test_layers_with_one_parameter_and_other_inputs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (shared, model), (copied, _) = (quantized(tmp_path, name) for name in ("shared", "copied"))
    assert scales(shared)[:2] == 2 * [pytest.approx(magnitude(model, "query"))]
    np.testing.assert_array_equal(logits(shared), logits(copied))
