"""
Images for the compiler, and what a module says of the preprocessing that its images need:

    builtin.module attributes {binvit.preprocessing = {
      resize = array<i64: 256>, interpolation = "bicubic", crop = array<i64: 224, 224>,
      rescale = 0.00392156862745098 : f64,
      mean = array<f64: 0.485, 0.456, 0.406>, std = array<f64: 0.229, 0.224, 0.225>
    }}

or a string, the reason why it is not known. Without it the model says nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    AnyFloat,
    DenseArrayBase,
    DictionaryAttr,
    FloatAttr,
    ModuleOp,
    StringAttr,
    f64,
    i64,
)
from xdsl.ir import Attribute

from vaqf_compiler import vaqf_images
from vaqf_compiler.dialects.binvit.mapping import PREPROCESSING_ATTRIBUTE as ATTRIBUTE
from vaqf_compiler.errors import UserError
from vaqf_compiler.vaqf_images import ImageError, Preprocessing

UNKNOWN = "the model says nothing of its preprocessing"


def preprocessing_attribute(preprocessing: Preprocessing | str) -> Attribute:
    """What a module says of it, under `ATTRIBUTE`."""
    if isinstance(preprocessing, str):
        return StringAttr(preprocessing)
    entries: dict[str, Attribute] = {
        "interpolation": StringAttr(preprocessing.interpolation),
        "rescale": FloatAttr(preprocessing.rescale, f64),
        "mean": DenseArrayBase.from_list(f64, preprocessing.mean),
        "std": DenseArrayBase.from_list(f64, preprocessing.std),
    }
    for name, sides in (("resize", preprocessing.resize), ("crop", preprocessing.crop)):
        if sides is not None:
            entries[name] = DenseArrayBase.from_list(i64, sides)
    return DictionaryAttr(entries)


def preprocessing_in(module: ModuleOp, shape: tuple[int, ...]) -> Preprocessing | str:
    """
    What a module says of the preprocessing of its images, CxHxW `shape`, or why it is not known.
    Raises UserError where it cannot be.
    """
    said = module.attributes.get(ATTRIBUTE, StringAttr(UNKNOWN))
    if isinstance(said, StringAttr):
        return said.data
    channels, height, width = shape
    try:
        if not isinstance(said, DictionaryAttr):
            raise ValueError(f"must be a dictionary or a string, got {said}")
        facts = {name: _plain(name, value) for name, value in said.data.items()}
        found = vaqf_images.preprocessing_of({"resize": None, "crop": None, **facts})
        found.check((channels, height, width))
    except ValueError as error:
        raise UserError(f"the module's '{ATTRIBUTE}' is wrong: {error}") from error
    return found


def _plain(name: str, value: Attribute) -> Any:
    """A value as JSON has it."""
    match value:
        case StringAttr():
            return value.data
        case FloatAttr():
            return value.value.data
        case DenseArrayBase():
            return list(cast("DenseArrayBase[AnyFloat]", value).get_values())
        case _:
            raise ValueError(f"{name} must be a number, a string or a dense array, got {value}")


@contextmanager
def _user_errors() -> Generator[None]:
    try:
        yield
    except ImageError as error:
        raise UserError(str(error)) from error


def read_images(path: Path, what: str) -> NDArray[Any]:
    """
    The real numbers of a `.npy` file, of any shape. Raises UserError, naming `what` it is for,
    where the file cannot be read, or holds others.
    """
    with _user_errors():
        return vaqf_images.read_array(path, what)


def read_image(path: Path, module: ModuleOp, shape: tuple[int, ...]) -> NDArray[Any]:
    """
    An image for a module, CxHxW `shape`, from a `.npy` file or a picture. Raises UserError where it
    is none that the module could take.
    """
    channels, height, width = shape
    preprocessing = preprocessing_in(module, shape)
    with _user_errors():
        return vaqf_images.read_image(path, (channels, height, width), preprocessing)


def check_batch(images: NDArray[Any], what: str, module: ModuleOp, shape: tuple[int, ...]) -> None:
    """Raise UserError for images that are not NxCxHxW, or were not preprocessed for a module."""
    said = preprocessing_in(module, shape)
    known = said if isinstance(said, Preprocessing) else None
    with _user_errors():
        vaqf_images.check_images(images, what, shape, known, many=True)
