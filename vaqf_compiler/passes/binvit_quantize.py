"""
Before:

    %1 = binvit.layer_norm %0, %gamma, %beta ... -> tensor<197x768xf32>
    %2 = binvit.linear %1, %weight bias %bias : ... -> tensor<197x768xf32>

After, with activation-bits=8; weights of the encoder are signs, sums are exact, and each change
of scale is an operation of its own:

    %1 = binvit.layer_norm %0, %g, %b ... -> tensor<197x768x!binvit.q<s8, 0.036>>
    %w = binvit.quantize %weight : ... -> tensor<768x768x!binvit.binary<0.016>>
    %2 = binvit.linear %1, %w bias %c : ... -> tensor<197x768x!binvit.q<s18, 0.00058>>
    %3 = binvit.requantize %2 by 50332 shift 22 : ... -> tensor<197x768x!binvit.q<s8, 0.048>>

The integer arithmetic is defined in docs/arithmetic.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.transforms.dead_code_elimination import dce
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import ParameterOp
from vaqf_compiler.dialects.binvit.checks import is_quantized, shape_of
from vaqf_compiler.dialects.binvit.mapping import selected
from vaqf_compiler.dialects.binvit.model import model_function
from vaqf_compiler.errors import OperationError
from vaqf_compiler.quantize.calibration import calibration_images, observe_ranges
from vaqf_compiler.quantize.ranges import METHODS
from vaqf_compiler.quantize.rewriter import RESIDUAL_BITS, quantize_function
from vaqf_compiler.quantize.roles import binary_weights, is_residual
from vaqf_compiler.quantize.scales import binary_scale, symmetric
from vaqf_compiler.reference.interpreter import Array, BinvitFunctions
from vaqf_compiler.weights import WeightFile, name_weights, open_weights

MOST_VALUES = 1 << 28
"""Of all noise images together, which are a GiB."""


def _name(weight: ParameterOp) -> str:
    """A parameter with its rows, if it is not whole, as messages name it."""
    name = f"'{weight.parameter.data}'"
    if weight.first_row is None:
        return name
    first = weight.first_row.value.data
    return f"{name}, rows {first} to {first + shape_of(weight.result)[0] - 1},"


@dataclass(frozen=True)
class BinvitQuantizePass(ModulePass):
    """Make weights binary and activations integers of few bits, with scales from calibration."""

    name = "binvit-quantize"

    activation_bits: int | None = None
    """Bits of what feeds linear layers and attention, 1..16: as selected, or 8."""
    calibration: str | None = None
    """A `.npy` file of images, NxCxHxW; without it, Gaussian noise."""
    method: str = "mse"
    """How a range is chosen from what calibration sees: minmax, percentile (99.99) or mse."""
    images: int = 2
    """How many noise images."""
    seed: int = 0
    """Of the noise."""
    weights: str | None = None
    """Another `.safetensors` file than the module names, which names it from then on."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        bits = self.activation_bits
        if bits is None:
            bits = selected(op, "activation_bits") or 8
        if not 1 <= bits <= 16:
            raise PassFailedException(f"activation-bits must be in 1..16, got {bits}")
        if self.images < 1:
            raise PassFailedException(f"images must be at least 1, got {self.images}")
        if self.seed < 0:
            raise PassFailedException(f"seed must be a whole number from 0 up, got {self.seed}")
        if self.method not in METHODS:
            methods = ", ".join(METHODS)
            raise PassFailedException(f"method must be one of {methods}, got '{self.method}'")
        function = model_function(op)
        if is_quantized(function.args[0]):
            raise PassFailedException("the model is quantised already")
        most = max(MOST_VALUES // max(math.prod(shape_of(function.args[0])), 1), 1)
        if self.images > most:
            raise PassFailedException(
                f"images must be at most {most:,} of this size, got {self.images:,}"
            )
        weights = open_weights(op, self.weights)
        self._quantize(op, function, bits, weights)
        if self.weights is not None:  # later passes must not take others for these scales
            name_weights(op, weights.path)
        dce(op)

    def _quantize(
        self, module: ModuleOp, function: func.FuncOp, bits: int, weights: WeightFile
    ) -> None:
        def read(parameter: ParameterOp) -> Array:
            return BinvitFunctions(weights).read(parameter)

        binary = {weight: binary_scale(read(weight)) for weight in binary_weights(function)}
        for weight, scale in binary.items():
            if not scale:
                raise OperationError(
                    weight,
                    f"the weights of {_name(weight)} are all zero, but binary ones are plus or "
                    "minus their mean absolute value; train the model, or leave the layer out",
                )
        image = function.args[0]
        images = calibration_images(
            module, self.calibration, shape_of(image), self.images, self.seed
        )
        ranges = observe_ranges(module, function, images, weights, binary, self.method)
        stream = [ranges.largest(value) for value in ranges.statistics if is_residual(value)]
        largest_residual = max(stream, default=1.0)

        quantize_function(
            function,
            bits=bits,
            ranges=ranges,
            residual=symmetric(RESIDUAL_BITS, largest_residual),
            binary=binary,
            read=read,
        )
