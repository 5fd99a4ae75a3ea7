"""Rules for the operations that only move data, and for constants: NumPy carries them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, StringAttr
from xdsl.ir import Operation

from vaqf_compiler.dialects.torch import constants, views
from vaqf_compiler.dialects.torch.types import VTensorType
from vaqf_compiler.torch_to_binvit.converter import Converter, parameter_tensor
from vaqf_compiler.torch_to_binvit.views import (
    Abstract,
    Constant,
    Parameter,
    Scaled,
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
def _constant(c: Converter) -> Abstract:
    match c.op.properties["value"]:
        case StringAttr(data=text):
            return text
        case FloatAttr() as number:
            return number.value.data
        case IntegerAttr() as number:
            value = number.value.data
            return bool(value) if isinstance(c.op, constants.ConstantBoolOp) else value
        case other:
            raise c.fail(f"unexpected value {other}")


@Converter.rule(constants.ConstantNoneOp)
def _none(_c: Converter) -> Abstract:
    return None


@Converter.rule(constants.ListConstructOp)
def _list(_c: Converter, *operands: Abstract) -> Abstract:
    return list(operands)


@Converter.rule(constants.ListUnpackOp)
def _unpack(c: Converter, input: Abstract) -> Abstract:
    if len(c.op.results) == 1 and isinstance(input, list) and len(input) == 1:
        return input[0]
    return input


@Converter.rule(constants.LiteralOp)
def _literal(c: Converter) -> Abstract:
    assert isinstance(c.op, constants.LiteralOp)
    name, type_ = c.op.parameter, c.op.result.type
    assert isinstance(type_, VTensorType)
    shape = c.static_shape(type_)
    if name is None:
        raise c.fail("only parameters are supported as tensor literals")
    stored = c.op.stored_type
    if stored is None or stored.get_shape() != shape or stored.element_type != type_.element_type:
        raise c.fail(f"the parameter '{name}' is {stored}, which is not {type_}")
    return parameter_tensor(name, shape)


@Converter.rule(views.DropoutOp)
def _dropout(c: Converter, input: Abstract, p: Abstract, train: Abstract) -> Abstract:
    if train and p != 0.0:
        raise c.fail("the model was exported in training mode; call eval() first")
    return input


def _expand(image: Array, sizes: list[int], _: bool) -> Array:
    shape = list(image.shape)
    shape = [1] * (len(sizes) - len(shape)) + shape
    target = [old if new == -1 else new for old, new in zip(shape, sizes, strict=True)]
    return np.broadcast_to(image, target)


def _dim(dim: int, rank: int) -> int:
    """A dimension of `rank`, counted from the front. Raises IndexError where there is none such."""
    if not -rank <= dim < rank:
        raise IndexError(f"a tensor of {rank} dimensions has no dimension {dim}")
    return dim % rank


def _flatten(image: Array, start: int, end: int) -> Array:
    start, end = _dim(start, image.ndim), _dim(end, image.ndim)
    return image.reshape(*image.shape[:start], -1, *image.shape[end + 1 :])


def _unflatten(image: Array, dim: int, sizes: list[int]) -> Array:
    dim = _dim(dim, image.ndim)
    return image.reshape(*image.shape[:dim], *sizes, *image.shape[dim + 1 :])


def _transpose(image: Array, first: int, second: int) -> Array:
    return image.swapaxes(_dim(first, image.ndim), _dim(second, image.ndim))


def _permute(image: Array, dims: list[int]) -> Array:
    return image.transpose([_dim(dim, image.ndim) for dim in dims])


def _unsqueeze(image: Array, dim: int) -> Array:
    return np.expand_dims(image, _dim(dim, image.ndim + 1))


def _slice(image: Array, dim: int, start: int | None, end: int | None, step: int) -> Array:
    index: list[Any] = [slice(None)] * image.ndim
    index[_dim(dim, image.ndim)] = slice(start, end, step)
    return image[tuple(index)]


def _split(image: Array, size: int, dim: int) -> list[Array]:
    if size < 1:
        raise ValueError(f"parts cannot have size {size}")
    dim = _dim(dim, image.ndim)
    return np.split(image, range(size, image.shape[dim], size), axis=dim)


def _squeeze(image: Array, dim: int) -> Array:
    dim = _dim(dim, image.ndim)
    return image.squeeze(dim) if image.shape[dim] == 1 else image


def _select(image: Array, dim: int, index: int) -> Array:
    dim = _dim(dim, image.ndim)
    return np.take(image, _dim(index, image.shape[dim]), axis=dim)


def _unbind(image: Array, dim: int) -> list[Array]:
    return list(np.moveaxis(image, _dim(dim, image.ndim), 0))


def _chunk(image: Array, chunks: int, dim: int) -> list[Array]:
    if chunks < 1:
        raise ValueError(f"there cannot be {chunks} parts")
    dim = _dim(dim, image.ndim)
    return _split(image, -(-image.shape[dim] // chunks), dim)


MOVES: Mapping[type[Operation], Move] = {
    views.ExpandOp: _expand,
    views.FlattenOp: _flatten,
    views.UnflattenOp: _unflatten,
    views.TransposeOp: _transpose,
    views.PermuteOp: _permute,
    views.ViewOp: np.reshape,
    views.ReshapeOp: np.reshape,
    views.UnsqueezeOp: _unsqueeze,
    views.SqueezeOp: _squeeze,
    views.SelectOp: _select,
    views.SliceOp: _slice,
    views.UnbindOp: _unbind,
    views.ChunkOp: _chunk,
    views.SplitOp: _split,
}


@Converter.rule(*MOVES)
def _move(c: Converter, *operands: Abstract) -> Abstract:
    tensor, *arguments = operands
    if not isinstance(tensor, Constant | Parameter | View | Scaled):
        raise c.fail("its operand is no tensor")
    try:
        moved = MOVES[type(c.op)](image_of(tensor), *arguments)
    except (ValueError, IndexError, TypeError) as error:  # what NumPy says of impossible sizes
        raise c.fail(str(error)) from error
    if isinstance(moved, list):
        return [with_image(tensor, image) for image in moved]
    return with_image(tensor, moved)
