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

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Block, Region
from xdsl.passes import ModulePass
from xdsl.transforms.dead_code_elimination import dce
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.torch.types import VTensorType
from vaqf_compiler.torch_to_binvit import Converter
from vaqf_compiler.torch_to_binvit.views import whole


@dataclass(frozen=True)
class ConvertTorchToBinvitPass(ModulePass):
    """Recognise a Vision Transformer in torch-dialect IR and write it in binvit operations."""

    name = "convert-torch-to-binvit"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = [o for o in op.ops if isinstance(o, func.FuncOp)]
        if not functions:
            raise PassFailedException("the module has no function to convert")
        for function in functions:
            _replace(function)
        dce(op)


def _replace(function: func.FuncOp) -> None:
    name = function.sym_name.data
    inputs = function.function_type.inputs.data
    if len(inputs) != 1 or not isinstance(inputs[0], VTensorType):
        raise PassFailedException(f"@{name}: expected one argument, the image, got {len(inputs)}")
    batch, *image_shape = inputs[0].get_shape()
    if batch != 1 or len(image_shape) != 3:
        raise PassFailedException(f"@{name}: the image must be 1xCxHxW, got {inputs[0]}")
    image_type = TensorType(inputs[0].element_type, image_shape)
    block = Block(arg_types=[image_type])
    block.args[0].name_hint = "image"
    converted = func.FuncOp(name, ([image_type], []), Region(block))
    converter = Converter(converted)
    converter.values[function.args[0]] = whole(block.args[0], (1, *image_shape))
    *body, terminator = function.body.block.ops
    for operation in body:
        converter.convert(operation)
    results = [
        converter.tokens(terminator, converter.values[value]) for value in terminator.operands
    ]
    converter.add(func.ReturnOp(*results))
    converted.update_function_type()
    parent = function.parent_block()
    assert parent is not None
    parent.insert_op_before(converted, function)
    function.detach()
    function.erase()
