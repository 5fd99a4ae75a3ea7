"""The accelerator's top function: its ports, its memories, and calls of its engines."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import IMAGE_PORT, LOGIT_BITS, LOGITS, Accelerator, bits_of
from vaqf_compiler.engines.builder import Buffer, function, local
from vaqf_compiler.engines.dispatches import TOP

BURST_LENGTH = 64
"""Transfers per burst: 1 KB of 16-byte words, which a memory controller reads from one row."""
OUTSTANDING = 4
"""
Outstanding bursts of a port. Its adapter buffers `BURST_LENGTH * OUTSTANDING` words, which the cost
model counts.
"""
URAM_CYCLES = 3
"""Cycles of a read: the address, the array, and an output register, which cascades need."""


@contextmanager
def top_function(
    engines: Iterable[str],
    accelerator: Accelerator,
    image_words: int,
    logits: int,
    memory_latency: int | None = None,
) -> Generator[tuple[func.FuncOp, dict[str, Buffer]]]:
    """
    The top function, with the ports and memories of an accelerator, to which the caller adds calls.
    Yields the function and its buffers by name. There is one copy of each of `engines`. The port of
    the image has `image_words` words, that of the results `logits` elements. `memory_latency` is
    the latency attribute of all ports, in cycles from a request to its data.
    """
    ports: dict[str, Attribute] = {
        IMAGE_PORT: MemRefType(IntegerType(WORD_BITS), [image_words]),
        **accelerator.ports,
        LOGITS: MemRefType(IntegerType(LOGIT_BITS), [logits]),
    }
    with function(TOP, ports) as (operation, arguments):
        buffers = {name: Buffer(value) for name, value in arguments.items()}
        for name, value in arguments.items():
            direction = "write" if name == LOGITS else "read"
            bursts = {
                f"max_{direction}_burst_length": BURST_LENGTH,
                f"num_{direction}_outstanding": OUTSTANDING,
            }
            (depth,) = buffers[name].type.get_shape()
            vhls.InterfaceOp(
                value, "m_axi", f"gmem_{name}", depth=depth, latency=memory_latency, **bursts
            )
        for value in arguments.values():
            vhls.InterfaceOp(value, "s_axilite", "control")
        vhls.InterfaceOp(None, "s_axilite", "control")
        for name in engines:
            vhls.AllocationOp(name)
        for name, memory in accelerator.memories.items():
            bits, shape = bits_of(memory), memory.get_shape()
            if name in accelerator.uram:
                buffer = local(name, bits, *shape, partition=(2,), reshape=(3,))
                vhls.BindStorageOp(buffer.ssa, "ram_2p", "uram", URAM_CYCLES)
            else:
                buffer = local(name, bits, *shape, partition=(2, 3))
                vhls.BindStorageOp(buffer.ssa, "ram_2p", "bram")
            buffers[name] = buffer
        yield operation, buffers
