"""Where a PyTorch model comes from: a name, a checkpoint directory or a Python file."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    DeiTConfig,
    DeiTForImageClassificationWithTeacher,
    PretrainedConfig,
    PreTrainedModel,
    ViTConfig,
    ViTForImageClassification,
)

from vaqf_compiler.errors import UserError, prefixed
from vaqf_compiler.images import UNKNOWN
from vaqf_compiler.importer.checkpoint import image_shape, read_checkpoint_tensors, read_config
from vaqf_compiler.importer.model_file import build_from_file
from vaqf_compiler.importer.preprocessing import checkpoint_preprocessing, named_preprocessing
from vaqf_compiler.importer.pretrained import build, class_of, load_pretrained, load_weights
from vaqf_compiler.importer.probe import (
    Logits,
    check_parameters_finite,
    to_float32,
    with_logits,
)
from vaqf_compiler.importer.tensors import Tensors, read_safetensors
from vaqf_compiler.vaqf_images import Preprocessing

WIDTHS = {"tiny": (192, 3), "small": (384, 6), "base": (768, 12)}
"""Hidden size and heads of the DeiT family (Touvron et al. 2021, table 1); head size 64."""

MOST_VALUES = 1 << 26
"""Of an image: 4,096 by 4,096 pixels of four channels."""

NAMED_MODELS = (
    *(f"deit-{size}" for size in WIDTHS),
    *(f"deit-{size}-distilled" for size in WIDTHS),
    "vit-base",
)


@dataclass(frozen=True)
class Model:
    """A model in evaluation mode that maps an image batch of one to logits."""

    name: str
    module: nn.Module
    input_shape: tuple[int, ...]
    """Batch, channels, height and width of the image; batch is 1."""
    weights_note: str
    """Where the weights come from, for people to read."""
    preprocessing: Preprocessing | str = UNKNOWN
    """How its pictures are preprocessed, or why that is not known."""

    def parameter_name(self, name: str) -> str:
        """The name of a parameter in the checkpoint, without our wrapper around the model."""
        return name.removeprefix("model.") if isinstance(self.module, Logits) else name

    def layer_name(self, name: str) -> str:
        """The name of a module, likewise; empty for the whole model."""
        return self.parameter_name(f"{name}.").removesuffix(".")


def load_model(
    source: str,
    *,
    input_shape: tuple[int, ...] | None = None,
    weights: Path | None = None,
    seed: int = 0,
) -> Model:
    """
    The model that `source` describes: one of `NAMED_MODELS`, a transformers checkpoint directory,
    or `path/to/file.py:callable` where the callable returns an `nn.Module`.

    Named models get seeded random weights unless a `.safetensors` file is given.
    Raises UserError where the source or the weights cannot be used.
    """
    if input_shape is not None:
        _check_shape(input_shape, "--input-shape")
    torch.manual_seed(seed)
    if source in NAMED_MODELS:
        if (Path(source) / "config.json").exists():
            raise UserError(
                f"'{source}' is the name of a model and of a checkpoint directory; write "
                f"'./{source}' for the checkpoint, or rename the directory for the model"
            )
        module, shape, note = _named(source, weights, seed)
    elif Path(source).is_dir():
        module, shape, note = _from_checkpoint(Path(source), weights)
    elif ":" in source:
        if input_shape is None:
            raise UserError(f"model '{source}' needs --input-shape, for example 1x3x224x224")
        module, note = _from_file(source, input_shape, weights)
        shape = input_shape
    else:
        raise UserError(
            f"unknown model '{source}': expected one of {', '.join(NAMED_MODELS)}, "
            "a checkpoint directory, or path/to/file.py:callable"
        )
    if input_shape is not None and input_shape != shape:
        raise UserError(
            f"model '{source}' takes {_sizes(shape)}, not the --input-shape {_sizes(input_shape)}"
        )
    name = Path(source.partition(":")[0]).stem if ":" in source else Path(source).name
    return Model(name, module.eval(), shape, note, _preprocessing(source, shape[1:]))


def _preprocessing(source: str, shape: tuple[int, ...]) -> Preprocessing | str:
    channels, height, width = shape
    if source in NAMED_MODELS:
        return named_preprocessing(source)
    if Path(source).is_dir():
        return checkpoint_preprocessing(Path(source), (channels, height, width))
    return UNKNOWN


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _check_shape(shape: tuple[int, ...], name: str) -> None:
    if len(shape) != 4 or shape[0] != 1:
        raise UserError(f"the {name} must be 1xCxHxW, got {_sizes(shape)}")
    if prod(shape) > MOST_VALUES:
        raise UserError(f"the {name} {_sizes(shape)} has more than {MOST_VALUES:,} values")


def _named(source: str, weights: Path | None, seed: int) -> tuple[nn.Module, tuple[int, ...], str]:
    _, _, rest = source.partition("-")
    size, _, distilled = rest.partition("-")
    hidden_size, heads = WIDTHS[size]
    sizes: dict[str, Any] = {
        "hidden_size": hidden_size,
        "num_attention_heads": heads,
        "intermediate_size": 4 * hidden_size,
        "num_labels": 1000,
    }
    # The published DeiT checkpoints without a distillation token are of the ViT architecture.
    cls, config = (
        (DeiTForImageClassificationWithTeacher, DeiTConfig(**sizes))
        if distilled
        else (ViTForImageClassification, ViTConfig(**sizes))
    )
    if weights is not None:
        module, note = _with_weights(cls, config, weights)
    else:
        module, note = build(cls, config), f"random weights (seed {seed})"
        _randomize(module)
    return Logits(module), (1, 3, 224, 224), note


def _randomize(module: nn.Module) -> None:
    """Fill parameters that start as constants, so that a forgotten one shows in the logits."""
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.min() == parameter.max():
                parameter.add_(torch.randn_like(parameter) * 0.02)


def _with_weights(
    cls: type[PreTrainedModel], config: PretrainedConfig, path: Path
) -> tuple[PreTrainedModel, str]:
    with prefixed(f"cannot load weights '{path}'"):
        model, remarks = load_pretrained(cls, config, Tensors(read_safetensors(path)))
    return model, "; ".join((f"weights from {path}", *remarks))


def _from_checkpoint(
    directory: Path, weights: Path | None
) -> tuple[nn.Module, tuple[int, ...], str]:
    with prefixed(f"cannot load checkpoint '{directory}'"):
        config = read_config(directory)
        cls, shape = class_of(config), image_shape(config)
        _check_shape(shape, "image")
        if weights is None:
            tensors = Tensors(read_checkpoint_tensors(directory))
            model, remarks = load_pretrained(cls, config, tensors)
            return Logits(model), shape, "; ".join((f"weights from {directory}", *remarks))
    model, note = _with_weights(cls, config, weights)
    return Logits(model), shape, note


def _from_file(source: str, shape: tuple[int, ...], weights: Path | None) -> tuple[nn.Module, str]:
    module = build_from_file(source).eval()
    with prefixed(f"model '{source}'"):
        converted = to_float32(module)
    remarks = (converted,) if converted else ()
    note = f"as built by {source}"
    if weights is not None:
        with prefixed(f"cannot load weights '{weights}'"):
            remarks = load_weights(module, Tensors(read_safetensors(weights)))
        note = f"weights from {weights}"
    with prefixed(f"model '{source}'"):
        check_parameters_finite(module)
        module = with_logits(source, module, shape)
    return module, "; ".join((note, *remarks))
