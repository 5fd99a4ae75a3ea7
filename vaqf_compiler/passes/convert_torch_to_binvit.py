"""
Before, as torch-mlir prints it:

    %1 = torch.aten.linear %0, %weight, %bias : ... -> !torch.vtensor<[1,197,768],f32>
    %2 = torch.aten.view %1, %sizes : ... -> !torch.vtensor<[1,197,12,64],f32>
    %3 = torch.aten.transpose.int %2, %int1, %int2 : ... -> !torch.vtensor<[1,12,197,64],f32>
    %6 = torch.aten.scaled_dot_product_attention %3, %4, %5, ...

After:

    %1 = binvit.linear %0, %weight bias %bias : ... -> tensor<197x768xf32>
    %6 = binvit.attention_scores %1, %4 heads 12 scale 0.125 : ... -> tensor<12x197x197xf32>
    %7 = binvit.softmax %6 : ...
    %8 = binvit.attention_context %7, %5 : ... -> tensor<197x768xf32>
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import Float32Type, ModuleOp, TensorType, f32
from xdsl.ir import Block, Region, SSAValue
from xdsl.passes import ModulePass
from xdsl.transforms.dead_code_elimination import dce
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.dialects.binvit.model import check_body
from vaqf_compiler.dialects.torch.types import VTensorType
from vaqf_compiler.errors import OperationError
from vaqf_compiler.torch_to_binvit import Converter
from vaqf_compiler.torch_to_binvit.converter import LARGEST_TENSOR
from vaqf_compiler.torch_to_binvit.views import Abstract, whole, without_leading_ones


@dataclass(frozen=True)
class ConvertTorchToBinvitPass(ModulePass):
    """Recognise a Vision Transformer in torch-dialect IR and write it in binvit operations."""

    name = "convert-torch-to-binvit"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = [o for o in op.ops if isinstance(o, func.FuncOp)]
        if not functions:
            raise PassFailedException("the module has no function to convert")
        dce(op)  # what nothing reads need not be understood
        for function in functions:
            _replace(function)
        dce(op)


def _replace(function: func.FuncOp) -> None:
    name = function.sym_name.data
    inputs = function.function_type.inputs.data
    if len(inputs) != 1:
        raise PassFailedException(f"@{name}: expected one argument, the image, got {len(inputs)}")
    if not isinstance(inputs[0], VTensorType):
        raise OperationError(
            function,
            f"@{name}: expected torch IR, whose argument is a !torch.vtensor, not {inputs[0]}; "
            "give what vaqf-import writes",
        )
    check_body(function)
    image_type = _image_type(name, inputs[0])
    block = Block(arg_types=[image_type])
    block.args[0].name_hint = "image"
    converted = func.FuncOp(name, ([image_type], []), Region(block))
    converter = Converter(converted)
    image = block.args[0]
    converter.values[function.args[0]] = whole(image, (1, *image_type.get_shape()))
    *body, terminator = function.body.block.ops
    for operation in body:
        converter.convert(operation)
    converter.op = terminator
    results = [_returned(converter, converter.values[value]) for value in terminator.operands]
    converter.builder.insert(func.ReturnOp(*results))
    converted.update_function_type()
    parent = function.parent_block()
    assert parent is not None
    parent.insert_op_before(converted, function)
    function.detach()
    function.erase()


def _returned(c: Converter, tensor: Abstract) -> SSAValue:
    """A result as a matrix of tokens by channels, which may lack dimensions of size one."""
    matrix = c.tokens(tensor)
    if without_leading_ones(c.shape(tensor)) != without_leading_ones(shape_of(matrix)):
        raise c.fail("its result is not a vector of logits or a matrix of tokens by channels")
    return matrix


def _image_type(name: str, given: VTensorType) -> TensorType[Float32Type]:
    """The type of the image without its batch of one."""
    shape = given.static_shape() or ()
    if len(shape) != 4 or shape[0] != 1 or not 0 < math.prod(shape) <= LARGEST_TENSOR:
        raise PassFailedException(f"@{name}: the image must be 1xCxHxW, got {given}")
    if given.element_type != f32:
        raise PassFailedException(f"@{name}: the image must have elements of f32, got {given}")
    return TensorType(f32, shape[1:])
