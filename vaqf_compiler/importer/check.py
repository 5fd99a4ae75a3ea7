"""
Proof that an import is right: the interpreted IR against PyTorch, on random images.

Logits are compared with how much they differ between images. Where they hardly do, as with a head
of zeros, or where a parameter repeats one number, in whose place another could be taken unnoticed,
they are compared once more with random numbers for all parameters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.func import functional_call
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.errors import UserError
from vaqf_compiler.importer.models import Model
from vaqf_compiler.reference import run_function
from vaqf_compiler.torch_to_binvit.views import without_leading_ones
from vaqf_compiler.weights import open_weights

TOLERANCE = 1e-4
"""How much logits may differ from PyTorch's, in units of how much they differ between images."""

TELLING = 0.1
"""
The difference of logits between images, in units of the largest, from which on a comparison says
something; float32 rounds to about a millionth of the largest in a deep model.
"""

Weights = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Comparison:
    """Logits of the interpreted IR and of PyTorch, on the same images."""

    difference: float
    """The largest."""
    variation: float
    """The largest difference of PyTorch's logits between the images."""
    magnitude: float
    """The largest of PyTorch's logits."""
    tolerance: float
    """The largest difference that is allowed."""
    random_weights: bool = False
    """Whether another comparison, with random numbers for all parameters, was made as well."""

    def __str__(self) -> str:
        more = "; also with random weights" if self.random_weights else ""
        return (
            f"logits differ from PyTorch's by at most {self.difference:.2e} (allowed: "
            f"{self.tolerance:.2e}, the logits vary by {self.variation:.2e}){more}"
        )


def check_against_pytorch(
    model: Model, module: ModuleOp, weights: Weights, tolerance: float = TOLERANCE
) -> Comparison:
    """
    Compare a float module with the model that it was made from, whose parameters are in `weights`.
    Raises UserError where they differ by more than `tolerance` allows, where logits are not finite,
    or where they do not depend on the image.
    """
    own = _compare(model, module, weights, {}, tolerance)
    repeats = any(p.numel() > 1 and bool(p.min() == p.max()) for p in model.module.parameters())
    if own.variation >= TELLING * own.magnitude > 0 and not repeats:
        return own
    drawn = _random_parameters(model.module)
    values = {model.parameter_name(name): value.numpy() for name, value in drawn.items()}
    other = _compare(model, module, {**weights, **values}, drawn, tolerance)
    if other.variation <= 1e-3 * TELLING * other.magnitude:
        raise UserError("the model's logits do not depend on the image, whatever its weights are")
    return Comparison(own.difference, own.variation, own.magnitude, own.tolerance, True)


def largest_difference(model: Model, module: ModuleOp, *, seed: int = 0) -> tuple[float, float]:
    """
    The largest difference between the logits of PyTorch and of the interpreted model-level IR on
    seeded Gaussian images, and the largest logit of PyTorch.
    """
    found, expected = _logits(model, module, open_weights(module), {}, seed)
    return float(np.abs(found - expected).max()), float(np.abs(expected).max())


def _compare(
    model: Model,
    module: ModuleOp,
    weights: Weights,
    parameters: Mapping[str, torch.Tensor],
    tolerance: float,
) -> Comparison:
    found, expected = _logits(model, module, weights, parameters, 0)
    if not np.isfinite(expected).all():
        raise UserError("PyTorch's logits are not finite: the weights are too large, or damaged")
    variation = float(np.abs(expected[0] - expected[1]).max())
    magnitude = float(np.abs(expected).max())
    comparison = Comparison(
        difference=float(np.abs(found - expected).max()),
        variation=variation,
        magnitude=magnitude,
        tolerance=tolerance * max(variation, TELLING * magnitude),
    )
    if not comparison.difference <= comparison.tolerance:  # nor is NaN
        raise UserError(
            f"the converted model differs from PyTorch's: {comparison}; this is a fault of the "
            "compiler, please report it with the model"
        )
    return comparison


def _logits(
    model: Model,
    module: ModuleOp,
    weights: Weights,
    parameters: Mapping[str, torch.Tensor],
    seed: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """
    Of the IR and of PyTorch, for two images of different mean and contrast. PyTorch computes with
    `parameters` in place of its own of the same names. Raises UserError for other shapes.
    """
    generator = torch.Generator().manual_seed(seed)
    pairs: list[tuple[NDArray[Any], NDArray[Any]]] = []
    for mean, deviation in ((0.0, 1.0), (1.0, 0.5)):
        image = mean + deviation * torch.randn(model.input_shape, generator=generator)
        with torch.no_grad():
            expected = functional_call(model.module, dict(parameters), (image,)).numpy()
        (found,) = run_function(module, "main", [image[0].numpy()], weights)
        if without_leading_ones(found.shape) != without_leading_ones(expected.shape):
            raise UserError(
                f"the converted model returns logits of shape {found.shape}, PyTorch of "
                f"{expected.shape}; this is a fault of the compiler, please report it"
            )
        pairs.append((found, expected.reshape(found.shape)))
    return np.stack([found for found, _ in pairs]), np.stack([expected for _, expected in pairs])


def _random_parameters(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """
    Seeded numbers for all parameters, with which each matters: matrices and filters keep the
    variance of what they multiply, vectors are around one. Tied ones stay tied.
    """
    generator = torch.Generator().manual_seed(0)
    drawn: dict[int, torch.Tensor] = {}
    named = dict(module.named_parameters(remove_duplicate=False))
    for parameter in named.values():
        if id(parameter) in drawn:
            continue
        if parameter.ndim > 1:
            fan_in = math.prod(parameter.shape[1:])
            value = torch.randn(parameter.shape, generator=generator) / math.sqrt(max(fan_in, 1))
        else:
            value = 0.5 + torch.rand(parameter.shape, generator=generator)
        drawn[id(parameter)] = value
    return {name: drawn[id(parameter)] for name, parameter in named.items()}
