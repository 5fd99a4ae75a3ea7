"""Memories that arrays are bound to: kinds that there are, and ROMs that keep their contents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xdsl.dialects import memref, scf
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.program import Program
from vaqf_compiler.hls_rules.violation import name_of, violation

IMPOSSIBLE: Mapping[tuple[str, str], str] = {
    ("ram_t2p", "lutram"): "LUT RAM has one port that writes",
    ("rom_1p", "uram"): "UltraRAM has no initial contents",
}
"""Types of memory that an implementation does not have, and why."""


def check_bindings(program: Program) -> None:
    """
    Raise OperationError for a type of memory that its implementation does not have, and for an
    array of which nothing is left to be a memory.
    """
    pragmas = [op for op in program.module.walk() if isinstance(op, vhls.ArrayPartitionOp)]
    complete = {
        (root, op.dim.value.data)
        for op in pragmas
        if op.kind.data == "complete"
        for root in program.roots(op.buffer)
    }
    for op in program.module.walk():
        if isinstance(op, vhls.BindStorageOp):
            type_, impl = op.type.data, op.impl.data
            if reason := IMPOSSIBLE.get((type_, impl)):
                what = f"{name_of(op.buffer)} cannot be a {type_} of {impl}: {reason}"
                raise violation(op, what, 'say impl = "bram", or another type')
            array = vhls.memref_type(op.buffer.type)
            assert array is not None
            dimensions = range(1, array.get_num_dims() + 1)
            if all((op.buffer, dimension) in complete for dimension in dimensions):
                what = f"{name_of(op.buffer)} is partitioned into registers, one for each element"
                raise violation(op, what, "bind an array that is a memory, or partition it less")


def check_roms(program: Program) -> None:
    """
    Raise OperationError for a write to a constant table, or for one to an array bound to a ROM that
    is more than its initial contents: what is known when the hardware is built, and there before
    it is read.
    """
    bindings = (op for op in program.module.walk() if isinstance(op, vhls.BindStorageOp))
    roms = {op.buffer for op in bindings if op.type.data.startswith("rom")}
    for rom in roms:
        _check_contents(rom, program)
    for op in program.module.walk():
        if not isinstance(op, memref.StoreOp):
            continue
        name = name_of(op.memref)
        for root in program.roots(op.memref):
            if root in roms and not all(map(_is_known, (op.value, *op.indices, *_decisive(op)))):
                what = f"the array {name} is bound to a ROM, and what is written here is not known "
                what += "when the hardware is built"
                raise violation(op, what, "bind it to a RAM")
            if isinstance(root.owner, memref.GetGlobalOp):
                what = f"the array {name} is the constant table {root.owner.name_}"
                raise violation(op, what, "copy the table to an array, and write that")


def _check_contents(rom: SSAValue, program: Program) -> None:
    """Raise OperationError where an array is written after it is read."""
    is_read = False
    for op in rom.owner.parent.ops if isinstance(rom.owner, Operation) and rom.owner.parent else ():
        touched = program.touched_by(op)
        if is_read and rom in touched.written:
            what = f"the array {name_of(rom)} is bound to a ROM, and is written after it is read"
            raise violation(op, what, "write all that it holds first, or bind it to a RAM")
        is_read |= rom in touched.read


def _decisive(op: Operation) -> Iterator[SSAValue]:
    """Conditions and bounds that say whether an operation runs."""
    while (parent := op.parent_op()) is not None:
        if isinstance(parent, scf.IfOp):
            yield parent.cond
        elif isinstance(parent, scf.ForOp):
            yield from (parent.lb, parent.ub, parent.step)
        op = parent


def _is_known(value: SSAValue) -> bool:
    """Whether a value is computed from constants and indices of loops."""
    op = value.owner
    if isinstance(op, Operation):
        return op.dialect_name() == "arith" and all(map(_is_known, op.operands))
    return isinstance(op.parent_op(), scf.ForOp) and value is op.args[0]
