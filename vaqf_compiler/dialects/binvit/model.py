"""Access to the function of a model, and checks of the stage of compilation that a module is in."""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.hints import isa

from vaqf_compiler.dialects.binvit.mapping import EngineOp, MemoryImageOp
from vaqf_compiler.dialects.torch.types import VTensorType
from vaqf_compiler.errors import OperationError


def model_function(module: ModuleOp) -> func.FuncOp:
    """
    Return the only function of a module of binvit operations, which maps one image to its results.
    Raises OperationError if the module has no such function.
    """
    functions = [op for op in module.ops if isinstance(op, func.FuncOp)]
    if len(functions) != 1 or len(functions[0].args) != 1:
        raise OperationError(
            module, f"expected one function with one argument, the image{_other_stage(module)}"
        )
    (function,) = functions
    (image,) = function.args
    if not isa(image.type, TensorType[Attribute]) or not image.type.has_static_shape():
        raise OperationError(
            function,
            f"the argument of @{function.sym_name.data} must be a tensor of static shape, the "
            f"image, not {image.type}{_other_stage(module)}",
        )
    check_body(function)
    return function


def result_of(function: func.FuncOp) -> SSAValue:
    """
    Return the only result of a function; a model's is its logits. Raises OperationError unless
    there is exactly one.
    """
    check_body(function)
    (end,) = (op for op in function.body.block.ops if isinstance(op, func.ReturnOp))
    if len(end.arguments) != 1:
        raise OperationError(
            function, f"@{function.sym_name.data} must return one tensor, not {len(end.arguments)}"
        )
    return end.arguments[0]


def check_loops(module: ModuleOp) -> None:
    """Raise OperationError at the first operation that belongs to a stage before loops."""
    for top in module.ops:
        if isinstance(top, MemoryImageOp):  # it describes a port's file by binvit operations
            continue
        for op in top.walk():
            if op.name.startswith(("binvit.", "torch.")):
                raise OperationError(
                    op, f"'{op.name}' is of a stage before loops; run lower-binvit-to-loops first"
                )


def check_body(function: func.FuncOp) -> None:
    """Raise OperationError unless a function consists of one block that ends in `func.return`."""
    name = function.sym_name.data
    if function.is_declaration:
        raise OperationError(function, f"@{name} is only declared; give its body")
    if len(function.body.blocks) != 1:
        count = len(function.body.blocks)
        raise OperationError(function, f"@{name} has {count} blocks; write it without branches")
    if not isinstance(function.body.block.last_op, func.ReturnOp):
        raise OperationError(function, f"@{name} must end in func.return")


def _other_stage(module: ModuleOp) -> str:
    """Return advice for messages, if a module is in another stage than that of a model."""
    if any(isinstance(op, MemoryImageOp) for op in module.ops):
        return "; the module is lowered to loops already, take the model"
    if any(isinstance(op, EngineOp) for op in module.ops):
        return "; the module is mapped already, take the model"
    types = (value.type for op in module.walk() for value in op.results)
    functions = (op for op in module.walk() if isinstance(op, func.FuncOp))
    arguments = (type for op in functions for type in op.function_type.inputs)
    if any(isinstance(type, VTensorType) for type in (*types, *arguments)):
        return "; this is torch IR, run convert-torch-to-binvit first"
    return ""
