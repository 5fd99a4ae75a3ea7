"""A user's module made ready: in float32, without NaN, and returning logits alone."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from vaqf_compiler.errors import UserError
from vaqf_compiler.importer.model_file import user_code
from vaqf_compiler.importer.tensors import CONVERTIBLE, check_finite, type_name


class Logits(nn.Module):
    """The logits of a classifier that returns a record, such as those of transformers."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.model(image).logits


def to_float32(module: nn.Module) -> str:
    """
    Put the module's floating-point numbers into float32, and say what they were, if anything else.
    Raises UserError for parameters that have no numbers yet, or are of other types.
    """
    tensors = [*module.named_parameters(), *module.named_buffers()]
    if not tensors:
        raise UserError("the model has no parameters")
    for name, tensor in tensors:
        if is_lazy(tensor):
            raise UserError(f"'{name}' has no shape before the model has run; run it once")
        if tensor.is_meta:
            raise UserError(f"'{name}' is on the meta device, without numbers; build it on the CPU")
    for name, parameter in module.named_parameters():
        if parameter.dtype not in CONVERTIBLE:
            raise UserError(
                f"parameter '{name}' is {type_name(parameter.dtype)}, not 16, 32 or 64-bit "
                "floating point; quantising is done here: give the model in float32"
            )
    others = {
        type_name(tensor.dtype)
        for _, tensor in tensors
        if tensor.is_floating_point() and tensor.dtype != torch.float32
    }
    module.cpu().float()
    return f"converted from {' and '.join(sorted(others))} to float32" if others else ""


def check_parameters_finite(module: nn.Module) -> None:
    """Raise UserError for a parameter with NaN or infinity; a buffer may hold a mask of -inf."""
    for name, parameter in module.named_parameters():
        check_finite(name, parameter)


def with_logits(source: str, module: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """
    `module`, run twice on an image, or `Logits` of it where it returns a record with logits.
    Raises UserError where it fails, returns something else, or not the same both times.
    """
    image = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    sizes = "x".join(map(str, shape))
    file = Path(source.rpartition(":")[0])
    with torch.no_grad(), user_code(f"the model does not run on an image of {sizes}", file):
        found = module(image)
        if not isinstance(found, torch.Tensor) and isinstance(
            getattr(found, "logits", None), torch.Tensor
        ):
            module = Logits(module)
            found = module(image)
        again = module(image)
    if not isinstance(found, torch.Tensor):
        raise UserError(
            f"the model returns {_kind(found)}; wrap it in a module that returns the logits alone"
        )
    if not torch.equal(found.nan_to_num(), again.nan_to_num()):
        raise UserError(
            "the model returns other logits for the same image each time, though in evaluation "
            "mode; it draws random numbers, as functional.dropout does without "
            "training=self.training"
        )
    return module


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"a {name} of {len(value)}" if isinstance(value, tuple | list | dict) else f"a {name}"
