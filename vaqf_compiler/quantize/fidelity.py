"""
How close the logits of a quantised model are to those of the float model with the same binary
weights, on one image. Simulations only compare integers with integers, and do not show this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.dialects.binvit.checks import is_quantized, quantized, shape_of
from vaqf_compiler.dialects.binvit.model import model_function, result_of
from vaqf_compiler.errors import OperationError
from vaqf_compiler.quantize.roles import binary_weights
from vaqf_compiler.quantize.scales import binary_scale
from vaqf_compiler.reference import run_function
from vaqf_compiler.reference.interpreter import Array, BinvitFunctions, Weights

LEAST_COSINE = {1: 0.0, 2: 0.2, 3: 0.5, 4: 0.8, 5: 0.9, 6: 0.95, 7: 0.98, 8: 0.99, 9: 0.995}
"""
The cosine below which a warning is printed, for each number of bits of activations; see
docs/arithmetic.md.
"""
LEAST_COSINE_OF_MORE = 0.997


@dataclass(frozen=True)
class Fidelity:
    """Comparison of the integer logits with those of the float model."""

    bits: int
    """Bits of activations."""
    cosine: float | None
    """Cosine of the two vectors of logits; None if one of them is all zero."""
    largest_error: float
    """Largest absolute error of a logit."""
    relative_error: float | None
    """The largest error in units of the float model's largest absolute logit; None if that is 0."""

    @property
    def least_cosine(self) -> float:
        """The cosine below which something is probably wrong."""
        return LEAST_COSINE.get(self.bits, LEAST_COSINE_OF_MORE)

    def __str__(self) -> str:
        cosine = (
            "undefined, as logits are all zero" if self.cosine is None else f"{self.cosine:.5f}"
        )
        relative = (
            "" if self.relative_error is None else f" ({self.relative_error:.2%} of the largest)"
        )
        return (
            f"integers against floats with the same binary weights: cosine of the logits {cosine}, "
            f"largest error {self.largest_error:.3g}{relative}"
        )

    @property
    def warning(self) -> str | None:
        """The warning about a cosine that is undefined or too small; None if it is large enough."""
        if self.cosine is not None and self.cosine >= self.least_cosine:
            return None
        return (
            f"with {self.bits} bits a cosine of at least {self.least_cosine:g} is usual; calibrate "
            "on images of your own, try another calibration method or more bits, and look for "
            "layers whose values are out of proportion"
        )

    def json(self) -> dict[str, float | None]:
        """Return the values as `report.json` contains them."""
        return {
            "cosine": self.cosine,
            "largest_error": self.largest_error,
            "relative_error": self.relative_error,
        }


def float_logits(model: ModuleOp, image: NDArray[np.float32], weights: Weights) -> Array:
    """
    Return the logits of a float model whose binary weights are in place. The model is not changed.
    Raises OperationError if it is not a float model, or if its images have another shape.
    """
    copy = model.clone()
    function = model_function(copy)
    if is_quantized(function.args[0]) or is_quantized(result_of(function)):
        raise OperationError(
            function, "expected a model in floats, and this one is quantised; compile it again"
        )
    if shape_of(function.args[0]) != image.shape:
        raise OperationError(
            function,
            f"the model takes images of {_sizes(shape_of(function.args[0]))}, and the quantised "
            f"one of {_sizes(image.shape)}; compile it again",
        )
    functions = BinvitFunctions(weights)
    binary = {weight: binary_scale(functions.read(weight)) for weight in binary_weights(function)}
    (logits,) = run_function(copy, function.sym_name.data, [image], weights, binary=binary)
    return logits.reshape(-1).astype(np.float64)


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def measure_fidelity(
    model: ModuleOp,
    integers: ModuleOp,
    bits: int,
    image: NDArray[np.float32],
    logits: NDArray[np.int64],
    weights: Weights,
) -> Fidelity:
    """
    Compare `logits`, which the quantised model `integers` computes for an image, with those of the
    float model `model`; `bits` is the number of bits of activations. Raises OperationError as
    `float_logits` does, and if the two models differ in the number of logits.
    """
    scale = quantized("logits", result_of(model_function(integers))).scale.data
    exact = float_logits(model, image, weights)
    if len(exact) != len(logits):
        raise OperationError(
            model_function(model),
            f"the model has {len(exact)} logits and the quantised one {len(logits)}; compile it "
            "again",
        )
    return compare_logits(exact, logits * scale, bits)


def compare_logits(exact: Array, found: Array, bits: int) -> Fidelity:
    """Compare two vectors of logits."""
    norms = float(np.linalg.norm(exact) * np.linalg.norm(found))
    largest, error = float(np.abs(exact).max()), float(np.abs(found - exact).max())
    return Fidelity(
        bits=bits,
        cosine=float(exact @ found) / norms if norms else None,
        largest_error=error,
        relative_error=error / largest if largest else None,
    )
