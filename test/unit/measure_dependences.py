"""
How far apart iterations are that access one element: measured for each `vhls.dependence` while the
loops run in MLIR's JIT, where every access of its array in its loop calls an observer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from xdsl.builder import Builder, ImplicitBuilder
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, ModuleOp, i64
from xdsl.ir import Attribute
from xdsl.rewriter import InsertPoint
from xdsl.utils.hints import isa

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.emit.jit import run_jit
from vaqf_compiler.emit.packing import memory_images
from vaqf_compiler.emit.port_file import read_port_file
from vaqf_compiler.emit.project import DATA, top_function
from vaqf_compiler.engines.builder import Buffer, call, function, local, loop, when
from vaqf_compiler.engines.values import INDEX, Value, constant, integer, select
from vaqf_compiler.hls_rules.violation import function_of
from vaqf_compiler.pipeline import make_context, read_module
from vaqf_compiler.stages import LOOPS, stage_path

PORT = "dependences"
NEVER = 1 << 40
"""Iterations, more than there are."""


class Event(IntEnum):
    """What an observer is told, or asked."""

    BEGIN = 0
    """The function of the loop begins, and iterations are counted anew."""
    ITERATION = 1
    READ = 2
    WRITE = 3
    REPORT = 4
    """What is found, at the position of the element that is given."""


class Found(IntEnum):
    """Positions of what an observer finds, the distances as NEVER less themselves."""

    READ_AFTER_WRITE = 0
    WRITE_AFTER_ACCESS = 1
    READS = 2
    WRITES = 3


@dataclass(frozen=True)
class Measured:
    """What was found for a claim."""

    claim: vhls.DependenceOp
    read_after_write: int
    """Iterations from the last write of an element to a read of it, at least; else NEVER."""
    write_after_access: int
    """The same from the last access of any kind to a write."""
    reads: int
    writes: int

    @property
    def array(self) -> str:
        """The name of the array."""
        return self.claim.buffer.name_hint or ""

    @property
    def holds(self) -> bool:
        """Whether the claim is true of what has run."""
        if self.claim.distance is not None:
            return self.read_after_write >= self.claim.distance.value.data
        return min(self.read_after_write, self.write_after_access) >= NEVER


def measure_dependences(
    loops: ModuleOp, contents: Mapping[str, NDArray[np.uint8]]
) -> list[Measured]:
    """Run an accelerator on what is behind its ports; what is found for each of its claims."""
    copy = loops.clone()
    claims = [op for op in copy.walk() if isinstance(op, vhls.DependenceOp)]
    observers = [_observe(claim, f"observe_{number}") for number, claim in enumerate(claims)]
    copy.body.block.add_ops(observers)
    _report(top_function(copy), observers)
    copy.verify()
    results, _ = run_jit(copy, contents)
    originals = [op for op in loops.walk() if isinstance(op, vhls.DependenceOp)]
    return [
        Measured(claim, *(NEVER - found[:2]).tolist(), *found[2:].tolist())
        for claim, found in zip(originals, results[PORT], strict=True)
    ]


def measure_project(project: Path) -> list[Measured]:
    """The same of a compiled project, on its test vector."""
    loops = read_module(make_context(), stage_path(project, LOOPS))
    contents = {
        name: read_port_file(
            project / DATA / f"{name}.bin", name, WORD_BITS, image.words.value.data
        )
        for name, image in memory_images(loops).items()
    }
    return measure_dependences(loops, contents)


def _observer(name: str, elements: int) -> func.FuncOp:
    """
    A function that keeps the iterations which wrote or accessed each element last: of both also the
    one before, as an iteration can access an element several times.
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


def _observe(claim: vhls.DependenceOp, name: str) -> func.FuncOp:
    """Have all that a claim is about told to an observer, which is returned."""
    for_loop, operation = claim.parent_op(), function_of(claim)
    array = claim.buffer.type
    assert isinstance(for_loop, scf.ForOp)
    assert operation is not None
    assert isa(array, MemRefType[Attribute])
    shape = array.get_shape()
    observer = _observer(name, int(np.prod(shape)))

    def tell(where: InsertPoint, event: Event, element: Value | None = None) -> None:
        with ImplicitBuilder(Builder(where)):
            call(observer, constant(event), element or constant(0))

    tell(InsertPoint.at_start(operation.body.block), Event.BEGIN)
    for op in list(for_loop.walk()):
        if isinstance(op, memref.LoadOp | memref.StoreOp) and op.memref is claim.buffer:
            with ImplicitBuilder(Builder(InsertPoint.before(op))):
                element = constant(0)
                for size, subscript in zip(shape, op.indices, strict=True):
                    element = element * size + Value(subscript)
            event = Event.READ if isinstance(op, memref.LoadOp) else Event.WRITE
            tell(InsertPoint.before(op), event, element)
    tell(InsertPoint.at_start(for_loop.body.block), Event.ITERATION)
    return observer


def _report(top: func.FuncOp, observers: list[func.FuncOp]) -> None:
    """Give a function a port to which it writes what its observers have found."""
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
