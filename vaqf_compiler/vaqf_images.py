"""
Images as a model takes them: CxHxW real numbers, from `.npy` files, or from pictures by the
preprocessing that the model was trained with.

The compiler and the driver of a project read images by this file, of which a project has a copy. It
needs Python 3.8, NumPy, and for pictures Pillow.
"""

from __future__ import annotations

import re
import struct
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTERPOLATIONS = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")
"""By Pillow's numbers."""
OPAQUE_MODES = ("1", "L", "P", "RGB", "CMYK", "YCbCr")
ALPHA_MODES = ("LA", "PA", "RGBA")
"""Modes of pictures with at most 8 bits a channel, of which Pillow's conversions lose nothing."""
LARGEST_SIDE = 1 << 14

_DAMAGED_ARRAY = (
    *(OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, OverflowError),
    *(MemoryError, RecursionError, zipfile.BadZipFile, tokenize.TokenError),
)
"""What NumPy raises for files that are no arrays."""
_DAMAGED_PICTURE = (
    *(OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, IndexError),
    *(OverflowError, MemoryError, AttributeError, struct.error, zlib.error),
)
"""What Pillow's decoders raise for damaged pictures."""


class ImageError(Exception):
    """An image that cannot be used: a sentence that says why."""


@dataclass(frozen=True)
class Preprocessing:
    """How pictures, 8 bits a channel, become what a model takes, step by step."""

    resize: tuple[int, ...] | None
    """Height and width; or only the shorter side, which keeps the proportions; or not at all."""
    interpolation: str
    """One of `INTERPOLATIONS`."""
    crop: tuple[int, ...] | None
    """Height and width of the centre, if only that is taken."""
    rescale: float
    """What pixels are multiplied by."""
    mean: tuple[float, ...]
    """For each channel, what is subtracted then."""
    std: tuple[float, ...]
    """For each channel, what it is divided by at last."""

    @property
    def least(self) -> float:
        """The least value of a pixel that is preprocessed."""
        return min(min(ends) for ends in self._ends())

    @property
    def most(self) -> float:
        """The largest one."""
        return max(max(ends) for ends in self._ends())

    def _ends(self) -> list[tuple[float, float]]:
        pairs = zip(self.mean, self.std)
        return [(-mean / std, (255 * self.rescale - mean) / std) for mean, std in pairs]

    def resized(self, height: int, width: int) -> tuple[int, int] | None:
        """
        The height and width to which a picture of some size is resized, if it is: rounded down as
        transformers and torchvision do.
        """
        if self.resize is None:
            return None
        if len(self.resize) == 2:
            return self.resize[0], self.resize[1]
        (short,) = self.resize
        if height <= width:
            return short, int(short * width / height)
        return int(short * height / width), short

    def check(self, shape: tuple[int, int, int]) -> None:
        """Raise ValueError, which says what is wrong, where images do not become CxHxW `shape`."""
        channels, *size = shape
        for name, sides in (("resize", self.resize), ("crop", self.crop)):
            lengths = (1, 2) if name == "resize" else (2,)
            if sides is None:
                continue
            if len(sides) not in lengths or not all(1 <= side <= LARGEST_SIDE for side in sides):
                raise ValueError(f"{name} must be sides from 1 to {LARGEST_SIDE}, got {sides}")
        if self.interpolation not in INTERPOLATIONS:
            known = ", ".join(INTERPOLATIONS)
            raise ValueError(f"interpolation must be one of {known}, got {self.interpolation!r}")
        if not 0 < self.rescale < float("inf"):
            raise ValueError(f"rescale must be above 0, got {self.rescale}")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != channels or not np.isfinite(values).all():
                raise ValueError(
                    f"the {name} must have a finite number for each of {channels} channels, "
                    f"got {values}"
                )
        if not all(value > 0 for value in self.std):
            raise ValueError(f"each std must be above 0, got {self.std}")
        if self.crop is not None and self.resize is not None:
            within = self.resize if len(self.resize) == 2 else self.resize * 2
            if any(side < cut for side, cut in zip(within, self.crop)):
                raise ValueError(f"crop {self.crop} is larger than what resize {self.resize} gives")
        ends = self.crop or self.resize
        if ends is not None and len(ends) == 2 and list(ends) != size:
            raise ValueError(f"images become {_by(ends)}, the model takes {_by(size)}")


class LargestCentre(Preprocessing):
    """The same, where the crop is of the largest centre of a picture that has its proportions."""

    def resized(self, height: int, width: int) -> tuple[int, int] | None:
        """The least height and width with the proportions of the picture that hold the crop."""
        if self.crop is None:
            return super().resized(height, width)
        rows, columns = self.crop
        if rows * width <= columns * height:  # all of the width is taken
            return height * columns // width, columns
        return rows, width * rows // height


def preprocessing_of(facts: Any) -> Preprocessing:
    """From JSON. Raises ValueError, which says what is wrong."""
    if not isinstance(facts, dict):
        raise ValueError(f"must be an object, got {facts!r}")
    known = cast("dict[Any, Any]", facts)
    names = ("resize", "interpolation", "crop", "rescale", "mean", "std")
    for name in names:
        if name not in known:
            raise ValueError(f"{name} is missing")
    for name in known:
        if name not in names:
            raise ValueError(f"{name} is not known")

    def numbers(name: str, kinds: tuple[type, ...]) -> tuple[Any, ...]:
        values = known[name]
        if not isinstance(values, list):
            raise ValueError(f"{name} must be a list of numbers, got {values!r}")
        listed = cast("list[Any]", values)
        if not all(isinstance(value, kinds) and not isinstance(value, bool) for value in listed):
            raise ValueError(f"{name} must be a list of numbers, got {values!r}")
        return tuple(listed)

    rescale = known["rescale"]
    if not isinstance(rescale, (int, float)) or isinstance(rescale, bool):
        raise ValueError(f"rescale must be a number, got {rescale!r}")
    return Preprocessing(
        resize=None if known["resize"] is None else numbers("resize", (int,)),
        interpolation=str(known["interpolation"]),
        crop=None if known["crop"] is None else numbers("crop", (int,)),
        rescale=float(rescale),
        mean=tuple(float(value) for value in numbers("mean", (int, float))),
        std=tuple(float(value) for value in numbers("std", (int, float))),
    )


def read_array(path: str | Path, what: str) -> NDArray[np.float32]:
    """
    The real numbers of a `.npy` file, of any shape. Raises ImageError, naming `what` the file is,
    where it cannot be read, or has other values: whole numbers are pixels before preprocessing.
    """
    try:
        # Mapped, so that a header cannot ask for more memory than the file has.
        loaded: Any = np.load(str(path), mmap_mode="r", allow_pickle=False)
    except _DAMAGED_ARRAY as error:
        reason = _reason(error)
        if "pickle" in reason:  # what NumPy takes all else for, and advises to run
            reason = "it is no .npy file of numbers; write one with numpy.save"
        raise ImageError(f"cannot read {what} '{path}': {reason}") from error
    if not isinstance(loaded, np.ndarray):
        loaded.close()
        raise ImageError(f"{what} '{path}' must be a .npy file, not an archive")
    found = cast("NDArray[Any]", loaded)
    kind = found.dtype.kind
    if kind in "iub":
        raise ImageError(
            f"{what} '{path}' must hold real numbers, pixels as the model takes them; this holds "
            f"{found.dtype}, which looks like pixels that are not preprocessed"
        )
    if kind != "f":
        raise ImageError(f"{what} '{path}' must hold real numbers, not {found.dtype}")
    with np.errstate(over="ignore"):  # what is too large for a float32 is not finite
        values = np.array(found, dtype=np.float32, order="C")
    if not np.isfinite(values).all():
        raise ImageError(f"{what} '{path}' has values that are not finite")
    return values


def check_images(
    images: NDArray[Any],
    what: str,
    shape: tuple[int, ...],
    preprocessing: Preprocessing | None,
    *,
    many: bool = False,
) -> None:
    """
    Raise ImageError, naming `what` they are, where an image is not CxHxW as `shape`, or `many` are
    not NxCxHxW; and, where the preprocessing is known, for values so far from those that it gives
    that they can be no pixels that were preprocessed.
    """
    if images.ndim != len(shape) + many or images.shape[many:] != shape:
        expected = "x".join(["N"] * many + [str(side) for side in shape])
        message = f"{what} has shape {images.shape}, expected {expected}"
        if images.ndim == len(shape) + many and images.shape[many:] == (*shape[1:], shape[0]):
            order = "(0, 3, 1, 2)" if many else "(2, 0, 1)"
            message += f"; its channels are the last, transpose{order} puts them first"
        raise ImageError(message)
    if not images.size:
        raise ImageError(f"{what} has no images")
    if preprocessing is None:
        return
    least, most = preprocessing.least, preprocessing.most
    slack = most - least  # noise and what is synthetic may be wider than pictures
    low, high = float(images.min()), float(images.max())
    if low < least - slack or high > most + slack:
        raise ImageError(
            f"{what} has values from {low:g} to {high:g}; pixels that are preprocessed for this "
            f"model are from {least:.3g} to {most:.3g}"
        )


def read_picture(
    path: str | Path, shape: tuple[int, int, int], preprocessing: Preprocessing
) -> NDArray[np.float32]:
    """
    A picture as the model takes it. It is turned as its EXIF orientation says. Raises ImageError
    where it cannot be read, has more than 8 bits a channel or transparent pixels, or would get
    another size.
    """
    channels, height, width = shape
    if channels not in (1, 3):
        raise ImageError(f"pictures have 1 or 3 channels, the model takes {channels}; give a .npy")
    try:
        pillow: Any = import_module("PIL.Image")
        turn: Any = import_module("PIL.ImageOps").exif_transpose
    except ImportError as error:
        raise ImageError("image files need the package Pillow; .npy files do not") from error
    try:
        with pillow.open(str(path)) as file:
            if file.mode not in (*OPAQUE_MODES, *ALPHA_MODES):
                raise ImageError(
                    f"the image '{path}' has pixels of mode {file.mode}, not of 8 bits a channel; "
                    "convert it, or give a .npy"
                )
            picture: Any = turn(file)
            if file.mode in ALPHA_MODES or "transparency" in file.info:
                _check_opaque(picture, path)
            picture = picture.convert("RGB")
    except (*_DAMAGED_PICTURE, pillow.DecompressionBombError) as error:
        raise ImageError(f"cannot read the image '{path}': {_reason(error)}") from error
    if channels == 1:
        picture = picture.convert("L")
    size = preprocessing.resized(picture.height, picture.width)
    if size is not None:
        if max(size) > LARGEST_SIDE:
            raise ImageError(f"the image '{path}' would become {_by(size)}: it is too narrow")
        number = INTERPOLATIONS.index(preprocessing.interpolation)
        picture = picture.resize((size[1], size[0]), number)
    if preprocessing.crop is not None:
        rows, columns = preprocessing.crop
        top, left = (picture.height - rows) // 2, (picture.width - columns) // 2
        if top < 0 or left < 0:
            raise ImageError(f"the image '{path}' is smaller than {_by(preprocessing.crop)}")
        picture = picture.crop((left, top, left + columns, top + rows))
    found = (picture.height, picture.width)
    if found != (height, width):
        raise ImageError(
            f"the image '{path}' becomes {_by(found)}, the model takes {_by((height, width))}"
        )
    pixels = np.asarray(picture, dtype=np.float64).reshape(height, width, channels)
    pixels = pixels * preprocessing.rescale
    centred = (pixels - np.array(preprocessing.mean)) / np.array(preprocessing.std)
    return np.ascontiguousarray(centred.transpose(2, 0, 1), dtype=np.float32)


def read_image(
    path: str | Path, shape: tuple[int, int, int], preprocessing: Preprocessing | str
) -> NDArray[np.float32]:
    """
    An image as the model takes it: a `.npy` file as it is, any other one as a picture.
    `preprocessing` may be the reason why it is not known; then only the first can be. Raises
    ImageError as `read_array`, `check_images` and `read_picture` do.
    """
    known = preprocessing if isinstance(preprocessing, Preprocessing) else None
    if Path(path).suffix.lower() == ".npy":
        image = read_array(path, "the image")
        check_images(image, "the image", shape, known)
        return image
    if isinstance(preprocessing, str):
        raise ImageError(
            f"the image '{path}' cannot be preprocessed: {preprocessing}; give a .npy of what the "
            "model takes"
        )
    return read_picture(path, shape, preprocessing)


def _check_opaque(picture: Any, path: str | Path) -> None:
    least, _ = picture.convert("RGBA").getchannel("A").getextrema()
    if least < 255:
        raise ImageError(
            f"the image '{path}' has transparent pixels; put it on the background that the model "
            "was trained with first"
        )


def _by(sides: Any) -> str:
    return "x".join(map(str, sides))


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error.args[0] if error.args else "")
    text = re.sub(r":? <[^>]* at 0x[0-9a-f]+>", "", text)  # of objects in memory
    return " ".join(text.split()) or type(error).__name__
