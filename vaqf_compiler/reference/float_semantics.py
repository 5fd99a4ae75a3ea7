"""What each operation computes on floating-point tensors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def patches(image: NDArray[np.generic], size: int) -> NDArray[np.generic]:
    """`CxHxW` to one row for each patch, patches row by row, in a row channels first."""
    channels, height, width = image.shape
    cut = image.reshape(channels, height // size, size, width // size, size)
    return cut.transpose(1, 3, 0, 2, 4).reshape(-1, channels * size * size)


def split_heads(x: NDArray[np.generic], heads: int) -> NDArray[np.generic]:
    """`FxD` to `HxFx(D/H)`."""
    return x.reshape(x.shape[0], heads, -1).transpose(1, 0, 2)


def join_heads(x: NDArray[np.generic]) -> NDArray[np.generic]:
    """`HxFxd` to `Fx(H*d)`."""
    return x.transpose(1, 0, 2).reshape(x.shape[1], -1)


def softmax(x: Array) -> Array:
    """Over the last dimension."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer_norm(x: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
    """Over the last dimension."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + np.float32(epsilon)) * gamma + beta
