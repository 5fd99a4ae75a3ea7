"""
How the arrays of the loops IR are implemented: as ports, queues, registers or banks of memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.analysis.delays import BRAM_CYCLES, INDEX_BITS, Delay
from vaqf_compiler.analysis.integers import INDEX, width_of_integer
from vaqf_compiler.dialects import vhls


class Storage(Enum):
    """Where an array is kept."""

    PORT = "external memory behind an m_axi port"
    FIFO = "a queue"
    REGISTERS = "registers"
    BANKS = "memories"
    ROM = "constants"


@dataclass(frozen=True)
class Array:
    """An array, followed through all calls that it is passed to."""

    root: SSAValue
    """
    The operation's result that allocates the array, or the top function's argument that it is.
    """
    storage: Storage
    bits: int
    shape: tuple[int, ...]
    divided: Mapping[int, tuple[str, int]]
    """Partition of each dimension, counted from 0: its kind and its number of parts."""
    memory: str = "ram_2p"
    """The type of memory that the `vhls.bind_storage` pragma requests."""
    read_cycles: int = BRAM_CYCLES
    """Cycles from an address to the element, for arrays in memories."""
    side_by_side: frozenset[int] = frozenset()
    """
    Dimensions, counted from 0, that are reshaped: their parts form wider words instead of separate
    memories.
    """

    @property
    def banks(self) -> int:
        """Number of parts, memories or registers, that the array is partitioned into."""
        count = 1
        for _, parts in self.divided.values():
            count *= parts
        return count

    @property
    def memories(self) -> int:
        """Number of separate memories. Banks that are side by side in a word share one."""
        return self.banks * self.bits // self.word_bits

    @property
    def word_bits(self) -> int:
        """Bits of a word of a memory."""
        bits = self.bits
        for dimension in self.side_by_side:
            bits *= self.divided[dimension][1]
        return bits

    @property
    def depth(self) -> int:
        """Number of elements in a bank."""
        depth = 1
        for dimension, size in enumerate(self.shape):
            _, parts = self.divided.get(dimension, ("", 1))
            depth *= -(-size // parts)
        return depth


class Arrays:
    """The arrays of a module."""

    def __init__(self, module: ModuleOp):
        self._roots: dict[SSAValue, SSAValue] = {}
        functions = {op.sym_name.data: op for op in module.ops if isinstance(op, func.FuncOp)}
        for call in module.walk():
            if isinstance(call, func.CallOp):
                callee = functions[call.callee.root_reference.data]
                for argument, operand in zip(callee.args, call.arguments, strict=True):
                    self._roots.setdefault(argument, operand)
        self._names: dict[SSAValue, list[SSAValue]] = {}
        for argument in self._roots:
            self._names.setdefault(self._root(argument), []).append(argument)
        self._found: dict[SSAValue, Array] = {}
        self.fixed: dict[SSAValue, bool] = {}
        """Cache: whether a value is known when the hardware is built."""
        self.delays: dict[Operation, Delay] = {}
        """Cache: the delays of operators."""

    def of(self, value: SSAValue) -> Array:
        """
        Return the array that a value denotes, followed from arguments of functions to the
        allocation.
        """
        root = self._root(value)
        if root not in self._found:
            self._found[root] = _describe(root, self._names.get(root, ()))
        return self._found[root]

    def _root(self, value: SSAValue) -> SSAValue:
        while value in self._roots:
            value = self._roots[value]
        return value


def _describe(root: SSAValue, names: Iterable[SSAValue]) -> Array:
    """
    Describe an array; `names` are the arguments of functions that denote it too, because pragmas
    can be attached to those as well.
    """
    type_ = vhls.memref_type(root.type)
    assert type_ is not None
    shape = type_.get_shape()
    divided: dict[int, tuple[str, int]] = {}
    users: list[Operation] = [use.operation for name in (root, *names) for use in name.uses]
    memory, read_cycles, side_by_side = "ram_2p", BRAM_CYCLES, set[int]()
    for user in users:
        if isinstance(user, vhls.BindStorageOp):
            memory = user.type.data
            if user.latency is not None:
                read_cycles = user.latency.value.data
        elif isinstance(user, vhls.ArrayPartitionOp | vhls.ArrayReshapeOp):
            dimension = user.dim.value.data - 1
            parts = shape[dimension] if user.factor is None else user.factor.value.data
            divided[dimension] = (user.kind.data, parts)
            if isinstance(user, vhls.ArrayReshapeOp):
                side_by_side.add(dimension)
    if vhls.is_m_axi_port(root):
        storage = Storage.PORT
    elif vhls.is_fifo(root.type):
        storage = Storage.FIFO
    elif isinstance(root.owner, memref.GetGlobalOp):
        storage = Storage.ROM
    elif all(divided.get(d, ("", 1))[1] >= size for d, size in enumerate(shape)):
        storage = Storage.REGISTERS
    else:
        storage = Storage.BANKS
    element = type_.element_type
    bits = INDEX_BITS if element == INDEX else width_of_integer(element)
    return Array(root, storage, bits, shape, divided, memory, read_cycles, frozenset(side_by_side))
