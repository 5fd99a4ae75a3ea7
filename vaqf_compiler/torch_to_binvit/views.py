"""
What a torch value stands for while a model is converted.

Vision Transformers spend most of their operations on moving data around: reshape, transpose,
split, select. Instead of a rule for each combination, a tensor is followed as an array of
indices into the value it was made from; NumPy itself carries out the moves on that array, and
a pattern is recognised by comparing indices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from vaqf_compiler.dialects.binvit.checks import shape_of

Indices = NDArray[np.int32]


@dataclass(frozen=True)
class Constant:
    """A tensor whose elements are known: masks and the indices they are made of."""

    elements: NDArray[Any]


@dataclass(frozen=True)
class Parameter:
    """A tensor whose elements are those of a named parameter, at `indices` of its flat data."""

    name: str
    shape: tuple[int, ...]
    """Shape of the parameter in its file."""
    indices: Indices


@dataclass(frozen=True)
class View:
    """
    A tensor whose elements are those of a `binvit` value, at `indices` of its flat data, times a
    constant `factor`.
    """

    source: SSAValue
    indices: Indices
    factor: float = 1.0


Tensor = Constant | Parameter | View

Abstract = Tensor | list["Abstract"] | int | float | bool | str | None
"""What a torch value of any type stands for."""


def whole(source: SSAValue, shape: tuple[int, ...]) -> View:
    """The elements of `source` in order, as a tensor of `shape`."""
    return View(source, np.arange(np.prod(shape), dtype=np.int32).reshape(shape))


def image_of(tensor: Tensor) -> NDArray[Any]:
    """The array that the moves of a tensor act on: its elements or their indices."""
    return tensor.elements if isinstance(tensor, Constant) else tensor.indices


def with_image(tensor: Tensor, image: NDArray[Any]) -> Tensor:
    """The same tensor after a move."""
    match tensor:
        case Constant():
            return Constant(image)
        case Parameter():
            return Parameter(tensor.name, tensor.shape, image.astype(np.int32, copy=False))
        case View():
            return View(tensor.source, image.astype(np.int32, copy=False), tensor.factor)


def as_rows(indices: Indices, width: int) -> range | None:
    """
    The rows of a matrix with `width` columns that the indices run through in order, last
    dimension fastest; None where they do anything else.
    """
    flat = indices.reshape(-1)
    first = int(flat[0]) if flat.size else 0
    whole_rows = indices.shape[-1] == width and first % width == 0
    if not whole_rows or not np.array_equal(flat, np.arange(first, first + flat.size)):
        return None
    return range(first // width, (first + flat.size) // width)


def head_columns(indices: Indices, source: SSAValue, *, keys_last: bool = False) -> range | None:
    """
    The columns of `source`, a matrix of tokens by channels, that an attention operand of shape
    `1 x heads x tokens x head size` takes, heads side by side; None where it is no such operand.
    With `keys_last` the last two dimensions are swapped.
    """
    if keys_last:
        indices = indices.swapaxes(-1, -2)
    if indices.ndim == 3:
        indices = indices[None]
    if indices.ndim != 4 or indices.shape[0] != 1:
        return None
    _, heads, tokens, size = indices.shape
    rows, width = shape_of(source)
    first = int(indices.flat[0])
    channels = np.arange(heads * size, dtype=np.int32).reshape(heads, 1, size)
    expected = first + channels + width * np.arange(tokens, dtype=np.int32)[:, None]
    if rows != tokens or first + heads * size > width:
        return None
    return range(first, first + heads * size) if np.array_equal(indices[0], expected) else None
