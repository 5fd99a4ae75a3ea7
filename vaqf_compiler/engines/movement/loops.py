"""Loops of the engines that load images and initial tokens, and copy tokens for the heads."""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.analysis.integers import INDEX
from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import (
    PIXEL_BITS,
    PIXELS_PER_WORD,
    Accelerator,
    cell_of,
    each_parameter,
    token_bits,
    width_of,
)
from vaqf_compiler.engines.builder import Buffer, function, loop, pipeline, unrolled
from vaqf_compiler.engines.values import Value


def build_load_image(name: str, accelerator: Accelerator, words: int) -> func.FuncOp:
    """Build an engine that loads the image, cut into patches, into the image memory."""
    lanes = accelerator.lanes
    row_words = width_of(accelerator.image) * lanes // PIXELS_PER_WORD
    types: dict[str, Attribute] = {
        "image": accelerator.image,
        "image_port": MemRefType(IntegerType(WORD_BITS), [words]),
    }
    with function(name, types) as (operation, arguments):
        vhls.InlineOp()
        image, port = Buffer(arguments["image"]), Buffer(arguments["image_port"])
        with loop(0, words // row_words, "row") as row, loop(0, row_words, "word") as word:
            pipeline()
            data = port[row * row_words + word].named("data")
            with unrolled(PIXELS_PER_WORD, "part") as part:
                pixel = data.field(part * PIXEL_BITS, PIXEL_BITS)
                position = word * PIXELS_PER_WORD + part
                image[row, position // lanes, position % lanes] = pixel.to(image.bits)
    return operation


def build_load_rows(name: str, accelerator: Accelerator) -> func.FuncOp:
    """Build an engine that loads tokens from the parameters into the residual stream."""
    types: dict[str, Attribute] = {
        "residual": accelerator.residual,
        "parameters": accelerator.parameters,
        **dict.fromkeys(("parameters_at", "rows", "target"), INDEX),
    }
    with function(name, types) as (operation, arguments):
        vhls.InlineOp()
        port, at = Buffer(arguments["parameters"]), Value(arguments["parameters_at"])
        rows, target = Value(arguments["rows"]), Value(arguments["target"])
        residual, lanes = Buffer(arguments["residual"]), accelerator.lanes
        most = accelerator.tokens * accelerator.channel_groups
        parameters = each_parameter(port, at, rows, lanes, token_bits(lanes), most=most)
        with parameters as (row, lane, value):
            residual[target + row, 0, lane] = value.to(residual.bits)
    return operation


def build_copy_tokens(name: str, accelerator: Accelerator) -> func.FuncOp:
    """
    Build an engine that copies tokens from the activation memory to the image memory, from which
    the heads read.
    """
    types: dict[str, Attribute] = {
        "activations": accelerator.activations,
        "image": accelerator.image,
        **dict.fromkeys(("tokens", "source"), INDEX),
    }
    lanes, groups = accelerator.lanes, accelerator.channel_groups
    with function(name, types) as (operation, arguments):
        vhls.InlineOp()
        activations, image = Buffer(arguments["activations"]), Buffer(arguments["image"])
        with loop(0, Value(arguments["tokens"]), "token", most=accelerator.tokens) as token:
            with loop(0, groups, "group") as group:
                pipeline()
                rows = -(-groups // width_of(accelerator.activations))
                first = Value(arguments["source"]) + token * rows
                cell = cell_of(accelerator.activations, first, group, groups)
                image_rows = -(-groups // width_of(accelerator.image))
                target = cell_of(accelerator.image, token * image_rows, group, groups)
                with unrolled(lanes, "lane") as lane:
                    x = activations[cell.row, cell.group, lane]
                    image[target.row, target.group, lane] = x.to(image.bits)
    return operation
