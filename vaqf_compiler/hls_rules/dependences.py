"""Claims about how iterations depend on each other, checked as far as subscripts permit."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product

from xdsl.dialects import func, memref, scf
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.analysis.affine import ANY, are_comparable, iterations_apart
from vaqf_compiler.analysis.arrays import Arrays, Storage
from vaqf_compiler.analysis.latency import flattened, is_pipelined
from vaqf_compiler.analysis.program import Program, is_array, loop_name, name_of
from vaqf_compiler.analysis.schedule import trip_count
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.bounds import has_constant_bounds
from vaqf_compiler.hls_rules.ports import m_axi_interfaces
from vaqf_compiler.hls_rules.violation import violation

Access = memref.LoadOp | memref.StoreOp


def check_dependences(program: Program) -> None:
    """
    Raise OperationError for a claim that the loop refutes, or about an array that the loop does not
    access or that shares an AXI bus.
    """
    interfaces = m_axi_interfaces(program)
    ports_of = Counter(interface.bundle.data for interface, _ in interfaces)
    shared = {port for interface, port in interfaces if ports_of[interface.bundle.data] > 1}
    for op in program.module.walk():
        if not isinstance(op, vhls.DependenceOp):
            continue
        loop = op.parent_op()
        assert isinstance(loop, scf.ForOp)
        array = f"the array {name_of(op.buffer)}"
        read, written = program.touched_by(loop)
        if op.buffer not in read | written:
            what = f"{loop_name(loop)} does not access {array}"
            raise violation(op, what, "remove the pragma, or name the array that is meant")
        if any(port in shared for port in program.ports(op.buffer)):
            what = f"{array} is an m_axi port that shares its bundle"
            raise violation(op, what, "give the port a bundle of its own")
        refuted = _refuted(op, loop)
        if refuted == 0:
            what = f"each iteration of {loop_name(loop)} accesses an element of {array} twice"
            raise violation(op, what, "remove the pragma")
        if refuted is not None:
            what = (
                f"iterations of {loop_name(loop)} that are {refuted} apart access one element of "
            )
            raise violation(op, f"{what}{array}", "remove the pragma, or say the distance")


def _refuted(pragma: vhls.DependenceOp, loop: scf.ForOp) -> int | None:
    """
    Return the number of iterations between two accesses to one element that the pragma rules out,
    or None if there are certainly none or if this cannot be decided. Only unconditional statements
    directly in the loop are considered.
    """
    accesses = [
        op for op in loop.body.block.ops if isinstance(op, Access) and op.memref is pragma.buffer
    ]
    pairs = [*permutations(accesses, 2), *((op, op) for op in accesses)]
    if pragma.distance is None:
        pairs = [pair for pair in pairs if any(isinstance(op, memref.StoreOp) for op in pair)]
        most = _trips(loop) - 1
    else:  # An element is read at the earliest `distance` iterations after it was written.
        kinds = (memref.StoreOp, memref.LoadOp)
        pairs = [pair for pair in pairs if tuple(map(type, pair)) == kinds]
        most = min(pragma.distance.value.data, _trips(loop)) - 1
    within = pragma.kind.data == "intra"
    for first, second in pairs:
        apart = iterations_apart(first.indices, second.indices, loop)
        if apart is None or (within and first is second):
            continue
        number = int(not within) if apart is ANY else apart
        if (number == 0) == within and 0 <= number <= most:
            return number
    return None


def _trips(loop: scf.ForOp) -> int:
    """Return the trip count, or the maximum that a pragma states, or 1 without either."""
    if has_constant_bounds(loop):
        return trip_count(loop)
    counts = [op for op in loop.body.block.ops if isinstance(op, vhls.LoopTripcountOp)]
    return max((op.max.value.data for op in counts), default=1)


def check_missing_claims(program: Program) -> None:
    """
    Raise OperationError for a memory that a pipelined loop reads and writes at subscripts that the
    tool cannot compare, unless the loop has a claim about it. Without one, the tool assumes that
    each iteration waits for the one before.
    """
    arrays = Arrays(program.module)
    for loop in filter(is_pipelined, program.loops):
        read, written = (
            {arrays.of(buffer).root: buffer for buffer in touched}
            for touched in program.touched_by(loop)
        )
        claims = (op for op in loop.body.block.ops if isinstance(op, vhls.DependenceOp))
        claimed = {arrays.of(op.buffer).root for op in claims if op.kind.data == "inter"}
        for root in read.keys() & written.keys() - claimed:
            array = arrays.of(root)
            if array.storage is not Storage.BANKS or _is_inside(root, loop):
                continue
            if (write := _incomparable(root, loop, arrays)) is not None:
                name = name_of(written[root])
                what = f"{loop_name(loop)} reads and writes {name} at places that are no sums of "
                what += "its counters times constants, so that iterations seem to depend on one "
                what += "another"
                raise violation(write, what, f"say after how many they do: vhls.dependence {name}")


def _is_inside(root: SSAValue, loop: scf.ForOp) -> bool:
    """Return whether each iteration has its own copy of an array."""
    return isinstance(root.owner, memref.AllocaOp) and loop.is_ancestor(root.owner)


def _incomparable(root: SSAValue, loop: scf.ForOp, arrays: Arrays) -> Operation | None:
    """
    Return a write of the array that cannot be compared with some read, or a call that gets the
    array, or None.
    """
    nest = _nest_around(loop)
    calls = [op for op in loop.walk() if isinstance(op, func.CallOp)]
    for call in calls:
        if any(is_array(v) and arrays.of(v).root is root for v in call.operands):
            return call
    accesses = [
        op for op in loop.walk() if isinstance(op, Access) and arrays.of(op.memref).root is root
    ]
    reads = [op for op in accesses if isinstance(op, memref.LoadOp)]
    writes = [op for op in accesses if isinstance(op, memref.StoreOp)]
    for write, read in product(writes, reads):
        if not are_comparable(write.indices, read.indices, nest):
            return write
    return None


def _nest_around(loop: scf.ForOp) -> scf.ForOp:
    """Return the outermost of the loops that the tool flattens into one with this loop."""
    parent = loop.parent_op()
    while isinstance(parent, scf.ForOp) and loop in flattened(parent):
        loop, parent = parent, parent.parent_op()
    return loop
