"""Writing an imported model: IR and weights appear together or not at all."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file

from vaqf_compiler.importer.models import Model
from vaqf_compiler.importer.torch_export import import_model
from vaqf_compiler.staging import staged_directory


def write_model(model: Model, output: Path, weights_name: str | None = None) -> Path:
    """
    Import `model` and write its IR to `output` and its weights beside it, by default under the
    same name with the suffix `.safetensors`; the path of the weights is returned.
    Raises UserError as `import_model`.
    """
    weights = output.with_name(weights_name or output.with_suffix(".safetensors").name)
    imported = import_model(model, weights.name)
    with staged_directory(output.parent) as directory:
        (directory / output.name).write_text(imported.text)
        # Tied parameters share storage, which the format forbids: each gets its own copy.
        tensors = {name: tensor.clone().contiguous() for name, tensor in imported.tensors.items()}
        save_file(tensors, directory / weights.name)
    return weights
