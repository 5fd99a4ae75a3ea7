"""Accesses to external memory in pipelined loops must be bursts of whole, consecutive words."""

from __future__ import annotations

import math
from collections.abc import Iterator

from xdsl.dialects import memref, scf
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.hints import isa

from vaqf_compiler.analysis.affine import Affine, address
from vaqf_compiler.analysis.latency import is_pipelined
from vaqf_compiler.analysis.program import (
    Program,
    ancestors,
    function_of,
    loop_name,
    loops_around,
    name_of,
)
from vaqf_compiler.analysis.schedule import constant, trip_count
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.board import port_bits
from vaqf_compiler.hls_rules.bounds import has_constant_bounds
from vaqf_compiler.hls_rules.ports import element_bits
from vaqf_compiler.hls_rules.violation import violation

PortAccess = memref.LoadOp | memref.StoreOp


def check_bursts(program: Program) -> None:
    """Raise OperationError for an access that the tool cannot make a burst of."""
    for access, port in port_accesses(program):
        if function_of(access) in program.pipelined_functions:
            what = f"the m_axi port {name_of(port)} is accessed in a function that a pipelined "
            what += "loop calls"
            raise violation(access, what, "access it in a loop of its own")
        if pipelined_loop(access) is not None:
            _check_condition(access, port)
            _check_words(access, port)
            _check_stride(access, port)


def check_port_width(program: Program) -> None:
    """
    Raise OperationError for repeated accesses to elements of less than half the width of the
    board's ports, because the tool's flow for IP widens none by default. Loops without a pragma
    count too, because the tool pipelines them by itself.
    """
    bus = port_bits(program.module)
    for access, port in port_accesses(program):
        bits = element_bits(port)
        if bits is not None and 2 * bits < bus and program.is_repeated(access):
            what = f"the elements behind the m_axi port {name_of(port)} are {bits} bits wide, the "
            what += f"board's ports {bus}"
            raise violation(access, what, f"pack them into words of {bus} bits")


def port_accesses(program: Program) -> Iterator[tuple[PortAccess, SSAValue]]:
    """Yield each access to an m_axi port, together with each port that it can be to."""
    for op in program.module.walk():
        if isinstance(op, PortAccess):
            for port in program.ports(op.memref):
                yield op, port


def pipelined_loop(access: PortAccess) -> scf.ForOp | None:
    """Return the pipelined loop around an access within its function, or None."""
    return next((loop for loop in loops_around(access) if is_pipelined(loop)), None)


def _check_condition(access: PortAccess, port: SSAValue) -> None:
    for parent in ancestors(access):
        if isinstance(parent, scf.IfOp):
            what = f"the access to the m_axi port {name_of(port)} is conditional"
            raise violation(access, what, "access it always, or in a loop of its own")
        if isinstance(parent, scf.ForOp) and is_pipelined(parent):
            return


def _check_words(access: PortAccess, port: SSAValue) -> None:
    """
    Raise OperationError for accesses to several words in an iteration. If they have the same
    direction and are in one region, they make no burst, or a burst in each iteration that is as
    short as their number (UG1399).
    """
    words = 1
    for loop in loops_around(access):
        if is_pipelined(loop):
            pragmas = (op for op in loop.body.block.ops if isinstance(op, vhls.UnrollOp))
            words *= math.prod(op.factor.value.data for op in pragmas if op.factor is not None)
            if words > 1:
                what = (
                    f"{loop_name(loop)} accesses {words} words of the m_axi port {name_of(port)} "
                )
                what += "in an iteration"
                remedy = "access one, and keep those that are used together in registers"
                raise violation(access, what, remedy)
            return
        words *= trip_count(loop)


def _check_stride(access: PortAccess, port: SSAValue) -> None:
    """
    Raise OperationError if the next iteration does not continue at the address after this one's.
    """
    assert isa(access.memref.type, MemRefType[Attribute])
    place = address(access.indices, access.memref.type.get_shape())
    for loop in loops_around(access):
        if has_constant_bounds(loop) and trip_count(loop) == 1:
            place = place.without(loop.body.block.args[0])
            continue
        if (step := _stride(place, loop)) != 1:
            how = "in no fixed step" if step is None else f"by {step} words"
            what = f"the address in the m_axi port {name_of(port)} moves {how} from iteration to "
            what += f"iteration of {loop_name(loop)}, not by 1"
            raise violation(access, what, "access consecutive words in order")
        return


def _stride(place: Affine, loop: scf.ForOp) -> int | None:
    """
    Return the distance of the addresses in successive iterations of a loop, or None if it is not
    constant.
    """
    step = constant(loop.step)
    if step is None or place.varies_otherwise(loop):
        return None
    return place.terms.get(loop.body.block.args[0], 0) * step
