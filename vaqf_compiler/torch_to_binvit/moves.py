"""Rules for the operations that only move data, and for constants: NumPy carries them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, StringAttr
from xdsl.ir import Operation

from vaqf_compiler.dialects.torch import constants, views
from vaqf_compiler.dialects.torch.types import VTensorType
from vaqf_compiler.torch_to_binvit.converter import Converter, literal
from vaqf_compiler.torch_to_binvit.views import (
    Abstract,
    Constant,
    Parameter,
    View,
    image_of,
    with_image,
)

Array = NDArray[np.generic]
Move = Callable[..., Array | list[Array]]


@Converter.rule(
    constants.ConstantIntOp,
    constants.ConstantFloatOp,
    constants.ConstantBoolOp,
    constants.ConstantStrOp,
    constants.ConstantDeviceOp,
)
def _constant(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    match op.properties["value"]:
        case StringAttr(data=text):
            return text
        case FloatAttr() as number:
            return number.value.data
        case IntegerAttr() as number:
            value = number.value.data
            return bool(value) if isinstance(op, constants.ConstantBoolOp) else value
        case other:
            raise c.fail(op, f"unexpected value {other}")


@Converter.rule(constants.ConstantNoneOp)
def _none(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    return None


@Converter.rule(constants.ListConstructOp)
def _list(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    return args


@Converter.rule(constants.ListUnpackOp)
def _unpack(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    return args[0]


@Converter.rule(constants.LiteralOp)
def _literal(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    assert isinstance(op, constants.LiteralOp)
    assert isinstance(op.result.type, VTensorType)
    return literal(op, op.result.type.get_shape())


@Converter.rule(views.DropoutOp)
def _dropout(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    if args[2] and args[1]:
        raise c.fail(op, "the model was exported in training mode; call eval() first")
    return args[0]


@Converter.rule(views.ContiguousOp, views.CloneOp)
def _identity(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    return args[0]


def _expand(image: Array, sizes: list[int], _: bool) -> Array:
    shape = list(image.shape)
    shape = [1] * (len(sizes) - len(shape)) + shape
    target = [old if new == -1 else new for old, new in zip(shape, sizes, strict=True)]
    return np.broadcast_to(image, target)


def _flatten(image: Array, start: int, end: int) -> Array:
    end %= image.ndim
    return image.reshape(*image.shape[:start], -1, *image.shape[end + 1 :])


def _unflatten(image: Array, dim: int, sizes: list[int]) -> Array:
    dim %= image.ndim
    return image.reshape(*image.shape[:dim], *sizes, *image.shape[dim + 1 :])


def _slice(image: Array, dim: int, start: int | None, end: int | None, step: int) -> Array:
    index: list[Any] = [slice(None)] * image.ndim
    index[dim] = slice(start, end, step)
    return image[tuple(index)]


def _split(image: Array, size: int, dim: int) -> list[Array]:
    return np.split(image, range(size, image.shape[dim], size), axis=dim)


def _select(image: Array, dim: int, index: int) -> Array:
    return np.take(image, index, axis=dim)


def _unbind(image: Array, dim: int) -> list[Array]:
    return list(np.moveaxis(image, dim, 0))


def _chunk(image: Array, chunks: int, dim: int) -> list[Array]:
    return _split(image, -(-image.shape[dim] // chunks), dim)


MOVES: dict[type[Operation], Move] = {
    views.ExpandOp: _expand,
    views.FlattenOp: _flatten,
    views.UnflattenOp: _unflatten,
    views.TransposeOp: np.swapaxes,
    views.PermuteOp: np.transpose,
    views.ViewOp: np.reshape,
    views.ReshapeOp: np.reshape,
    views.UnsqueezeOp: np.expand_dims,
    views.SqueezeOp: np.squeeze,
    views.SelectOp: _select,
    views.SliceOp: _slice,
    views.UnbindOp: _unbind,
    views.ChunkOp: _chunk,
    views.SplitOp: _split,
}


@Converter.rule(*MOVES)
def _move(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    tensor, *arguments = args
    if not isinstance(tensor, Constant | Parameter | View):
        raise c.fail(op, "its operand is no tensor")
    moved = MOVES[type(op)](image_of(tensor), *arguments)
    if isinstance(moved, list):
        return [with_image(tensor, image) for image in moved]
    return with_image(tensor, moved)
