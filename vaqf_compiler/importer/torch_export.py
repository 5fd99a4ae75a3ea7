"""PyTorch model to torch-dialect IR, by torch.export and torch-mlir, with weights by name."""

from __future__ import annotations

import gc
import io
import logging
import traceback
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.utils._pytree import TreeSpec

from vaqf_compiler.dialects.binvit.mapping import PREPROCESSING_ATTRIBUTE
from vaqf_compiler.errors import UserError
from vaqf_compiler.images import preprocessing_attribute
from vaqf_compiler.importer.models import Model

try:
    from torch_mlir import ir
    from torch_mlir.dialects import torch as torch_dialect
    from torch_mlir.extras.fx_importer import FxImporter, FxImporterHooks

    from vaqf_compiler.importer.places import NodeLocations, python_line
except ImportError as error:
    raise UserError(
        "torch-mlir is not installed: importing a model needs its wheel, which exists for "
        "CPython 3.11 on x86-64 Linux; vaqf-opt works on IR files without it"
    ) from error

ELEMENT_TYPES = {torch.float32: "f32"}


class _NamedWeights(FxImporterHooks):
    """
    Turns each parameter, buffer and other tensor of a model into a `dense_resource` literal
    without data, whose key is the tensor's name, and remembers the tensor.
    """

    def __init__(self, model: Model, program: ExportedProgram) -> None:
        self.model = model
        self.tensors: dict[str, torch.Tensor] = {}
        targets = program.graph_signature.lifted_tensor_constants
        self._constant_names = {
            id(program.constants[target]): model.parameter_name(target) for target in targets
        }

    def resolve_input(self, gni: Any, value: Any, info: Any) -> Any:
        return self._named(gni, self.model.parameter_name(info.input_spec.target), value)

    def resolve_literal(self, gni: Any, literal: Any, info: Any) -> Any:
        """Tensors that are neither parameters nor buffers; scalars stay in the IR."""
        name = self._constant_names.get(id(literal))
        return None if name is None or not literal.ndim else self._named(gni, name, literal)

    def _named(self, gni: Any, name: str, value: torch.Tensor) -> Any:
        """The literal, or None for a tensor that `.safetensors` files do not hold for us."""
        element_type = ELEMENT_TYPES.get(value.dtype)
        if element_type is None:
            return None
        self.tensors[name] = value.detach()
        shape = "".join(f"{size}x" for size in value.shape)
        literal = ir.Attribute.parse(
            f'dense_resource<"{_escaped(name)}"> : tensor<{shape}{element_type}>'
        )
        return ir.Operation.create(
            "torch.vtensor.literal",
            results=[gni._cc.tensor_to_vtensor_type(value)],
            attributes={"value": literal},
        ).result


def _escaped(name: str) -> str:
    """A name between the quotes of an MLIR string."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:02X}"
        for byte in name.encode()
    )


class _Importer(FxImporter):
    """torch-mlir's, with our locations."""

    def __init__(self, layer_name: Callable[[str], str], **settings: Any) -> None:
        super().__init__(**settings)
        tracker = self._py_attr_tracker
        self._cc = NodeLocations(layer_name, context=self._c, py_attr_tracker=tracker)


@dataclass(frozen=True)
class ImportedModel:
    """Torch-dialect IR and the tensors that it names."""

    text: str
    """The module in torch-mlir's pretty form."""
    tensors: dict[str, torch.Tensor]


def import_model(model: Model, weights_file: str) -> ImportedModel:
    """As `translate_model`, in a process that imports one model and goes on to other things."""
    imported = translate_model(model, weights_file)
    # What PyTorch has loaded by now stays. A collection that looks at it takes half a second.
    gc.collect()
    gc.freeze()
    return imported


def translate_model(model: Model, weights_file: str) -> ImportedModel:
    """
    Export `model` and translate it at the ATen level, without decompositions.
    `weights_file` is the name that the module gives for the file with the tensors.
    Raises UserError where torch.export or torch-mlir cannot translate the model.
    """
    program = _exported(model)
    hooks = _NamedWeights(model, program)
    context = ir.Context()
    torch_dialect.register_dialect(context)
    preprocessing = str(preprocessing_attribute(model.preprocessing))
    try:
        importer = _Importer(model.layer_name, context=context, hooks=hooks)
        importer.import_program(program, func_name="main")
        operation = importer.module.operation
        with context:
            operation.attributes["binvit.weights"] = ir.StringAttr.get(weights_file)
            operation.attributes[PREPROCESSING_ATTRIBUTE] = ir.Attribute.parse(preprocessing)
        operation.verify()
    except Exception as error:  # theirs alone: they raise whatever they like
        raise UserError(f"torch-mlir cannot import '{model.name}': {error}") from error
    return ImportedModel(operation.get_asm(enable_debug_info=True), hooks.tensors)


def _exported(model: Model) -> ExportedProgram:
    """The program of a model that maps one tensor to one tensor, without operations in place."""
    example = torch.zeros(model.input_shape)
    try:
        with torch.no_grad(), _silence():
            program = torch.export.export(model.module, (example,))
            if any(_changes_operand(node) for node in program.graph.nodes):
                program = program.run_decompositions({})
    except Exception as error:  # the model's own, and theirs
        raise UserError(_uncaptured(model, error)) from error
    signature = program.graph_signature
    if changed := [
        *signature.buffers_to_mutate.values(),
        *signature.user_inputs_to_mutate.values(),
    ]:
        raise UserError(
            f"model '{model.name}' changes '{changed[0]}' in place, which outlives the call: "
            "work on a copy of it"
        )
    returned = program.call_spec.out_spec
    if returned is None or not returned.is_leaf():
        what = "nothing" if returned is None else f"a {_type_name(returned)}"
        raise UserError(
            f"model '{model.name}' returns {what}, not one tensor: wrap it in a module whose "
            "forward() returns the logits alone"
        )
    return program


@contextmanager
def _silence() -> Generator[None]:
    """Without what PyTorch logs, prints and warns of in an export that fails: the whole graph."""
    disabled = logging.root.manager.disable
    logging.disable()
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _uncaptured(model: Model, error: Exception) -> str:
    """
    A sentence for what torch.export raises: the line of the model's Python, and the first line of
    a text that goes on with advice to who develops PyTorch.
    """
    line = python_line("".join(traceback.format_exception(error)))
    place = "" if line is None else f"{line[0]}:{line[1]}: "
    first = next((text for text in str(error).splitlines() if text.strip()), type(error).__name__)
    advice = ""
    if "data-dependent" in first:
        advice = "; which operations forward() runs must not depend on the values in the image"
    return f"torch.export cannot capture '{model.name}': {place}{first.strip()}{advice}"


def _changes_operand(node: torch.fx.Node) -> bool:
    """Whether an operation of the graph writes to one of its operands."""
    schema = getattr(node.target, "_schema", None)
    return schema is not None and schema.is_mutable


def _type_name(spec: TreeSpec) -> str:
    return getattr(spec.type, "__name__", str(spec.type))
