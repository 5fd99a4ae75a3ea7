"""How the pictures of a model are preprocessed: by its checkpoint, or by the name of the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from transformers import AutoImageProcessor
from transformers.image_processing_backends import PilBackend
from transformers.image_utils import SizeDict

from vaqf_compiler.errors import UserError, reason_of
from vaqf_compiler.vaqf_images import INTERPOLATIONS, Preprocessing

T = TypeVar("T")
FILE = "preprocessor_config.json"
STEPS = (
    *("preprocess", "_preprocess", "_preprocess_image_like_inputs", "process_image"),
    *("resize", "center_crop", "rescale", "normalize"),
)
"""The methods of an image processor that decide what becomes of a picture."""

DEIT = Preprocessing(
    resize=(256,),
    interpolation="bicubic",
    crop=(224, 224),
    rescale=1 / 255,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)
"""
What DeiT was evaluated with (Touvron et al. 2021, and its published code): the centre of 7/8 of the
shorter side, with ImageNet's mean and deviation.
"""
VIT = Preprocessing(
    resize=(224, 224),
    interpolation="bilinear",
    crop=None,
    rescale=1 / 255,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
)
"""What the published checkpoint of ViT-Base (Dosovitskiy et al. 2021) says: pixels from -1 to 1."""


def named_preprocessing(model: str) -> Preprocessing:
    """That of a named model."""
    return VIT if model.startswith("vit") else DEIT


def checkpoint_preprocessing(directory: Path, shape: tuple[int, int, int]) -> Preprocessing | str:
    """
    What transformers does with pictures by the checkpoint in `directory`, whose model takes CxHxW
    `shape`; or why that is not known here. Raises UserError where the file cannot be read.
    """
    path = directory / FILE
    if not path.exists():
        return f"the checkpoint has no {FILE}"
    try:
        said: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"cannot read '{path}': {reason_of(error)}") from error
    if not isinstance(said, dict):
        raise UserError(f"'{path}' must hold an object")
    try:
        processor: Any = AutoImageProcessor.from_pretrained(
            directory, local_files_only=True, backend="pil"
        )
    except Exception as error:  # theirs, whatever the file says
        raise UserError(f"transformers cannot use '{path}': {reason_of(error)}") from error
    try:
        return _preprocessing(processor, shape)
    except ValueError as error:
        return f"{FILE} of the checkpoint is not supported: {error}"


def _preprocessing(processor: Any, shape: tuple[int, int, int]) -> Preprocessing:
    """Raises ValueError, naming it, for what is not done here."""
    kind = type(processor)
    for step in STEPS:
        if getattr(kind, step, None) is not getattr(PilBackend, step):
            raise ValueError(f"{kind.__name__} has a {step} of its own")
    for name in ("do_pad", "do_convert_rgb"):
        if getattr(processor, name, None):
            raise ValueError(f"{name} is {getattr(processor, name)}")

    def said(name: str, convert: Callable[[Any], T]) -> T:
        value = getattr(processor, name, None)
        if isinstance(value, SizeDict):
            value = {side: pixels for side, pixels in dict(value).items() if pixels is not None}
        try:
            return convert(value)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{name} is {value}") from error

    def per_channel(values: Any) -> tuple[float, ...]:
        listed = values if isinstance(values, (list, tuple)) else [values] * shape[0]
        return tuple(map(float, listed))

    resizes, normalizes = processor.do_resize, processor.do_normalize
    found = Preprocessing(
        resize=said("size", _sides) if resizes else None,
        interpolation=said("resample", _interpolation) if resizes else "bilinear",
        crop=said("crop_size", _sides) if processor.do_center_crop else None,
        rescale=said("rescale_factor", float) if processor.do_rescale else 1.0,
        mean=said("image_mean", per_channel) if normalizes else (0.0,) * shape[0],
        std=said("image_std", per_channel) if normalizes else (1.0,) * shape[0],
    )
    found.check(shape)
    return found


def _sides(size: Any) -> tuple[int, ...]:
    """Of a size of transformers. Raises an exception for one that is not known."""
    if size.keys() == {"shortest_edge"}:
        return (int(size["shortest_edge"]),)
    if size.keys() == {"height", "width"}:
        return int(size["height"]), int(size["width"])
    raise ValueError(size)


def _interpolation(resample: Any) -> str:
    """By its number in Pillow. Raises an exception for one that is not known."""
    return dict(enumerate(INTERPOLATIONS))[int(resample)]
