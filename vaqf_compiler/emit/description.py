"""
The facts about an accelerator that the project's scripts and driver need, derived from its loops.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeGuard

from xdsl.dialects import func
from xdsl.dialects.builtin import FloatAttr, MemRefType, ModuleOp, StringAttr, TensorType
from xdsl.ir import Attribute, Operation
from xdsl.utils.exceptions import PassFailedException
from xdsl.utils.hints import isa

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import MemoryImageOp, PackOp, PatchesOp
from vaqf_compiler.dialects.binvit.checks import quantized, shape_of
from vaqf_compiler.dialects.binvit.mapping import RESULT_ATTRIBUTE
from vaqf_compiler.dialects.binvit.types import QuantizedType
from vaqf_compiler.emit.cpp_types import identifier, width_of
from vaqf_compiler.emit.packing import memory_images
from vaqf_compiler.engines.accelerator import IMAGE_PORT, LOGITS
from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.board import Board, load_board
from vaqf_compiler.images import preprocessing_in
from vaqf_compiler.vaqf_images import Preprocessing


@dataclass(frozen=True)
class Port:
    """A memory port, which is an argument of the top function."""

    name: str
    kind: str
    """One of `image`, `parameters` and `logits`."""
    bundle: str
    words: int
    word_bits: int


@dataclass(frozen=True)
class Image:
    """The image behind its port."""

    port: str
    shape: Sequence[int]
    """The shape CxHxW."""
    scale: float
    """The factor that turns a pixel's integer into its value."""
    minimum: int
    maximum: int
    patch: int
    """Height and width of a patch, in pixels."""
    columns: int
    """Number of elements in a row of a packed patch."""
    preprocessing: Preprocessing | str
    """How pictures become the image, or the reason why that is not known."""


@dataclass(frozen=True)
class Logits:
    """The logits behind their port."""

    port: str
    count: int
    scale: float


@dataclass(frozen=True)
class Description:
    """An accelerator, as scripts and drivers see it."""

    top: str
    board: Board
    clock_mhz: float
    ports: Sequence[Port]
    """The ports in the order of the top function's arguments."""
    image: Image
    logits: Logits

    @property
    def masters(self) -> list[str]:
        """The names of the IP's m_axi interfaces."""
        return [f"m_axi_{port.bundle}" for port in self.ports]

    def json(self) -> str:
        """Return the text of the driver's file."""
        facts = {
            "top": self.top,
            "board": self.board.name,
            "clock_mhz": self.clock_mhz,
            "ports": [asdict(port) for port in self.ports],
            "image": asdict(self.image),
            "logits": asdict(self.logits),
        }
        return json.dumps(facts, indent=2) + "\n"


def describe(loops: ModuleOp, top: func.FuncOp) -> Description:
    """
    Describe the accelerator `top` of a module of loops. Raises PassFailedException for a module
    that was never estimated, and UserError for one that an earlier version lowered.
    """
    board, clock = (loops.attributes.get(f"binvit.{name}") for name in ("board", "clock_mhz"))
    if not isinstance(board, StringAttr) or not isinstance(clock, FloatAttr):
        raise PassFailedException("the module says neither board nor clock; run binvit-estimate")
    images = memory_images(loops)
    result = loops.attributes.get(RESULT_ATTRIBUTE)
    if not isa(result, TensorType[Attribute]) or IMAGE_PORT not in images:
        raise UserError("the loops IR says nothing about image and logits; compile the model again")
    element = result.get_element_type()
    assert isinstance(element, QuantizedType)
    return Description(
        top=top.sym_name.data,
        board=load_board(board.data),
        clock_mhz=clock.value.data,
        ports=[_port(op, images) for op in top.body.block.ops if _is_memory(op)],
        image=_image(images[IMAGE_PORT], loops),
        logits=Logits(LOGITS, result.get_shape()[-1], element.scale.data),
    )


def _is_memory(op: Operation) -> TypeGuard[vhls.InterfaceOp]:
    return isinstance(op, vhls.InterfaceOp) and op.mode.data == "m_axi"


def _port(op: vhls.InterfaceOp, images: Mapping[str, MemoryImageOp]) -> Port:
    assert op.port is not None and isa(op.port.type, MemRefType[Attribute])
    name = identifier(op.port.name_hint)
    kind = "image" if name == IMAGE_PORT else "parameters" if name in images else "logits"
    (words,) = op.port.type.get_shape()
    bits = width_of(op.port.type.element_type)
    assert bits is not None
    return Port(name, kind, op.bundle.data, words, bits)


def _image(image: MemoryImageOp, loops: ModuleOp) -> Image:
    (pixels,) = image.body.block.args
    (patches,) = (op for op in image.body.block.ops if isinstance(op, PatchesOp))
    (pack,) = (op for op in image.body.block.ops if isinstance(op, PackOp))
    element = quantized("the image", pixels)
    return Image(
        port=IMAGE_PORT,
        shape=shape_of(pixels),
        scale=element.scale.data,
        minimum=element.minimum,
        maximum=element.maximum,
        patch=patches.size.value.data,
        columns=pack.columns.value.data,
        preprocessing=preprocessing_in(loops, shape_of(pixels)),
    )
