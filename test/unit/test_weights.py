"""Reading parameters by name from the `.safetensors` file that a module names."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from xdsl.dialects.builtin import ModuleOp, StringAttr

from vaqf_compiler.errors import UserError
from vaqf_compiler.weights import ATTRIBUTE, WeightFile, open_weights, search_directory

TENSORS = {"bias": np.arange(3, dtype=np.float32), "weight": np.eye(3, dtype=np.float32)}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with the weights of a model."""
    save_file(TENSORS, tmp_path / "model.safetensors")
    return tmp_path


def module(weights: str | None) -> ModuleOp:
    attributes = {} if weights is None else {ATTRIBUTE: StringAttr(weights)}
    return ModuleOp([], attributes)


def test_tensors_by_name(directory: Path):
    weights = WeightFile(directory / "model.safetensors")
    assert list(weights) == ["bias", "weight"]
    assert "bias" in weights and "gamma" not in weights
    for name, value in TENSORS.items():
        np.testing.assert_array_equal(weights[name], value)


def test_found_beside_the_ir_file(directory: Path):
    token = search_directory.set(directory)
    try:
        assert len(open_weights(module("model.safetensors"))) == len(TENSORS)
    finally:
        search_directory.reset(token)


def test_option_goes_before_attribute(directory: Path):
    path = directory / "model.safetensors"
    assert open_weights(module("other.safetensors"), str(path)).path == path


def test_missing_tensor(directory: Path):
    weights = WeightFile(directory / "model.safetensors")
    with pytest.raises(UserError, match=r"model\.safetensors' has no tensor 'gamma'"):
        weights["gamma"]


def test_missing_file():
    with pytest.raises(
        UserError, match=r"'nowhere\.safetensors' does not exist; 'binvit\.weights'"
    ):
        open_weights(module("nowhere.safetensors"))
    with pytest.raises(UserError, match=r"'nowhere\.safetensors' does not exist$"):
        open_weights(module(None), "nowhere.safetensors")


def test_no_file_named():
    with pytest.raises(UserError, match=r"no 'binvit\.weights' attribute"):
        open_weights(module(None))


def test_other_format(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    path.write_text("not weights")
    with pytest.raises(UserError, match=r"is not a \.safetensors file"):
        WeightFile(path)
