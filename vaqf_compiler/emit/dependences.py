"""
Measurement of distances between iterations that access one element, for each `vhls.dependence`. The
loops run in MLIR's JIT, where every access to the array in its loop calls an observer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder, ImplicitBuilder
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp, i64
from xdsl.ir import Attribute, Operation
from xdsl.rewriter import InsertPoint
from xdsl.utils.hints import isa

from vaqf_compiler.analysis.integers import INDEX
from vaqf_compiler.analysis.program import name_of, place_of
from vaqf_compiler.dialects import vhls
from vaqf_compiler.emit.jit import run_jit
from vaqf_compiler.emit.project import top_function
from vaqf_compiler.engines.builder import Buffer, call, function, local, loop, when
from vaqf_compiler.engines.values import Value, constant, integer, select
from vaqf_compiler.errors import OperationError

PORT = "dependences"
NEVER = 1 << 40
"""A number of iterations that is greater than any that occurs."""


class Event(IntEnum):
    """Events that an observer is called for."""

    BEGIN = 0
    """The loop begins, and iterations are counted anew."""
    ITERATION = 1
    READ = 2
    WRITE = 3
    REPORT = 4
    """The observer returns the result at the position given as the element."""


class Found(IntEnum):
    """Positions of an observer's results. Distances are stored as NEVER minus the distance."""

    READ_AFTER_WRITE = 0
    WRITE_AFTER_ACCESS = 1
    READS = 2
    WRITES = 3


@dataclass(frozen=True)
class Measured:
    """The measurement for a claim."""

    claim: vhls.DependenceOp
    read_after_write: int
    """The fewest iterations from the last write of an element to a read of it, or NEVER."""
    write_after_access: int
    """
    The fewest iterations from the last access of an element, of any kind, to a write of it, or
    NEVER.
    """
    reads: int
    writes: int

    @property
    def subject(self) -> str:
        """The names of the array and the function, for messages."""
        return f"{name_of(self.claim.buffer)}{place_of(self.claim)}"

    @property
    def claimed(self) -> int:
        """The claimed distance: the fewest iterations, or NEVER."""
        return NEVER if self.claim.distance is None else self.claim.distance.value.data

    @property
    def measured(self) -> int:
        """The measured distance between the accesses that the claim is about."""
        if self.claim.distance is None:
            return min(self.read_after_write, self.write_after_access)
        return self.read_after_write

    @property
    def holds(self) -> bool:
        """Whether the claim is true of the run."""
        return self.measured >= self.claimed


def measure_dependences(
    loops: ModuleOp, contents: Mapping[str, NDArray[np.uint8]]
) -> list[Measured]:
    """
    Run an accelerator with the given contents of its ports, and return the measurement for each of
    its claims. Raises OperationError for a claim that cannot be measured: one about accesses of one
    iteration, or about an array that is accessed in functions that the loop calls.
    """
    copy = loops.clone()
    claims = _claims(copy)
    observers = [_observe(claim, f"observe_{number}") for number, claim in enumerate(claims)]
    if not observers:
        return []
    copy.body.block.add_ops(observers)
    _report(top_function(copy), observers)
    copy.verify()
    results, _ = run_jit(copy, contents)
    return [
        Measured(claim, *(NEVER - found[:2]).tolist(), *found[2:].tolist())
        for claim, found in zip(_claims(loops), results[PORT], strict=True)
    ]


def _claims(loops: ModuleOp) -> list[vhls.DependenceOp]:
    return [op for op in loops.walk() if isinstance(op, vhls.DependenceOp)]


def dependence_table(found: Sequence[Measured]) -> str:
    """
    Return a table with a line for each claim: iterations between accesses that depend on one
    another.
    """
    width = max((len(each.subject) for each in found), default=0)
    lines = [f"{'array':<{width}}  {'claimed':>9}  {'measured':>9}"]
    for each in found:
        measured = _distance(each.measured) if each.reads or each.writes else "unused"
        lines.append(f"{each.subject:<{width}}  {_distance(each.claimed):>9}  {measured:>9}")
    return "\n".join(lines)


def _distance(iterations: int) -> str:
    return "none" if iterations >= NEVER else f"{iterations:,}"


def _observer(name: str, elements: int) -> func.FuncOp:
    """
    Build a function that records for each element the iteration that last wrote it and the one that
    last accessed it. For both it also records the iteration before that one, because an iteration
    can access an element several times.
    """
    written, accessed = 0, 2
    with function(name, {"event": INDEX, "element": INDEX}, [i64]) as (operation, arguments):
        event, element = (Value(argument) for argument in arguments.values())
        now, found = local("now", 64, 1), local("found", 64, len(Found))
        seen = local("seen", 64, elements, 4)

        def note(pair: int) -> None:
            with when(~now[0].equals(seen[element, pair])):
                seen[element, pair + 1] = seen[element, pair]
                seen[element, pair] = now[0]

        def measure(pair: int, where: Found) -> None:
            last = seen[element, pair]
            earlier = select(last.equals(now[0]), seen[element, pair + 1], last)
            found[where] = found[where].maximum(earlier - now[0] + NEVER)

        with when(event.equals(Event.BEGIN)):
            now[0] = integer(0, 64)
            with loop(0, elements, "any") as any_element, loop(0, 4, "which") as which:
                seen[any_element, which] = integer(-NEVER, 64)
        with when(event.equals(Event.ITERATION)):
            now[0] = now[0] + 1
        with when(event.equals(Event.READ)):
            measure(written, Found.READ_AFTER_WRITE)
            note(accessed)
            found[Found.READS] = found[Found.READS] + 1
        with when(event.equals(Event.WRITE)):
            measure(accessed, Found.WRITE_AFTER_ACCESS)
            note(written)
            note(accessed)
            found[Found.WRITES] = found[Found.WRITES] + 1
        place = select(event.equals(Event.REPORT), element, constant(0))
        func.ReturnOp(found[place].ssa)
    return operation


def _observe(claim: vhls.DependenceOp, observer_name: str) -> func.FuncOp:
    """Make all accesses that a claim is about call an observer, and return the observer."""
    name = name_of(claim.buffer)
    if claim.kind.data == "intra":
        raise OperationError(
            claim, f"claims about one iteration are not measured, as this one of {name}"
        )
    for_loop = claim.parent_op()
    array = claim.buffer.type
    assert isinstance(for_loop, scf.ForOp)
    assert isa(array, MemRefType[Attribute])
    shape = array.get_shape()
    observer = _observer(observer_name, int(np.prod(shape)))

    def tell(where: InsertPoint, event: Event, element: Value | None = None) -> None:
        with ImplicitBuilder(Builder(where)):
            call(observer, constant(event), element or constant(0))

    outermost = for_loop
    while (parent := outermost.parent_op()) and _is_flattened(parent, outermost):
        outermost = parent
    tell(InsertPoint.before(outermost), Event.BEGIN)
    for op in list(for_loop.walk()):
        if isinstance(op, func.CallOp) and claim.buffer in op.operands:
            raise OperationError(op, f"accesses of {name} in {op.callee} are not measured")
        if isinstance(op, memref.LoadOp | memref.StoreOp) and op.memref is claim.buffer:
            with ImplicitBuilder(Builder(InsertPoint.before(op))):
                element = constant(0)
                for size, subscript in zip(shape, op.indices, strict=True):
                    element = element * size + Value(subscript)
            event = Event.READ if isinstance(op, memref.LoadOp) else Event.WRITE
            tell(InsertPoint.before(op), event, element)
    tell(InsertPoint.at_start(for_loop.body.block), Event.ITERATION)
    return observer


def _is_flattened(outer: Operation, inner: scf.ForOp) -> TypeGuard[scf.ForOp]:
    """
    Return whether the tool flattens two loops into one, because the outer one contains nothing
    else.
    """
    nothing = (vhls.PragmaOp, arith.ConstantOp, scf.YieldOp)
    return isinstance(outer, scf.ForOp) and all(
        op is inner or isinstance(op, nothing) for op in outer.body.block.ops
    )


def _report(top: func.FuncOp, observers: list[func.FuncOp]) -> None:
    """Add a port to a function, to which it writes the results of its observers."""
    block = top.body.block
    results = MemRefType(i64, [len(observers), len(Found)])
    port = Buffer(block.insert_arg(results, len(block.args)))
    port.ssa.name_hint = PORT
    top.update_function_type()
    end = block.last_op
    assert end is not None
    with ImplicitBuilder(Builder(InsertPoint.before(end))):
        for number, observer in enumerate(observers):
            for where in Found:
                (port[number, where],) = call(observer, constant(Event.REPORT), constant(where))
