"""
How long operators take: nanoseconds for what fits in a cycle, cycles for what does not.

The figures stand for an UltraScale+ part of speed grade -2. They are recalled from operator
tables in reports of Vitis HLS, not measured here, and rounded up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.analysis.integers import INDEX, width_of_integer
from vaqf_compiler.hardware.products import dsp_slices

INDEX_BITS = 32
"""Indices are `int` in the generated code."""
CLOCK_UNCERTAINTY = 0.27
"""The share of the period that Vitis HLS leaves for routing by default (UG1399)."""
REGISTER_NS = 0.3
"""From a register or a memory's output to the first operator."""
BRAM_CYCLES = 2
"""Of a read: the address, and the output register."""
AXI_CYCLES = 6
"""Of a read through an m_axi adapter, besides the memory's own latency."""


@dataclass(frozen=True)
class Delay:
    """What an operation takes: whole cycles, or nanoseconds within one."""

    ns: float = 0.0
    cycles: int = 0


FREE = Delay()


def bits_of(value: SSAValue) -> int:
    """The width of a number."""
    return INDEX_BITS if value.type == INDEX else width_of_integer(value.type)


def significant_bits(value: SSAValue) -> int:
    """The width that a multiplier sees, with a sign: that before an extension, or of a constant."""
    match value.owner:
        case arith.ExtSIOp() as op:
            return bits_of(op.input)
        case arith.ExtUIOp() as op:
            return bits_of(op.input) + 1
        case arith.ConstantOp() as op if isinstance(op.value, IntegerAttr):
            number = op.value.value.data
            return max(number, ~number).bit_length() + 1
        case _:
            return bits_of(value)


def operator_delay(op: Operation, constant: Sequence[bool]) -> Delay:
    """The delay of an operation; `constant` says which operands the circuit is built for."""
    if all(constant):
        return FREE
    bits = max(bits_of(v) for v in (*op.operands, *op.results))
    adder = 0.6 + 0.0125 * bits
    match op:
        case arith.MuliOp():
            if any(constant) and op.results[0].type == INDEX:
                return Delay(ns=2 * adder)  # a few shifted copies are added
            slices = dsp_slices(*(significant_bits(operand) for operand in op.operands))
            return Delay(cycles=3 + max(1, slices))
        case arith.DivSIOp() | arith.RemSIOp() if constant[1] and is_power_of_two(op.rhs):
            return Delay(ns=adder)
        case arith.DivSIOp() | arith.RemSIOp() | arith.DivUIOp() | arith.RemUIOp():
            return Delay(cycles=bits + 4)  # a bit of the quotient a cycle, also by a constant
        case arith.AddiOp() | arith.SubiOp() | arith.CmpiOp():
            return Delay(ns=adder)
        case arith.MinSIOp() | arith.MaxSIOp():
            return Delay(ns=adder + 0.4)
        case arith.ShLIOp() | arith.ShRSIOp() | arith.ShRUIOp() if not constant[1]:
            return Delay(ns=0.4 + 0.2 * bits.bit_length())
        case arith.SelectOp():
            return Delay(ns=0.4)
        case arith.AndIOp() | arith.OrIOp() | arith.XOrIOp():
            return Delay(ns=0.3)
        case _:  # extensions, truncations and shifts by a constant are wires
            return FREE


def is_power_of_two(value: SSAValue) -> bool:
    """Whether a value is a constant that wires divide by."""
    owner = value.owner
    if not isinstance(owner, arith.ConstantOp) or not isinstance(owner.value, IntegerAttr):
        return False
    return owner.value.value.data.bit_count() == 1
