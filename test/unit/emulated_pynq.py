"""
What the driver needs of the package pynq, on a machine without a board: the accelerator's registers
by the control protocol of Vitis HLS, the accelerator itself by C simulation on the buffers whose
addresses the registers hold.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np

CONTROL = 0x00
FIRST_ARGUMENT = 0x10
ARGUMENT_STRIDE = 0x0C
"""Two halves of an address and a reserved word."""


class Buffer(np.ndarray[Any, np.dtype[np.uint8]]):
    """Memory with an address, which the accelerator sees what was flushed of, as caches do."""

    physical: Any

    @property
    def device_address(self) -> int:
        return int(self.physical.ctypes.data)

    def flush(self) -> None:
        self.physical[:] = np.asarray(self)

    def invalidate(self) -> None:
        np.asarray(self)[:] = self.physical


def allocate(shape: tuple[int, ...], dtype: type[np.uint8]) -> Buffer:
    (size,) = shape
    buffer = np.full(size, 0xA5, dtype).view(Buffer)
    memory = np.zeros(size + 16, np.uint8)
    start = -memory.ctypes.data % 16
    buffer.physical = memory[start : start + size]
    return buffer


class Block:
    """The IP: runs when it is started, and is done when it is asked `delay` times."""

    def __init__(self, function: Any, arguments: int, delay: int):
        self.memory = dict[int, int]()
        self.function = function
        self.arguments = arguments
        self.delay = delay
        self.waiting = 0

    def write(self, offset: int, value: int) -> None:
        assert 0 <= value < 1 << 32
        self.memory[offset] = value
        if offset == CONTROL and value & 1:
            pointers: list[ctypes.c_void_p] = []
            for position in range(self.arguments):
                at = FIRST_ARGUMENT + position * ARGUMENT_STRIDE
                pointers.append(ctypes.c_void_p(self.memory[at] | self.memory[at + 4] << 32))
            self.function(*pointers)
            self.waiting = self.delay

    def read(self, offset: int) -> int:
        assert offset == CONTROL
        self.waiting -= 1
        return 0b1110 if self.waiting <= 0 else 0b0001  # ready, idle and done; or started


def overlay(library: Path, top: str, ports: list[str], delay: int = 3) -> type[Any]:
    """The class `pynq.Overlay` for the bitstream of an accelerator."""
    registers: dict[str, Any] = {"CTRL": {"address_offset": CONTROL}}
    for position, port in enumerate(ports):
        at = FIRST_ARGUMENT + position * ARGUMENT_STRIDE
        registers[f"{port}_1"] = {"address_offset": at}
        registers[f"{port}_2"] = {"address_offset": at + 4}
    function = getattr(ctypes.CDLL(str(library)), top)

    class Overlay:
        """A loaded bitstream."""

        def __init__(self, bitstream: str):
            assert Path(bitstream).is_file()
            self.ip_dict = {
                "ps": {"type": "xilinx.com:ip:zynq_ultra_ps_e:3.5", "registers": {}},
                "accelerator": {"type": f"xilinx.com:hls:{top}:1.0", "registers": registers},
            }
            self.accelerator = Block(function, len(ports), delay)

    return Overlay
