"""Images from NumPy's `.npy` files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from vaqf_compiler.errors import UserError


def read_images(path: Path, what: str) -> NDArray[np.float32]:
    """
    The array of a `.npy` file, of any shape. Raises UserError, naming `what` it is for, where the
    file cannot be read, holds no real numbers, or some that are not finite.
    """
    try:
        loaded: Any = np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"cannot read {what} '{path}': {error}") from error
    if isinstance(loaded, NpzFile):
        raise UserError(f"{what} '{path}' must be a .npy file, not an archive")
    found: NDArray[Any] = loaded
    if found.dtype.kind not in "fiub":
        raise UserError(f"{what} '{path}' must hold real numbers, not {found.dtype}")
    with np.errstate(over="ignore"):  # what is too large for a float32 is not finite
        images = found.astype(np.float32)
    if not np.isfinite(images).all():
        raise UserError(f"{what} '{path}' has values that are not finite")
    return images
