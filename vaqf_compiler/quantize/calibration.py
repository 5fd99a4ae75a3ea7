"""
Calibration: the ranges of a model's values on a batch of images, from which the scales follow.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.dialects.binvit import ParameterOp
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.errors import UserError
from vaqf_compiler.filenames import path_of
from vaqf_compiler.images import check_batch, read_images
from vaqf_compiler.quantize.ranges import Ranges, Statistics
from vaqf_compiler.reference import run_function
from vaqf_compiler.reference.interpreter import Array, Weights


def calibration_images(
    module: ModuleOp, path: str | None, shape: tuple[int, ...], count: int, seed: int
) -> NDArray[np.float32]:
    """
    Return the images of a `.npy` file as `NxCxHxW`, or `count` images of Gaussian noise from
    `seed`. Raises UserError if the file has another format or shape, or pixels that were not
    preprocessed as `module` specifies.
    """
    if path is None:
        print(
            f"binvit-quantize: calibrating on {count} images of Gaussian noise (seed {seed}); "
            "give calibration=IMAGES.npy for real ranges",
            file=sys.stderr,
        )
        return np.random.default_rng(seed).standard_normal((count, *shape), dtype=np.float32)
    images = read_images(path_of(path), "calibration images")
    check_batch(images, f"the array of calibration images '{path}'", module, shape)
    return images


def _name(value: SSAValue) -> str:
    """Return the name of a value of the model for a message."""
    owner = value.owner
    if not isinstance(owner, Operation):
        return "the image"
    if isinstance(owner, ParameterOp):
        return f"the parameter '{owner.parameter.data}'"
    layer = owner.attributes.get("layer")
    if isinstance(layer, StringAttr):
        return f"the result of {owner.name} of layer '{layer.data}'"
    hint = "" if value.name_hint is None else f" (%{value.name_hint})"
    return f"a result of {owner.name}{hint}"


def observe_ranges(
    module: ModuleOp,
    function: func.FuncOp,
    images: NDArray[np.float32],
    weights: Weights,
    binary: Mapping[ParameterOp, float],
    method: str,
) -> Ranges:
    """
    Return the ranges that the tensors of `function` take on the images, to be clipped by one of
    `METHODS`; `binary` has the scales of binary weights. Raises UserError if a value is not finite.
    """
    assert images.shape[1:] == shape_of(function.args[0])
    statistics: dict[SSAValue, Statistics] = {}

    def find_largest(value: SSAValue, array: Array) -> None:
        largest = float(np.abs(array).max())
        if not np.isfinite(largest):
            raise UserError(
                f"{_name(value)} has values that are not finite; check the weights and the "
                "calibration images"
            )
        seen = statistics.setdefault(value, Statistics())
        seen.largest = max(seen.largest, largest)

    def count(value: SSAValue, array: Array) -> None:
        if not isinstance(value.owner, ParameterOp):
            statistics[value].count(array)

    observers = (find_largest,) if method == "minmax" else (find_largest, count)
    passes = [(observe, image) for observe in observers for image in images]
    for observe, image in tqdm(passes, "calibrating", unit="image", disable=None, leave=False):
        observe(function.args[0], image)
        run_function(module, function.sym_name.data, [image], weights, observe, binary)
    return Ranges(statistics, method)
