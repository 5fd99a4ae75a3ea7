"""
A quantised model without its numbers: every range is 1 and every parameter 0. It has the
operations, shapes and bits of the real model, on which alone the choice of an accelerator depends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.transforms.dead_code_elimination import dce
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import ParameterOp
from vaqf_compiler.dialects.binvit.checks import is_quantized, shape_of
from vaqf_compiler.dialects.binvit.model import model_function
from vaqf_compiler.quantize.ranges import Ranges, Statistics
from vaqf_compiler.quantize.rewriter import RESIDUAL_BITS, quantize_function
from vaqf_compiler.quantize.roles import binary_weights
from vaqf_compiler.quantize.scales import symmetric
from vaqf_compiler.reference.interpreter import Array


class _UnitStatistics(Mapping[SSAValue, Statistics]):
    """Statistics in which every value is at most 1."""

    def __getitem__(self, value: SSAValue) -> Statistics:
        return Statistics(largest=1.0)

    def __iter__(self) -> Iterator[SSAValue]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _zeros(parameter: ParameterOp) -> Array:
    return np.broadcast_to(np.float32(0), shape_of(parameter.result))


def quantized_structure(module: ModuleOp, bits: int) -> ModuleOp:
    """
    Return a copy of a float model, quantised to activations of `bits` bits. Raises
    PassFailedException for a module that is not a float model of one image.
    """
    copy = module.clone()
    function = model_function(copy)
    if is_quantized(function.args[0]):
        raise PassFailedException(
            "the model is quantised already; its precision is selected before binvit-quantize"
        )
    quantize_function(
        function,
        bits=bits,
        ranges=Ranges(_UnitStatistics(), "minmax"),
        residual=symmetric(RESIDUAL_BITS, 1.0),
        binary=dict.fromkeys(binary_weights(function), 1.0),
        read=_zeros,
    )
    dce(copy)
    return copy
