"""Writing an imported model: IR and weights appear together or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from vaqf_compiler.filenames import text_of
from vaqf_compiler.importer.models import Model
from vaqf_compiler.importer.torch_export import import_model
from vaqf_compiler.output.certificate import (
    certified,
    tensors_metadata,
    tensors_origin,
    text_origin,
)
from vaqf_compiler.output.files import check_outputs, output_files
from vaqf_compiler.output.staging import made_directory
from vaqf_compiler.output.writing import cannot_write, writing


def weights_path(output: Path) -> Path:
    """Where the weights of the IR file `output` are, unless another name is given."""
    return output.with_suffix(".safetensors")


def check_model_files(output: Path, *, inputs: Iterable[Path] = (), force: bool = False) -> None:
    """Raise UserError where `write_model` would because of what is there."""
    outputs = {output: text_origin, weights_path(output): tensors_origin}
    check_outputs(outputs, inputs=inputs, force=force)


def write_model(
    model: Model,
    output: Path,
    weights_name: str | None = None,
    *,
    inputs: Iterable[Path] = (),
    force: bool = False,
) -> Path:
    """
    Import `model` and write its IR to `output` and its weights beside it, by default under the
    same name with the suffix `.safetensors`; the path of the weights is returned.
    Raises UserError as `import_model`, where the files cannot be written, and where they are there,
    unless an earlier run wrote them and they are none of `inputs`; see `check_outputs`.
    """
    weights = output.with_name(weights_name or weights_path(output).name)
    imported = import_model(model, text_of(weights.name))
    outputs = {output: text_origin, weights: tensors_origin}
    with (
        made_directory(output.parent),
        output_files(outputs, inputs=inputs, force=force) as (text_file, tensor_file),
    ):
        with writing(text_file):
            text_file.write_bytes(certified(imported.text.encode()))
        # Tied parameters share storage, which the format forbids: each gets its own copy.
        tensors = {name: tensor.clone().contiguous() for name, tensor in imported.tensors.items()}
        _save(tensors, tensor_file)
    return weights


def _save(tensors: dict[str, torch.Tensor], path: Path) -> None:
    metadata = tensors_metadata((name, tensor.numpy()) for name, tensor in tensors.items())
    try:
        path.touch()
        mode = (
            path.stat().st_mode
        )  # as the umask says; safetensors leaves a file for its owner only
        save_file(tensors, path, metadata)
        path.chmod(mode)
    except (OSError, SafetensorError) as error:
        raise cannot_write(path, error) from error
