"""
What the driver needs of the package pynq, on a machine without a board: the accelerator's registers
by the control protocol and with the names of Vitis HLS or Vivado HLS, the accelerator itself by C
simulation on the buffers whose addresses the registers hold.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

CONTROL = 0x00
FIRST_ARGUMENT = 0x10
ARGUMENT_STRIDE = 0x0C
"""Two halves of an address and a reserved word."""


VITIS_HLS = ("{}_1", "{}_2")
VIVADO_HLS = ("{}_V_1", "{}_V_2")
"""The names of the registers of a port: the halves of its address, or one of 32 bits."""

LOW_MEMORY = 0x1000_0000
HIGH_MEMORY = 0x8_0000_0000
"""Where the memory of a Zynq UltraScale+ begins that needs 64 bits."""


class Buffer(np.ndarray[Any, np.dtype[np.uint8]]):
    """Memory with an address, which the accelerator sees what was flushed of, as caches do."""

    physical: Any
    device_address: int

    def flush(self) -> None:
        self.physical[:] = np.asarray(self)

    def invalidate(self) -> None:
        np.asarray(self)[:] = self.physical


class Memory:
    """What is allocated, from an address on."""

    def __init__(self, base: int):
        self.base = base
        self.buffers = dict[int, Buffer]()

    def allocate(self, shape: tuple[int, ...], dtype: type[np.uint8]) -> Buffer:
        (size,) = shape
        buffer = np.full(size, 0xA5, dtype).view(Buffer)
        memory = np.zeros(size + 16, np.uint8)
        start = -memory.ctypes.data % 16
        buffer.physical = memory[start : start + size]
        buffer.device_address = self.base + 0x10_0000 * len(self.buffers)
        self.buffers[buffer.device_address] = buffer
        return buffer

    def pointer(self, address: int) -> ctypes.c_void_p:
        return ctypes.c_void_p(self.buffers[address].physical.ctypes.data)


class Block:
    """The IP: runs when it is started, and is done when it is asked `delay` times."""

    def __init__(self, function: Callable[[dict[int, int]], None], delay: int):
        self.registers = dict[int, int]()
        self.function = function
        self.delay = delay
        self.waiting = 0

    def write(self, offset: int, value: int) -> None:
        assert 0 <= value < 1 << 32
        self.registers[offset] = value
        if offset == CONTROL and value & 1:
            self.function(self.registers)
            self.waiting = self.delay

    def read(self, offset: int) -> int:
        assert offset == CONTROL
        self.waiting -= 1
        return 0b1110 if self.waiting <= 0 else 0b0001  # ready, idle and done; or started


@dataclass(frozen=True)
class Bitstream:
    """Of an accelerator."""

    library: Path
    top: str
    ports: Sequence[str]
    names: Sequence[str] = VITIS_HLS
    delay: int = 3

    def offsets(self) -> dict[str, int]:
        """Of the registers for addresses, port by port, the lower half first."""
        return {
            name.format(port): FIRST_ARGUMENT + ARGUMENT_STRIDE * position + 4 * half
            for position, port in enumerate(self.ports)
            for half, name in enumerate(self.names)
        }

    def run(self, memory: Memory, registers: dict[int, int]) -> None:
        """Run the accelerator on the buffers that the registers have the addresses of."""
        pointers: list[ctypes.c_void_p] = []
        for position in range(len(self.ports)):
            at = FIRST_ARGUMENT + ARGUMENT_STRIDE * position
            pointers.append(memory.pointer(registers[at] | registers.get(at + 4, 0) << 32))
        ctypes.CDLL(str(self.library))[self.top](*pointers)

    def overlay(self, memory: Memory) -> type[Any]:
        """The class `pynq.Overlay`."""
        offsets = {"CTRL": CONTROL, **self.offsets()}
        registers = {name: {"address_offset": offset} for name, offset in offsets.items()}
        block = Block(partial(self.run, memory), self.delay)
        top = self.top

        class Overlay:
            """A loaded bitstream."""

            def __init__(self, bitstream: str):
                assert Path(bitstream).is_file()
                self.ip_dict = {
                    "ps": {"type": "xilinx.com:ip:zynq_ultra_ps_e:3.5", "registers": {}},
                    "accelerator": {"type": f"xilinx.com:hls:{top}:1.0", "registers": registers},
                }
                self.accelerator = block

        return Overlay
