"""
What a torch value stands for while a model is converted.

Vision Transformers spend most of their operations on moving data around: reshape, transpose,
split, select. Instead of a rule for each combination, a tensor is followed as an array of
indices into the value it was made from; NumPy itself carries out the moves on that array, and
a pattern is recognised by comparing indices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from vaqf_compiler.dialects.binvit.checks import shape_of

Indices = NDArray[np.int32]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Constant:
    """A tensor whose elements are known: masks and the indices they are made of."""

    elements: NDArray[Any]


@dataclass(frozen=True)
class Parameter:
    """A tensor whose elements are those of a named parameter, at `indices` of its flat data."""

    name: str
    stored_shape: Shape
    """Shape of the parameter in its file."""
    indices: Indices


@dataclass(frozen=True)
class View:
    """A tensor whose elements are those of a `binvit` value, at `indices` of its flat data."""

    source: SSAValue
    indices: Indices

    @property
    def is_whole(self) -> bool:
        """Whether it has all elements of its source in their order, whatever its shape."""
        count = math.prod(shape_of(self.source))
        return np.array_equal(self.indices.reshape(-1), np.arange(count))


@dataclass(frozen=True)
class Scaled:
    """
    The elements of a view times a constant other than one. It is no `View`, so that no rule can
    take it for one and forget the factor.
    """

    view: View
    factor: float


Tensor = Constant | Parameter | View | Scaled

Abstract = Tensor | list["Abstract"] | int | float | bool | str | None
"""What a torch value of any type stands for."""


def whole(source: SSAValue, shape: Shape) -> View:
    """The elements of `source` in order, as a tensor of `shape`, which has as many."""
    assert math.prod(shape) == math.prod(shape_of(source))
    return View(source, np.arange(math.prod(shape), dtype=np.int32).reshape(shape))


def scaled(tensor: View | Scaled, factor: float) -> View | Scaled:
    """The tensor times a constant."""
    view, old = split_factor(tensor)
    return view if old * factor == 1.0 else Scaled(view, old * factor)


def split_factor(tensor: View | Scaled) -> tuple[View, float]:
    """A view and the constant that it is multiplied by: who calls this takes care of both."""
    return (tensor.view, tensor.factor) if isinstance(tensor, Scaled) else (tensor, 1.0)


def image_of(tensor: Tensor) -> NDArray[Any]:
    """The array that the moves of a tensor act on: its elements or their indices."""
    match tensor:
        case Constant():
            return tensor.elements
        case Scaled():
            return tensor.view.indices
        case _:
            return tensor.indices


def with_image(tensor: Tensor, image: NDArray[Any]) -> Tensor:
    """The same tensor after a move."""
    match tensor:
        case Constant():
            return Constant(image)
        case Parameter():
            return Parameter(tensor.name, tensor.stored_shape, image.astype(np.int32, copy=False))
        case View():
            return View(tensor.source, image.astype(np.int32, copy=False))
        case Scaled():
            moved = View(tensor.view.source, image.astype(np.int32, copy=False))
            return Scaled(moved, tensor.factor)


def without_leading_ones(shape: Shape) -> Shape:
    """A shape without the dimensions of size one in front, such as the batch."""
    while shape and shape[0] == 1:
        shape = shape[1:]
    return shape


def as_rows(indices: Indices, width: int) -> range | None:
    """
    The rows of a matrix with `width` columns that the indices run through in order, last
    dimension fastest; None where they do anything else.
    """
    if not indices.size or not indices.ndim:
        return None
    flat = indices.reshape(-1)
    first = int(flat[0])
    whole_rows = indices.shape[-1] == width and first % width == 0
    if not whole_rows or not np.array_equal(flat, np.arange(first, first + flat.size)):
        return None
    return range(first // width, (first + flat.size) // width)


def head_columns(indices: Indices, source: SSAValue) -> range | None:
    """
    The columns of `source`, a matrix of tokens by channels, that an attention operand of shape
    `1 x heads x tokens x head size`, or without the 1, takes, heads side by side; None where it is
    no such operand.
    """
    if indices.ndim == 3:
        indices = indices[None]
    if indices.ndim != 4 or indices.shape[0] != 1 or not indices.size:
        return None
    _, heads, tokens, size = indices.shape
    rows, width = shape_of(source)
    first = int(indices.flat[0])
    channels = np.arange(heads * size, dtype=np.int32).reshape(heads, 1, size)
    expected = first + channels + width * np.arange(tokens, dtype=np.int32)[:, None]
    if rows != tokens or first + heads * size > width:
        return None
    return range(first, first + heads * size) if np.array_equal(indices[0], expected) else None
