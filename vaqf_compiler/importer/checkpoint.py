"""Reading the directory of a transformers checkpoint: its configuration and its tensors."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import PretrainedConfig

from vaqf_compiler.errors import UserError, reason_of
from vaqf_compiler.importer.pretrained import config_from
from vaqf_compiler.importer.tensors import listed, read_safetensors
from vaqf_compiler.weights import check_weights_file

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""The first that is there is read; `.index.json` after the name: in shards."""


def read_config(directory: Path) -> PretrainedConfig:
    """The configuration. Raises UserError where there is none that can be used."""
    path = directory / CONFIG
    if not path.exists():
        if (directory / "adapter_config.json").exists():
            raise UserError(
                "it is an adapter without its model; merge them (merge_and_unload in peft) and "
                "save the result"
            )
        raise UserError(f"it has no {CONFIG}; save the model with save_pretrained")
    return config_from(_read_json(path))


def image_shape(config: PretrainedConfig) -> tuple[int, ...]:
    """Batch, channels, height and width. Raises UserError where the configuration has no sizes."""
    size: Any = getattr(config, "image_size", None)
    sides = list(size) if isinstance(size, list | tuple) else [size, size]
    shape = (1, getattr(config, "num_channels", 3), *sides)
    if len(shape) != 4 or not all(isinstance(n, int) and n > 0 for n in shape):
        raise UserError(f"{CONFIG} states no image_size, or num_channels, that an image can have")
    return shape


def read_checkpoint_tensors(directory: Path) -> dict[str, torch.Tensor]:
    """
    All tensors of a checkpoint, whole or in shards.
    Raises UserError for files that are missing or damaged.
    """
    for name in WEIGHTS:
        if (directory / name).exists():
            return _read_tensors(directory / name)
        index = directory / f"{name}.index.json"
        if index.exists():
            return _read_shards(index)
    raise UserError(f"it has no weights: expected {' or '.join(WEIGHTS)}")


def _read_shards(index: Path) -> dict[str, torch.Tensor]:
    places = _read_json(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(name, str) for name in places.values()):
        raise UserError(f"'{index}' has no 'weight_map' from tensors to files")
    found: dict[str, torch.Tensor] = {}
    for name in sorted(set(places.values())):
        shard = _read_tensors(index.parent / name)
        if twice := found.keys() & shard.keys():
            raise UserError(f"several shards have {listed(twice)}")
        found |= shard
    if lost := places.keys() - found.keys():
        raise UserError(f"the shards lack {listed(lost)}, which '{index.name}' names")
    return found


def _read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Of a `.safetensors` file, or of a state dict that torch.save wrote."""
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    check_weights_file(path)
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"'{path}' holds Python objects, which are not loaded, or is damaged; save the "
            "model's state_dict() alone, best with save_pretrained"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        first = reason_of(error).partition("\n")[0]
        raise UserError(f"'{path}' cannot be read ({first}); download it again") from error
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
    ):
        raise UserError(
            f"'{path}' holds more than tensors by name; save the model's state_dict() alone"
        )
    return dict(state)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"'{path}' cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"'{path}' is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise UserError(f"'{path}' holds no JSON object")
    return value
