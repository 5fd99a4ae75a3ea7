"""How the pictures of a model are preprocessed: by its checkpoint, or by the name of the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import AutoImageProcessor
from transformers.image_processing_backends import PilBackend

from vaqf_compiler.errors import UserError, reason_of
from vaqf_compiler.vaqf_images import INTERPOLATIONS, Preprocessing

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
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError) as error:
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
    resize = _sides(processor.size, "size") if processor.do_resize else None
    crop = _sides(processor.crop_size, "crop_size") if processor.do_center_crop else None
    channels = shape[0]

    def per_channel(values: Any) -> tuple[float, ...]:
        listed = values if isinstance(values, (list, tuple)) else [values] * channels
        return tuple(map(float, listed))

    resample = int(processor.resample)
    if not 0 <= resample < len(INTERPOLATIONS):
        raise ValueError(f"resample is {resample}")
    found = Preprocessing(
        resize=resize,
        interpolation=INTERPOLATIONS[resample],
        crop=crop,
        rescale=float(processor.rescale_factor) if processor.do_rescale else 1.0,
        mean=per_channel(processor.image_mean if processor.do_normalize else 0.0),
        std=per_channel(processor.image_std if processor.do_normalize else 1.0),
    )
    found.check(shape)
    return found


def _sides(size: Any, name: str) -> tuple[int, ...]:
    """Of a size of transformers."""
    said = {key: value for key, value in dict(size).items() if value is not None}
    if said.keys() == {"height", "width"}:
        return int(said["height"]), int(said["width"])
    if said.keys() == {"shortest_edge"} and name == "size":
        return (int(said["shortest_edge"]),)
    raise ValueError(f"{name} is {said}")
