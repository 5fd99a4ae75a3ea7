"""Proof that an import is right: the interpreted IR against PyTorch, on random images."""

from __future__ import annotations

import numpy as np
import torch
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.importer.models import Model
from vaqf_compiler.reference import run_function
from vaqf_compiler.weights import open_weights


def largest_difference(
    model: Model, module: ModuleOp, *, images: int = 2, seed: int = 0
) -> tuple[float, float]:
    """
    The largest absolute difference of logits between PyTorch and the interpreted model-level IR
    over seeded Gaussian images, and the largest logit of PyTorch, to compare it with.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = open_weights(module)
    difference, magnitude = 0.0, 0.0
    for _ in range(images):
        image = torch.randn(model.input_shape, generator=generator)
        with torch.no_grad():
            expected = model.module(image).numpy()
        (found,) = run_function(module, "main", [image[0].numpy()], weights)
        difference = max(difference, float(np.abs(found - expected).max()))
        magnitude = max(magnitude, float(np.abs(expected).max()))
    return difference, magnitude
