"""Lookups for the HLS rules: functions, calls, and the origins of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from vaqf_compiler.analysis.latency import is_pipelined
from vaqf_compiler.dialects import vhls


class Touched(NamedTuple):
    """The arrays that are read and the arrays that are written."""

    read: frozenset[SSAValue]
    written: frozenset[SSAValue]


@dataclass
class Program:
    """
    A module of loops. All members but `functions` and `calls` require that it has no recursion.
    """

    module: ModuleOp
    _roots: dict[SSAValue, frozenset[SSAValue]] = field(
        default_factory=dict[SSAValue, frozenset[SSAValue]]
    )
    _touched: dict[func.FuncOp, Touched] = field(default_factory=dict[func.FuncOp, Touched])

    @cached_property
    def functions(self) -> dict[str, func.FuncOp]:
        """The functions by name."""
        return {op.sym_name.data: op for op in self.module.ops if isinstance(op, func.FuncOp)}

    @cached_property
    def calls(self) -> list[func.CallOp]:
        """All calls, in order."""
        return [op for op in self.module.walk() if isinstance(op, func.CallOp)]

    @cached_property
    def loops(self) -> list[scf.ForOp]:
        """All loops, outer ones first."""
        return [op for op in self.module.walk() if isinstance(op, scf.ForOp)]

    @property
    def tops(self) -> list[func.FuncOp]:
        """The functions with ports."""
        bodies = (f for f in self.functions.values() if not f.is_declaration)
        return [function for function in bodies if is_top(function)]

    def callee(self, call: func.CallOp) -> func.FuncOp:
        """Return the function that is called."""
        return self.functions[call.callee.root_reference.data]

    @cached_property
    def _sources(self) -> dict[SSAValue, list[SSAValue]]:
        """The operands that calls pass for each argument."""
        found: dict[SSAValue, list[SSAValue]] = {}
        for call in self.calls:
            for argument, operand in zip(self.callee(call).args, call.arguments, strict=True):
                found.setdefault(argument, []).append(operand)
        return found

    def roots(self, array: SSAValue) -> frozenset[SSAValue]:
        """
        Return the allocations that an array can be, or the arguments of functions that nothing
        calls. An argument can be a different one in each call.
        """
        if array not in self._roots:
            sources = self._sources.get(array, [])
            found = [self.roots(source) for source in sources]
            self._roots[array] = (
                frozenset[SSAValue]().union(*found) if found else frozenset({array})
            )
        return self._roots[array]

    def ports(self, array: SSAValue) -> list[SSAValue]:
        """Return the m_axi ports, arguments of the top function, that an array can be."""
        return [root for root in self.roots(array) if vhls.is_m_axi_port(root)]

    def touched_by(self, op: Operation) -> Touched:
        """
        Return the arrays that an operation and everything inside it read and write. Accesses in
        called functions count as accesses to the operands of the call.
        """
        read, written = set[SSAValue](), set[SSAValue]()
        for inner in op.walk():
            match inner:
                case memref.LoadOp():
                    read.add(inner.memref)
                case memref.StoreOp():
                    written.add(inner.memref)
                case func.CallOp():
                    inside = self._touched_by_function(self.callee(inner))
                    passed = list(zip(self.callee(inner).args, inner.arguments, strict=True))
                    read.update(operand for argument, operand in passed if argument in inside.read)
                    written.update(
                        operand for argument, operand in passed if argument in inside.written
                    )
                case _:
                    pass
        return Touched(frozenset(read), frozenset(written))

    def _touched_by_function(self, function: func.FuncOp) -> Touched:
        if function not in self._touched:
            self._touched[function] = self.touched_by(function)
        return self._touched[function]

    @cached_property
    def pipelined_functions(self) -> set[func.FuncOp]:
        """
        Functions with a pipeline pragma, functions called in pipelined loops, and all that these
        call: the tool pipelines those too (UG1399, "Function Pipelining").
        """
        inside = (call for call in self.calls if any(map(is_pipelined, loops_around(call))))
        first = [self.callee(call) for call in inside]
        first += [f for f in self.functions.values() if pipeline_of(f) is not None]
        return set(self.reached_from(first))

    def reached_from(self, functions: Iterable[func.FuncOp]) -> list[func.FuncOp]:
        """Return functions and all that they call, directly or through others, each once."""
        found: dict[func.FuncOp, None] = {}
        waiting = list(functions)
        while waiting:
            function = waiting.pop()
            if function not in found:
                found[function] = None
                calls = (op for op in function.walk() if isinstance(op, func.CallOp))
                waiting += [self.callee(call) for call in calls]
        return list(found)

    def is_in_pipeline(self, op: Operation) -> bool:
        """
        Return whether an operation is in a pipelined loop or function, where loops are unrolled.
        """
        return function_of(op) in self.pipelined_functions or any(
            is_pipelined(loop) for loop in loops_around(op)
        )

    def is_repeated(self, op: Operation) -> bool:
        """
        Return whether an operation is in a loop of its function or of a function that calls it.
        """
        function = function_of(op)
        calls = (call for call in self.calls if self.callee(call) is function)
        return bool(loops_around(op)) or any(map(self.is_repeated, calls))


def pipeline_of(function: func.FuncOp) -> vhls.PipelineOp | None:
    """Return the pragma that pipelines a function, or None."""
    if function.is_declaration:
        return None
    return next((op for op in function.body.block.ops if isinstance(op, vhls.PipelineOp)), None)


def loops_around(op: Operation) -> list[scf.ForOp]:
    """Return the loops around an operation within its function, innermost first."""
    return [parent for parent in ancestors(op) if isinstance(parent, scf.ForOp)]


def ancestors(op: Operation) -> Iterator[Operation]:
    """Yield the operations around an operation, innermost first, up to but without its function."""
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, func.FuncOp):
        yield parent
        parent = parent.parent_op()


def is_argument(value: SSAValue) -> bool:
    """Return whether a value is an argument of a function."""
    return isinstance(value, BlockArgument) and isinstance(value.block.parent_op(), func.FuncOp)


def is_array(value: SSAValue) -> bool:
    """Return whether a value is an array."""
    return isinstance(value.type, MemRefType)


def is_top(function: func.FuncOp) -> bool:
    """Return whether a function is the accelerator's top function, which is one with ports."""
    return any(isinstance(op, vhls.InterfaceOp) for op in function.body.block.ops)


def function_of(op: Operation) -> func.FuncOp | None:
    """Return the function that an operation is in, or that it is."""
    found: Operation | None = op
    while found is not None and not isinstance(found, func.FuncOp):
        found = found.parent_op()
    return found


def place_of(op: Operation) -> str:
    """
    Return " in @function" for an operation in a function, to follow its name in a message. The text
    is empty for a function itself and outside of functions.
    """
    function = function_of(op)
    return "" if function in (None, op) else f" in @{function.sym_name.data}"


def name_of(value: SSAValue) -> str:
    """Return the name of a value for a message."""
    return f"%{value.name_hint}" if value.name_hint else "one without a name"


def loop_name(loop: scf.ForOp) -> str:
    """Return the name of a loop for a message, which mentions its index."""
    return f"the loop over {name_of(loop.body.block.args[0])}"
