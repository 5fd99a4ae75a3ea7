"""Memories that arrays are bound to: their types must exist, and ROMs must keep their contents."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from xdsl.dialects import func, memref, scf
from xdsl.ir import Block, Operation, SSAValue

from vaqf_compiler.analysis.program import Program, function_of, name_of
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.violation import violation

IMPOSSIBLE: Mapping[tuple[str, str], str] = {
    ("ram_t2p", "lutram"): "LUT RAM has one port that writes",
    ("rom_1p", "uram"): "UltraRAM has no initial contents",
}
"""Types of memory that an implementation does not have, each with the reason."""


def check_bindings(program: Program) -> None:
    """
    Raise OperationError for a type of memory that its implementation does not have, and for a bound
    array that is completely partitioned into registers.
    """
    pragmas = [op for op in program.module.walk() if isinstance(op, vhls.ArrayPartitionOp)]
    complete = {
        (op.buffer, op.dim.value.data)
        for op in pragmas
        if op.kind.data == "complete" or _is_all(op)
    }
    for op in program.module.walk():
        if isinstance(op, vhls.BindStorageOp):
            type_, impl = op.type.data, op.impl.data
            if reason := IMPOSSIBLE.get((type_, impl)):
                what = f"{name_of(op.buffer)} cannot be a {type_} of {impl}: {reason}"
                raise violation(op, what, 'say impl = "bram", or another type')
            array = vhls.memref_type(op.buffer.type)
            assert array is not None
            sizes = dict(enumerate(array.get_shape(), 1))
            if sizes and all((op.buffer, d) in complete for d, size in sizes.items() if size > 1):
                what = f"{name_of(op.buffer)} is partitioned into registers, one for each element"
                raise violation(op, what, "bind an array that is a memory, or partition it less")


def check_roms(program: Program) -> None:
    """
    Raise OperationError for a write to a constant table, and for a write to an array bound to a ROM
    unless it belongs to the initial contents: the written values must be known when the hardware is
    built, and must be written before the array is read.
    """
    bindings = (op for op in program.module.walk() if isinstance(op, vhls.BindStorageOp))
    roms = {op.buffer for op in bindings if op.type.data.startswith("rom")}
    for rom in roms:
        assert isinstance(rom.owner, Operation) and rom.owner.parent is not None
        _check_order(rom.owner.parent, {rom}, program, is_read=False)
    for op in program.module.walk():
        if not isinstance(op, memref.StoreOp):
            continue
        name = name_of(op.memref)
        for root in program.roots(op.memref):
            if root in roms and not _Contents(root, program).has(op):
                what = f"the array {name} is bound to a ROM, and what is written here is not known "
                what += "when the hardware is built"
                raise violation(op, what, "bind it to a RAM")
            if isinstance(root.owner, memref.GetGlobalOp):
                what = f"the array {name} is the constant table {root.owner.name_}"
                raise violation(op, what, "copy the table to an array, and write that")


def _check_order(
    block: Block, rom: Collection[SSAValue], program: Program, *, is_read: bool
) -> bool:
    """
    Raise OperationError if an array is written after it is read; `rom` has the values that denote
    it. Return whether it has been read by the end of the block.
    """
    for op in block.ops:
        match op:
            case memref.StoreOp() if is_read and op.memref in rom:
                what = f"the array {name_of(op.memref)} is bound to a ROM, and is written after it "
                what += "is read"
                raise violation(op, what, "write all that it holds first, or bind it to a RAM")
            case memref.LoadOp() if op.memref in rom:
                is_read = True
            case scf.ForOp():  # The body runs again after it has been read.
                before = is_read
                is_read = _check_order(op.body.block, rom, program, is_read=before)
                if is_read and not before:
                    _check_order(op.body.block, rom, program, is_read=True)
            case scf.IfOp():
                inside = [region.block for region in op.regions if region.blocks]
                found = [_check_order(b, rom, program, is_read=is_read) for b in inside]
                is_read = is_read or any(found)
            case func.CallOp():
                callee = program.callee(op)
                passed = zip(callee.args, op.arguments, strict=True)
                if names := {argument for argument, value in passed if value in rom}:
                    is_read = _check_order(callee.body.block, names, program, is_read=is_read)
            case _:
                pass
    return is_read


def _is_all(op: vhls.ArrayPartitionOp) -> bool:
    """Return whether a partition's factor is the size of the dimension."""
    array = vhls.memref_type(op.buffer.type)
    assert array is not None and op.factor is not None
    return op.factor.value.data == array.get_shape()[op.dim.value.data - 1]


class _Contents:
    """
    Determines whether a ROM's contents are known when the hardware is built, because its block
    computes them itself.
    """

    def __init__(self, rom: SSAValue, program: Program):
        assert isinstance(rom.owner, Operation)
        self._rom, self._program = rom, program
        self._scope = rom.owner.parent
        self._function = function_of(rom.owner)
        self._known: dict[SSAValue, bool] = {}

    def has(self, store: memref.StoreOp) -> bool:
        """Return whether it is known what a store writes, where, and that it runs."""
        deciding = (store.value, *store.indices, *self._decisive(store))
        return all(map(self._is_known, deciding))

    def _decisive(self, op: Operation) -> Iterator[SSAValue]:
        """
        Yield the conditions and bounds within the ROM's block that decide whether an operation
        runs.
        """
        while op.parent is not self._scope:
            parent = op.parent_op()
            if parent is None or isinstance(parent, func.FuncOp):
                for call in self._calls(parent):
                    yield from self._decisive(call)
                return
            if isinstance(parent, scf.IfOp):
                yield parent.cond
            elif isinstance(parent, scf.ForOp):
                yield from (parent.lb, parent.ub, parent.step)
            op = parent

    def _calls(self, function: Operation | None) -> list[func.CallOp]:
        """Return the calls of a function that pass the ROM."""
        return [
            call
            for call in self._program.calls
            if self._program.callee(call) is function
            and any(self._rom in self._program.roots(value) for value in call.arguments)
        ]

    def _is_known(self, value: SSAValue) -> bool:
        """
        Return whether a value is computed from constants and from indices of loops in the ROM's
        block.
        """
        if value not in self._known:
            self._known[value] = self._is_computed(value)
        return self._known[value]

    def _is_computed(self, value: SSAValue) -> bool:
        op = value.owner
        if isinstance(op, Operation):
            return op.dialect_name() == "arith" and all(map(self._is_known, op.operands))
        parent = op.parent_op()
        if isinstance(parent, func.FuncOp) and parent is not self._function:
            position, calls = op.args.index(value), self._calls(parent)
            return bool(calls) and all(self._is_known(c.arguments[position]) for c in calls)
        if not isinstance(parent, scf.ForOp) or value is not op.args[0]:
            return False
        return function_of(parent) is not self._function or self._is_inside(parent)

    def _is_inside(self, op: Operation) -> bool:
        """Return whether an operation is in the ROM's block."""
        inner: Operation | None = op
        while inner is not None and inner.parent is not self._scope:
            inner = inner.parent_op()
        return inner is not None
