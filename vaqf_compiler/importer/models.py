"""Where a PyTorch model comes from: a name, a checkpoint directory or a Python file."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import (
    AutoModelForImageClassification,
    DeiTConfig,
    DeiTForImageClassificationWithTeacher,
    ViTConfig,
    ViTForImageClassification,
)

from vaqf_compiler.errors import UserError

WIDTHS = {"tiny": (192, 3), "small": (384, 6), "base": (768, 12)}
"""Hidden size and heads of the DeiT family (Touvron et al. 2021, table 1); head size 64."""

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

    def parameter_name(self, name: str) -> str:
        """The name of a parameter in the checkpoint, without our wrapper around the model."""
        return name.removeprefix("model.") if isinstance(self.module, _Logits) else name


class _Logits(nn.Module):
    """The logits of a transformers classifier, instead of its output record."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.model(image).logits


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
    torch.manual_seed(seed)
    if source in NAMED_MODELS:
        module = _named(source)
        _randomize(module)
        shape = (1, 3, 224, 224)
        note = f"random weights (seed {seed})"
    elif Path(source).is_dir():
        module, shape, note = _from_checkpoint(Path(source))
    elif ":" in source:
        if input_shape is None:
            raise UserError(f"model '{source}' needs --input-shape, for example 1x3x224x224")
        module, shape, note = _from_file(source), input_shape, f"as built by {source}"
    else:
        raise UserError(
            f"unknown model '{source}': expected one of {', '.join(NAMED_MODELS)}, "
            "a checkpoint directory, or path/to/file.py:callable"
        )
    if input_shape is not None and input_shape != shape:
        taken, given = ("x".join(map(str, sizes)) for sizes in (shape, input_shape))
        raise UserError(f"model '{source}' takes {taken}, not the --input-shape {given}")
    if len(shape) != 4 or shape[0] != 1:
        raise UserError(f"the input shape must be 1xCxHxW, got {'x'.join(map(str, shape))}")
    if weights is not None:
        _load_weights(module, weights)
        note = f"weights from {weights}"
    name = Path(source.partition(":")[0]).stem if ":" in source else Path(source).name
    return Model(name, module.eval(), shape, note)


def _named(source: str) -> nn.Module:
    _, _, rest = source.partition("-")
    size, _, distilled = rest.partition("-")
    hidden_size, heads = WIDTHS[size]
    sizes: dict[str, Any] = {
        "hidden_size": hidden_size,
        "num_attention_heads": heads,
        "intermediate_size": 4 * hidden_size,
        "num_labels": 1000,
    }
    if distilled:
        return _Logits(DeiTForImageClassificationWithTeacher(DeiTConfig(**sizes)))
    # The published DeiT checkpoints without a distillation token are of the ViT architecture.
    return _Logits(ViTForImageClassification(ViTConfig(**sizes)))


def _randomize(module: nn.Module) -> None:
    """Fill parameters that start as constants, so that a forgotten one shows in the logits."""
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.min() == parameter.max():
                parameter.add_(torch.randn_like(parameter) * 0.02)


def _from_checkpoint(directory: Path) -> tuple[nn.Module, tuple[int, ...], str]:
    try:
        model = AutoModelForImageClassification.from_pretrained(directory, local_files_only=True)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot load checkpoint '{directory}': {error}") from error
    config = model.config
    size = getattr(config, "image_size", None)
    if not isinstance(size, int):
        raise UserError(f"checkpoint '{directory}' states no square image_size")
    shape = (1, getattr(config, "num_channels", 3), size, size)
    return _Logits(model), shape, f"weights from {directory}"


def _from_file(source: str) -> nn.Module:
    path, _, name = source.rpartition(":")
    if not Path(path).is_file():
        raise UserError(f"model file '{path}' does not exist")
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    if spec is None or spec.loader is None:
        raise UserError(f"'{path}' is not a Python file")
    python = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(python)
    build = getattr(python, name, None)
    if not callable(build):
        raise UserError(f"'{path}' has no callable '{name}'")
    module = build()
    if not isinstance(module, nn.Module):
        raise UserError(f"'{source}' returned {type(module).__name__}, not an nn.Module")
    return module


def _load_weights(module: nn.Module, path: Path) -> None:
    if not path.is_file():
        raise UserError(f"weights file '{path}' does not exist")
    target = module.model if isinstance(module, _Logits) else module
    try:
        tensors = load_file(path)
    except Exception as error:
        raise UserError(f"'{path}' is not a .safetensors file: {error}") from error
    expected = target.state_dict()
    for name, value in expected.items():
        if name not in tensors:
            raise UserError(f"weights file '{path}' has no tensor '{name}'")
        if tensors[name].shape != value.shape:
            raise UserError(
                f"tensor '{name}' of '{path}' has shape {tuple(tensors[name].shape)}, "
                f"the model expects {tuple(value.shape)}"
            )
    if unexpected := sorted(tensors.keys() - expected.keys()):
        raise UserError(f"weights file '{path}' has a tensor the model lacks: '{unexpected[0]}'")
    target.load_state_dict(tensors)
