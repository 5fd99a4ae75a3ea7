"""The top function and the data widths of its m_axi ports."""

from __future__ import annotations

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.hints import isa

from vaqf_compiler.analysis.program import Program, name_of
from vaqf_compiler.dialects import vhls
from vaqf_compiler.emit.cpp_types import width_of
from vaqf_compiler.hls_rules.types import MOST_BITS
from vaqf_compiler.hls_rules.violation import violation

LEAST_BITS = 8
"""
The fewest bits of an element behind an m_axi port: a byte. The most are those of the widest
integer.
"""


def check_top(program: Program) -> None:
    """
    Raise OperationError if there is more than one top function, or if a top function is called.
    """
    if len(program.tops) > 1:
        first, second = program.tops[:2]
        what = f"@{second.sym_name.data} has ports, and so has @{first.sym_name.data}"
        raise violation(second, what, "a design has one top function: take the ports off the other")

    for call in program.calls:
        if (callee := program.callee(call)) in program.tops:
            what = f"@{callee.sym_name.data} has ports, and is called by another function"
            raise violation(
                call, what, "only the caller can be the top function; give it the ports"
            )


def check_widths(program: Program) -> None:
    """Raise OperationError for an m_axi port with a width that AXI does not have."""
    for interface, port in m_axi_interfaces(program):
        bits = element_bits(port)
        if bits is None or bits.bit_count() != 1 or bits < LEAST_BITS:
            found = "indices" if bits is None else f"{bits} bits wide"
            what = f"the elements behind the m_axi port {name_of(port)} are {found}"
            remedy = f"pack them into a power of two, {LEAST_BITS} to {MOST_BITS} bits"
            raise violation(interface, what, remedy)


def check_bundle_widths(program: Program) -> None:
    """
    Raise OperationError for a bundle of ports with different widths, because it makes no bursts.
    """
    first: dict[str, SSAValue] = {}
    for interface, port in m_axi_interfaces(program):
        other = first.setdefault(interface.bundle.data, port)
        if element_bits(other) != element_bits(port):
            what = (
                f"the port {name_of(port)} has another width than {name_of(other)} in the bundle "
                f"'{interface.bundle.data}'"
            )
            raise violation(interface, what, "give each width a bundle of its own")


def interfaces(program: Program) -> list[vhls.InterfaceOp]:
    """Return the interface pragmas."""
    pragmas = (op for top in program.tops for op in top.body.block.ops)
    return [op for op in pragmas if isinstance(op, vhls.InterfaceOp)]


def m_axi_interfaces(program: Program) -> list[tuple[vhls.InterfaceOp, SSAValue]]:
    """Return the interface pragmas of m_axi ports, each with the argument of the top function."""
    return [
        (op, op.port)
        for op in interfaces(program)
        if op.mode.data == "m_axi" and op.port is not None
    ]


def element_bits(array: SSAValue) -> int | None:
    """Return the width of an array's elements, or None if they are indices."""
    assert isa(array.type, MemRefType[Attribute])
    return width_of(array.type.element_type)
