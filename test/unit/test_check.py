"""The comparison with PyTorch: what it lets pass says something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.errors import UserError
from vaqf_compiler.importer import check
from vaqf_compiler.importer.check import Comparison, check_against_pytorch
from vaqf_compiler.importer.models import Model, load_model
from vaqf_compiler.importer.torch_export import import_model
from vaqf_compiler.ir_text import parse_module
from vaqf_compiler.pipeline import make_context, run_passes

INPUTS = Path(__file__).parent / "Inputs"
Weights = dict[str, np.ndarray]


def imported(
    change: Callable[[nn.Module], None] = lambda _: None,
) -> tuple[Model, ModuleOp, Weights]:
    """A model, what becomes of it, and its weights."""
    model = load_model(f"{INPUTS / 'vit_variants.py'}:layer_scaled", input_shape=(1, 3, 8, 8))
    with torch.no_grad():
        for parameter in model.module.parameters():  # nothing that repeats one number
            parameter.add_(torch.randn_like(parameter) * 0.02)
        change(model.module)
    found = import_model(model, "weights.safetensors")
    context = make_context()
    module = parse_module(context, found.text, "test")
    run_passes(context, module, "convert-torch-to-binvit")
    return model, module, {name: value.numpy() for name, value in found.tensors.items()}


def scale(name: str, factor: float) -> Callable[[nn.Module], None]:
    def change(module: nn.Module) -> None:
        for key, parameter in module.named_parameters():
            if key.startswith(name):
                parameter.mul_(factor)

    return change


def test_weights_of_many_numbers_are_compared_once():
    comparison = check_against_pytorch(*imported(scale("head.bias", 0.01)))
    assert not comparison.random_weights
    assert comparison.difference < comparison.tolerance < 1e-3 * comparison.variation
    assert "logits differ from PyTorch's by at most" in str(comparison)


@pytest.mark.parametrize("factor", [1e-8, 1e-3, 1e3, 1e8])
def test_the_size_of_logits_does_not_matter(factor: float):
    model, module, weights = imported(scale("head", factor))
    check_against_pytorch(model, module, weights)
    wrong = {**weights, "head.bias": weights["head.bias"] * 1.01}
    with pytest.raises(UserError, match="differs from PyTorch's"):
        check_against_pytorch(model, module, wrong)


def constant(name: str, value: float) -> Callable[[nn.Module], None]:
    def change(module: nn.Module) -> None:
        dict(module.named_parameters())[name].fill_(value)

    return change


@pytest.mark.parametrize(
    "change",
    [scale("head", 0), constant("block.scale", 0), constant("norm.weight", 1)],
    ids=["head of zeros", "dead branches", "weights of one"],
)
def test_what_says_nothing_is_repeated_with_random_weights(change: Callable[[nn.Module], None]):
    assert check_against_pytorch(*imported(change)).random_weights


def test_a_large_bias_does_not_hide_the_rest():
    model, module, weights = imported(scale("head.bias", 1e6))
    assert check_against_pytorch(model, module, weights).random_weights


def test_a_wrong_branch_that_is_dead_is_found():
    """With a scale of zero, the logits are right whatever the branch computes."""
    model, module, weights = imported(constant("block.scale", 0))
    attention: Any = model.module.get_submodule("block.attention")
    split = attention.split
    attention.split = lambda x: (split(x)[1], split(x)[0], split(x)[2])  # pyright: ignore
    with pytest.raises(UserError, match="differs from PyTorch's"):
        check_against_pytorch(model, module, weights)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 3e38])
def test_logits_that_are_not_finite_fail(value: float):
    model, module, weights = imported()
    parameters = dict(model.module.named_parameters())
    with torch.no_grad():
        parameters["head.weight"].fill_(value)
        parameters["norm.bias"].fill_(10.0)
    with pytest.raises(UserError, match="PyTorch's logits are not finite"):
        check_against_pytorch(model, module, weights)


def test_only_the_converted_model_not_finite_fails_too():
    model, module, weights = imported()
    weights["head.bias"] = np.full_like(weights["head.bias"], np.nan)
    with pytest.raises(UserError, match="differs from PyTorch's"):
        check_against_pytorch(model, module, weights)


def test_another_shape_is_not_broadcast():
    model, module, weights = imported()

    class Wider(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model.module

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return self.inner(image).expand(2, -1)

    wider = Model("wider", Wider().eval(), model.input_shape, "")
    with pytest.raises(UserError, match=r"logits of shape \(1, 6\), PyTorch of \(2, 6\)"):
        check_against_pytorch(wider, module, weights)


def test_logits_depend_on_the_image(monkeypatch: pytest.MonkeyPatch):
    model, module, weights = imported()
    ones = np.ones((1, 6), np.float32)
    monkeypatch.setattr(check, "run_function", lambda *_: (ones,))  # pyright: ignore

    class Deaf(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model.module

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return self.inner(image) * 0 + 1

    deaf = Model("deaf", Deaf().eval(), model.input_shape, "")
    with pytest.raises(UserError, match="logits do not depend on the image"):
        check_against_pytorch(deaf, module, weights)


def test_the_comparison_is_a_sentence():
    text = str(Comparison(1e-7, 0.5, 2.0, 5e-5, random_weights=True))
    assert text == (
        "logits differ from PyTorch's by at most 1.00e-07 (allowed: 5.00e-05, the logits vary by "
        "5.00e-01); also with random weights"
    )
