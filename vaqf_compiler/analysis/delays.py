"""
Delays of operators: nanoseconds if an operator fits into a cycle, otherwise cycles.

The figures stand for an UltraScale+ part of speed grade -2. They are recalled from operator tables
in reports of Vitis HLS, not measured here, and rounded up.
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
"""Bits of an index, which is an `int` in the generated code."""
CLOCK_UNCERTAINTY = 0.27
"""The share of the clock period that Vitis HLS leaves for routing by default (UG1399)."""
REGISTER_NS = 0.3
"""Delay from a register or the output of a memory to the first operator, in nanoseconds."""
BRAM_CYCLES = 2
"""Cycles of a read from a block RAM: one for the address, one for the output register."""
AXI_CYCLES = 6
"""Cycles of a read through an m_axi adapter, in addition to the latency of the memory itself."""


@dataclass(frozen=True)
class Delay:
    """Delay of an operation: either whole cycles, or nanoseconds within a cycle."""

    ns: float = 0.0
    cycles: int = 0


FREE = Delay()


def bits_of(value: SSAValue) -> int:
    """Return the width of a number, in bits."""
    return INDEX_BITS if value.type == INDEX else width_of_integer(value.type)


def significant_bits(value: SSAValue) -> int:
    """
    Return the signed width that a multiplier sees: of a value before its extension, or of a
    constant as small as it can be.
    """
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
    """
    Return the delay of an operation; `constant` says for each operand whether it is known when the
    hardware is built.
    """
    if all(constant):
        return FREE
    bits = max(bits_of(v) for v in (*op.operands, *op.results))
    adder = 0.6 + 0.0125 * bits
    match op:
        case arith.MuliOp():
            if any(constant) and op.results[0].type == INDEX:
                return Delay(ns=2 * adder)  # A few shifted copies of the operand are added.
            slices = dsp_slices(*(significant_bits(operand) for operand in op.operands))
            return Delay(cycles=3 + max(1, slices))
        case arith.DivSIOp() | arith.RemSIOp() if constant[1] and is_power_of_two(op.rhs):
            return Delay(ns=adder)
        case arith.DivSIOp() | arith.RemSIOp() | arith.DivUIOp() | arith.RemUIOp():
            return Delay(cycles=bits + 4)  # One bit of the quotient per cycle, even for a constant.
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
        case _:  # Extensions, truncations and shifts by a constant are wires.
            return FREE


def is_power_of_two(value: SSAValue) -> bool:
    """Return whether a value is a constant power of two, by which dividing takes only a shift."""
    owner = value.owner
    if not isinstance(owner, arith.ConstantOp) or not isinstance(owner.value, IntegerAttr):
        return False
    return owner.value.value.data.bit_count() == 1
