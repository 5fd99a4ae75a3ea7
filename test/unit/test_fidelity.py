"""Integer models against float ones, layers of zeros and other degenerate ones included."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.emit.project import make_test_vector
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
        {"patch.weight": 1e-9},
        {"v.weight": 1e-9, "v.bias": 0},
        {"fc1.weight": 1e-9, "fc1.bias": 0},
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"q.weight": 0}, "the weights of 'q.weight' are all zero, but binary ones"),
        ({"fc2.weight": 0, "fc2.bias": 0}, "the weights of 'fc2.weight' are all zero"),
        (
            {"fc1.weight": 1e30},
            'cannot quantise binvit.patch_embed of layer "patch": cannot rescale',
        ),
    ],
)
def test_what_has_no_scale_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, float], message: str
):
    with pytest.raises(PassFailedException) as error:
        quantized(tmp_path, 8, change)
    assert message in str(error.value)


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
