"""Integer models against float ones, layers of zeros and other degenerate ones included."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import BinaryType, LinearOp, QuantizedType
from vaqf_compiler.dialects.binvit.checks import element
from vaqf_compiler.emit.project import make_test_vector
from vaqf_compiler.errors import OperationError, UserError
from vaqf_compiler.pipeline import make_context, read_module, run_passes
from vaqf_compiler.quantize.fidelity import Fidelity, compare_logits, measure_fidelity
from vaqf_compiler.weights import open_weights

INPUTS = Path(__file__).parent.parent / "passes" / "Inputs"


def quantized(directory: Path, bits: int, change: dict[str, float]) -> tuple[ModuleOp, ModuleOp]:
    """A small model and its integer form, some of its parameters multiplied by numbers."""
    weights = load_file(INPUTS / "model.safetensors")
    for name, factor in change.items():
        weights[name] = weights[name] * np.float32(factor)
    save_file(weights, directory / "model.safetensors")
    shutil.copy(INPUTS / "model.mlir", directory)
    context = make_context()
    floats = read_module(context, directory / "model.mlir")
    run_passes(context, floats, "binvit-canonicalize-tokens")
    integers = floats.clone()
    run_passes(context, integers, f"binvit-quantize{{activation-bits={bits} seed=1}}")
    return floats, integers


def fidelity(directory: Path, bits: int, change: dict[str, float]) -> Fidelity:
    floats, integers = quantized(directory, bits, change)
    image = np.random.default_rng(0).standard_normal((1, 8, 8)).astype(np.float32)
    weights = open_weights(floats)
    logits = make_test_vector(integers, image, weights).logits
    return measure_fidelity(floats, integers, bits, image, logits, weights)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"norm1.weight": 0, "norm1.bias": 0},
        {"norm2.weight": 0},
        {"norm2.weight": 1e-9, "norm2.bias": 0},
        {"cls": 0, "position": 0, "patch.bias": 0},
        {"patch.weight": 0},
        {"patch.weight": 0, "patch.bias": 0},
        {"head.weight": 0},
        {"head.weight": 1e-9},
        {"head.weight": 1e-7, "head.bias": 1e-7},
        {"head.weight": 1e-30, "head.bias": 1e-30},
        {"fc1.weight": 1e-37, "fc1.bias": 1e-37},
        {"norm2.weight": 1e-8, "norm2.bias": 1e-8, "fc1.weight": 1e8},
        {"v.weight": 1e-8, "v.bias": 1e-8, "o.weight": 1e8},
        {"v.weight": 1e-30, "v.bias": 1e-30, "o.weight": 1e30},
        {"v.weight": 1e-30, "v.bias": 1e-30},
        {"q.weight": 1e-8, "q.bias": 1e-8, "k.weight": 1e8},
        {"q.weight": 1e-9, "q.bias": 0, "k.weight": 1e-9},
        {"q.weight": 1e-30, "q.bias": 0, "k.weight": 1e-30},
        {"o.weight": 1e-30, "o.bias": 0},
        {"patch.weight": 1e-30, "patch.bias": 0},
        {"patch.weight": 1e-9},
        {"v.weight": 1e-9, "v.bias": 0},
        {"fc1.weight": 1e-9, "fc1.bias": 0},
        {"q.weight": 1e-10},
        {"q.weight": 1e-10, "k.weight": 1e-8, "v.weight": 1e-12},
        {"q.bias": 0, "v.bias": 0, "o.bias": 0, "fc1.bias": 0, "fc2.bias": 0, "head.bias": 0},
    ],
)
@pytest.mark.parametrize("bits", [8, 16])
def test_degenerate_layers_are_computed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, float], bits: int
):
    found = fidelity(tmp_path, bits, change)
    assert found.warning is None, str(found)
    assert "saturates" not in capsys.readouterr().err


def test_the_two_models_must_be_of_one_image_and_have_the_same_logits(tmp_path: Path):
    floats, integers = quantized(tmp_path, 8, {})
    weights = open_weights(floats)
    image = np.zeros((1, 8, 8), np.float32)
    logits = make_test_vector(integers, image, weights).logits
    with pytest.raises(
        OperationError, match=r"takes images of 1x8x8, and the quantised one of 1x8"
    ):
        measure_fidelity(floats, integers, 8, image[:, :, :4], logits, weights)
    with pytest.raises(OperationError, match=rf"has {len(logits)} logits and the quantised one "):
        measure_fidelity(floats, integers, 8, image, logits[:-1], weights)
    with pytest.raises(OperationError, match="expected a model in floats"):
        measure_fidelity(integers, integers, 8, image, logits, weights)


def layer_scales(module: ModuleOp, name: str) -> tuple[float, float]:
    """Of the input and the weights of a layer."""
    (layer,) = (
        op
        for op in module.walk()
        if isinstance(op, LinearOp) and op.attributes.get("layer") == StringAttr(name)
    )
    types = element(layer.input), element(layer.weight)
    assert isinstance(types[0], QuantizedType) and isinstance(types[1], BinaryType)
    return types[0].scale.data, types[1].scale.data


@pytest.mark.parametrize("bits", [8, 16])
def test_weights_that_are_nothing_beside_their_bias_leave_other_layers_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bits: int
):
    _, usual = quantized(tmp_path, bits, {})
    assert "count as" not in capsys.readouterr().err
    _, found = quantized(tmp_path, bits, {"q.weight": 1e-10})
    assert "the binary weights 'q.weight' count as" in capsys.readouterr().err
    assert layer_scales(found, "k") == layer_scales(usual, "k")
    assert layer_scales(found, "v") == layer_scales(usual, "v")
    assert layer_scales(found, "q")[0] == layer_scales(usual, "q")[0]
    assert 1e-10 * layer_scales(usual, "q")[1] < layer_scales(found, "q")[1]


def test_the_only_layer_that_a_value_feeds_has_its_input_made_coarse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    _, usual = quantized(tmp_path, 8, {})
    _, found = quantized(tmp_path, 8, {"fc1.weight": 1e-10})
    assert "count as" not in capsys.readouterr().err
    assert layer_scales(found, "fc1")[0] > layer_scales(usual, "fc1")[0]
    ratio = layer_scales(found, "fc1")[1] / layer_scales(usual, "fc1")[1]
    assert ratio == pytest.approx(1e-10, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"q.weight": 0}, "the weights of 'q.weight' are all zero, but binary ones"),
        ({"fc2.weight": 0, "fc2.bias": 0}, "the weights of 'fc2.weight' are all zero"),
        (
            {"norm2.weight": 0, "norm2.bias": 0, "fc1.bias": 0, "fc2.weight": 1e30},
            'cannot quantise binvit.linear of layer "fc2": cannot rescale',
        ),
    ],
)
def test_what_has_no_scale_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, float], message: str
):
    with pytest.raises(PassFailedException) as error:
        quantized(tmp_path, 8, change)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"fc1.weight": 1e38, "norm2.weight": 1e3},
            "the result of binvit.linear of layer 'fc1' has values that are not",
        ),
        (
            {"patch.weight": 3e38},
            "the result of binvit.patch_embed of layer 'patch' has values that",
        ),
    ],
)
def test_values_that_are_not_finite_are_those_of_a_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, float], message: str
):
    with pytest.raises(UserError) as error:
        quantized(tmp_path, 8, change)
    assert message in str(error.value)


def test_an_epsilon_beside_which_the_residual_stream_is_nothing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    names = ("patch.weight", "patch.bias", "cls", "position", "o.weight", "fc2.weight")
    small: dict[str, float] = dict.fromkeys((*names, "o.bias", "fc2.bias"), 1e-9)
    _, integers = quantized(tmp_path, 8, small)
    with pytest.raises(OperationError) as error:
        run_passes(make_context(), integers, "binvit-map")
    assert "the epsilon of layer 'norm1', 1e-" in str(error.value)
    assert "is too large beside the residual stream" in str(error.value)


def test_the_least_cosine_rises_with_the_bits_and_one_wrong_logit_is_noticed():
    exact, found = np.array([1.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.8])
    results = [compare_logits(exact, found, bits) for bits in range(1, 17)]
    thresholds = [result.least_cosine for result in results]
    assert thresholds == sorted(thresholds)
    assert results[0].cosine == pytest.approx(0.9949, abs=1e-4)
    assert [result.bits for result in results if result.warning] == list(range(9, 17))
    close = compare_logits(exact, np.array([1.0, 1.0, 0.97]), 16)
    assert close.warning is None


def test_errors_of_logits():
    exact, found = np.array([3.0, 4.0]), np.array([3.0, 3.0])
    result = compare_logits(exact, found, 8)
    assert result.cosine == pytest.approx(0.98995, abs=1e-5)
    assert (result.largest_error, result.relative_error) == (1.0, 0.25)
    assert compare_logits(exact, found, 8).warning is not None
    assert compare_logits(exact, found, 6).warning is None
    zero = compare_logits(exact, np.zeros(2), 2)
    assert zero.cosine is None and zero.warning is not None
    assert "undefined" in str(zero)
