"""`binvit-quantize{weights=FILE}`: weights of the model that the IR is, and used ever after."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file
from small_project import tool

from vaqf_compiler.cli import vaqf_opt
from vaqf_compiler.emit.project import make_test_vector
from vaqf_compiler.pipeline import make_context, read_module
from vaqf_compiler.weights import open_weights

INPUTS = Path(__file__).parent.parent / "passes" / "Inputs"
Tensors = dict[str, torch.Tensor]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An IR file beside its weights."""
    for name in ("model.mlir", "model.safetensors"):
        shutil.copy(INPUTS / name, tmp_path / name)
    return tmp_path / "model.mlir"


def stored(model: Path) -> Tensors:
    return {k: torch.from_numpy(v) for k, v in load_file(model.with_suffix(".safetensors")).items()}


def quantize(model: Path, weights: Path, output: Path) -> int:
    passes = f'binvit-canonicalize-tokens,binvit-quantize{{weights="{weights}"}}'
    return tool(vaqf_opt.main, str(model), "-p", passes, "-o", str(output))


def logits(path: Path) -> np.ndarray:
    module = read_module(make_context(), path)
    image = np.random.default_rng(0).standard_normal((1, 8, 8)).astype(np.float32)
    return make_test_vector(module, image, open_weights(module)).logits


def transposed(tensors: Tensors) -> None:
    tensors["fc1.weight"] = tensors["fc1.weight"].T.contiguous()


def cut(tensors: Tensors) -> None:
    tensors["fc1.bias"] = tensors["fc1.bias"][1:].contiguous()


def longer(tensors: Tensors) -> None:
    tensors["position"] = torch.randn(1, 17, *tensors["position"].shape[-1:])


def missing(tensors: Tensors) -> None:
    del tensors["head.bias"]


def whole_numbers(tensors: Tensors) -> None:
    tensors["head.bias"] = tensors["head.bias"].to(torch.int8)


def not_a_number(tensors: Tensors) -> None:
    tensors["head.bias"][0] = torch.nan


def too_great(tensors: Tensors) -> None:
    tensors["head.bias"] = tensors["head.bias"].double() + 1e300


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (transposed, r"'fc1.weight' of '.*other.safetensors' has shape (16, 32), not (32, 16)"),
        (cut, r"'fc1.bias' of '.*other.safetensors' has 31 rows, not 32"),
        (longer, r"'position' of '.*other.safetensors' has 17 rows, not 5"),
        (missing, r"'.*other.safetensors' has no tensor 'head.bias'"),
        (whole_numbers, r"'head.bias' of '.*other.safetensors' is of kind I8"),
        (not_a_number, r"'head.bias' of '.*other.safetensors' has values that are not finite"),
        (too_great, r"'head.bias' of '.*other.safetensors' has values that are not finite"),
    ],
)
def test_weights_of_another_model_are_refused(
    model: Path, capsys: pytest.CaptureFixture[str], change: object, message: str
):
    assert callable(change)
    tensors = stored(model)
    change(tensors)
    other, output = model.with_name("other.safetensors"), model.with_name("quantized.mlir")
    save_file(tensors, other)
    assert quantize(model, other, output) == 1
    error = capsys.readouterr().err
    before, _, after = message.partition(".*")
    assert before in error and after in error and "Traceback" not in error
    assert not output.exists()


def test_later_passes_read_the_weights_that_the_scales_are_of(model: Path, tmp_path: Path):
    other = tmp_path / "elsewhere" / "other.safetensors"
    other.parent.mkdir()
    save_file({name: -2 * value for name, value in stored(model).items()}, other)
    output = tmp_path / "quantized.mlir"
    assert quantize(model, other, output) == 0
    assert 'binvit.weights = "elsewhere/other.safetensors"' in output.read_text()

    # The same from an IR file whose own weights these are, and to another directory.
    shutil.copy(model, other.with_suffix(".mlir"))
    shutil.copy(other, other.with_name("model.safetensors"))
    away = tmp_path / "away" / "quantized.mlir"
    away.parent.mkdir()
    passes = "binvit-canonicalize-tokens,binvit-quantize"
    source = str(other.with_suffix(".mlir"))
    assert tool(vaqf_opt.main, source, "-p", passes, "-o", str(away)) == 0
    assert 'binvit.weights = "../elsewhere/model.safetensors"' in away.read_text()
    np.testing.assert_array_equal(logits(output), logits(away))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_point_numbers_are_converted(model: Path, tmp_path: Path, kind: torch.dtype):
    tensors = {name: value.to(kind) for name, value in stored(model).items()}
    save_file(tensors, tmp_path / "other.safetensors")
    save_file({k: v.float() for k, v in tensors.items()}, tmp_path / "same.safetensors")
    for name in ("other", "same"):
        assert quantize(model, tmp_path / f"{name}.safetensors", tmp_path / f"{name}.mlir") == 0
    np.testing.assert_array_equal(logits(tmp_path / "other.mlir"), logits(tmp_path / "same.mlir"))


def test_a_path_without_quotes_is_a_sentence(model: Path, capsys: pytest.CaptureFixture[str]):
    passes = "binvit-quantize{weights=./model.safetensors}"
    assert tool(vaqf_opt.main, str(model), "-p", passes) == 1
    assert 'needs double quotes, as in weights="./model.safetensors"' in capsys.readouterr().err
