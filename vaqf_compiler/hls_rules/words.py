"""Arrays whose elements lie side by side in wider words."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects import func, memref, scf
from xdsl.ir import BlockArgument, Operation, SSAValue

from vaqf_compiler.analysis.affine import Affine, affine, varies
from vaqf_compiler.analysis.program import Program, name_of
from vaqf_compiler.analysis.schedule import constant, trip_count
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.copies import leaves_no_loop
from vaqf_compiler.hls_rules.violation import violation

Place = tuple[object, ...]


def check_words(program: Program) -> None:
    """
    Raise OperationError for a store to part of a word, because the rest of the word would have to
    be read first. All elements of a word must be stored at a time: by unrolled loops or by
    statements of a block, under the same conditions.
    """
    wide: defaultdict[SSAValue, dict[int, vhls.ArrayReshapeOp]] = defaultdict(dict)
    for op in program.module.walk():
        if isinstance(op, vhls.ArrayReshapeOp):
            for root in program.roots(op.buffer):
                wide[root][op.dim.value.data - 1] = op
    for together in _at_a_time(program):
        array = together[0].memref
        for root in program.roots(array):
            if (reshaped := wide.get(root)) and not _are_whole(together, reshaped, program):
                number = min(reshaped) + 1
                what = f"part of a word of {name_of(array)} is stored, which is reshaped in "
                what += f"dimension {number}"
                remedy = "gather its elements, and store them in an unrolled loop over all"
                raise violation(together[0], what, remedy)


def _at_a_time(program: Program) -> Iterator[list[memref.StoreOp]]:
    """
    Yield the stores to an array that are in one block, without anything between them that takes
    time of its own.
    """
    for block in (b for op in program.module.walk() for r in op.regions for b in r.blocks):
        found: dict[SSAValue, list[memref.StoreOp]] = {}
        for op in block.ops:
            if isinstance(op, memref.StoreOp):
                found.setdefault(op.memref, []).append(op)
            elif isinstance(op, memref.LoadOp):
                if op.memref in found:
                    yield found.pop(op.memref)
            elif _takes_time(op, program):
                yield from found.values()
                found = {}
        yield from found.values()


def _takes_time(op: Operation, program: Program) -> bool:
    """
    Return whether an operation contains a call, or a loop whose iterations run one after another.
    """
    return any(
        isinstance(inner, func.CallOp)
        or (isinstance(inner, scf.ForOp) and not leaves_no_loop(program, inner))
        for inner in op.walk()
    )


def _are_whole(
    stores: Sequence[memref.StoreOp], reshaped: Mapping[int, vhls.ArrayReshapeOp], program: Program
) -> bool:
    """Return whether stores of a block, in all its unrolled copies, fill whole words."""
    layouts = {dimension: _Layout.of(pragma) for dimension, pragma in reshaped.items()}
    filled: defaultdict[Place, set[Place]] = defaultdict(set)
    for store in stores:
        unrolled, conditions = _around(store, program)
        if any(varies(condition, loop) for condition in conditions for loop in unrolled):
            return False
        if any(_takes_time(inner, program) for loop in unrolled for inner in loop.body.block.ops):
            return False
        for indices in _copies(store, unrolled):
            rest = {value for index in indices for value in index.terms}
            if any(varies(value, loop) for value in rest for loop in unrolled):
                return False
            word: list[object] = []
            part: list[object] = []
            for dimension, index in enumerate(indices):
                base = frozenset(index.terms.items())
                if dimension not in layouts:
                    word.append((base, index.constant))
                    continue
                place = layouts[dimension].place(index)
                if place is None:
                    return False
                word.append((base, place[0]))
                part.append(place[1])
            filled[tuple(word)].add(tuple(part))
    # Sorted by dimension, as the elements of `part` are.
    whole = set(itertools.product(*(range(layouts[d].parts) for d in sorted(layouts))))
    return all(parts == whole for parts in filled.values())


@dataclass(frozen=True)
class _Layout:
    """The layout of a reshaped dimension."""

    kind: str
    size: int
    parts: int
    """The number of the dimension's elements in a word."""

    @staticmethod
    def of(pragma: vhls.ArrayReshapeOp) -> _Layout:
        """Return the layout that a pragma states."""
        array = vhls.memref_type(pragma.buffer.type)
        assert array is not None
        size = array.get_shape()[pragma.dim.value.data - 1]
        parts = size if pragma.factor is None else pragma.factor.value.data
        kind = "cyclic" if parts == 1 else pragma.kind.data
        if kind == "block":  # the last part may be left out
            parts = -(-size // -(-size // parts))
        return _Layout(kind, size, parts)

    def place(self, index: Affine) -> tuple[int, int] | None:
        """
        Return the number of the word for an index in the dimension, and the position in the word;
        None if they are not known.
        """
        if self.kind == "cyclic":
            if any(factor % self.parts for factor in index.terms.values()):
                return None
            return divmod(index.constant, self.parts)
        if index.terms:
            return None
        part, word = divmod(index.constant, -(-self.size // self.parts))
        return word, part


def _around(store: memref.StoreOp, program: Program) -> tuple[list[scf.ForOp], list[SSAValue]]:
    """Return the unrolled loops around a store, and the conditions in them or around it."""
    loops: list[scf.ForOp] = []
    conditions: list[SSAValue] = []
    op = store.parent_op()
    while isinstance(op, scf.ForOp | scf.IfOp):
        if isinstance(op, scf.IfOp):
            conditions.append(op.cond)
        elif leaves_no_loop(program, op):
            loops.append(op)
        else:
            break
        op = op.parent_op()
    return loops, conditions


def _copies(store: memref.StoreOp, unrolled: Sequence[scf.ForOp]) -> list[list[Affine]]:
    """Return the indices of each unrolled copy of a store."""
    found: list[list[Affine]] = []
    indices = [_by_iterations(affine(index)) for index in store.indices]
    ranges: list[range] = []
    for loop in unrolled:
        ranges.append(range(trip_count(loop)))
    for values in itertools.product(*ranges):
        numbers: dict[SSAValue, int] = {}
        for loop, value in zip(unrolled, values, strict=True):
            numbers[loop.body.block.args[0]] = value
        found.append([_with(index, numbers) for index in indices])
    return found


def _by_iterations(index: Affine) -> Affine:
    """Return the sum in terms of iterations instead of indices of loops that are not unrolled."""
    terms, offset = dict(index.terms), index.constant
    for value, factor in index.terms.items():
        loop = value.block.parent_op() if isinstance(value, BlockArgument) else None
        if isinstance(loop, scf.ForOp) and value is loop.body.block.args[0]:
            lower, step = constant(loop.lb), constant(loop.step)
            if lower is not None and step is not None:
                terms[value] = factor * step
                offset += factor * lower
    return Affine(terms, offset)


def _with(index: Affine, numbers: Mapping[SSAValue, int]) -> Affine:
    """Return a sum with some of its values replaced by numbers."""
    known = sum(factor * numbers.get(value, 0) for value, factor in index.terms.items())
    rest = {value: factor for value, factor in index.terms.items() if value not in numbers}
    return Affine(rest, index.constant + known)
