"""Arrays whose elements are side by side in wider words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from xdsl.dialects import memref, scf
from xdsl.ir import SSAValue

from vaqf_compiler.cost.affine import varies
from vaqf_compiler.cost.schedule import constant, is_unrolled, trip_count
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.program import Program
from vaqf_compiler.hls_rules.violation import name_of, violation


def check_words(program: Program) -> None:
    """
    Raise OperationError for a store to part of a word: what is not stored would have to be read
    first. All elements of a word are stored by an unrolled loop, or each by a statement of a block,
    under conditions that are the same for all of them.
    """
    wide: defaultdict[SSAValue, set[int]] = defaultdict(set)
    for op in program.module.walk():
        if isinstance(op, vhls.ArrayReshapeOp):
            for root in program.roots(op.buffer):
                wide[root].add(op.dim.value.data - 1)
    for op in program.module.walk():
        if not isinstance(op, memref.StoreOp):
            continue
        for root in program.roots(op.memref):
            for dimension in wide.get(root, ()):
                if not (_is_one_of_all(op, dimension) or _is_whole(op, dimension, program)):
                    what = (
                        f"part of a word of {name_of(op.memref)} is stored, which is reshaped in "
                    )
                    what += f"dimension {dimension + 1}"
                    remedy = "gather its elements, and store them in an unrolled loop over all"
                    raise violation(op, what, remedy)


def _is_one_of_all(store: memref.StoreOp, dimension: int) -> bool:
    """Whether stores of a block, of which this is one, fill the dimension, each at a constant."""

    def place(indices: Sequence[SSAValue]) -> list[SSAValue | int]:
        known = ((index, constant(index)) for index in indices)
        found: list[SSAValue | int] = [i if number is None else number for i, number in known]
        return found[:dimension] + found[dimension + 1 :]

    assert store.parent is not None
    stored = {
        constant(other.indices[dimension])
        for other in store.parent.ops
        if isinstance(other, memref.StoreOp)
        and other.memref is store.memref
        and place(other.indices) == place(store.indices)
    }
    return constant(store.indices[dimension]) is not None and stored >= set(
        range(_size(store, dimension))
    )


def _size(store: memref.StoreOp, dimension: int) -> int:
    """Elements in a dimension of the array that is stored to."""
    type_ = vhls.memref_type(store.memref.type)
    assert type_ is not None
    return type_.get_shape()[dimension]


def _is_whole(store: memref.StoreOp, dimension: int, program: Program) -> bool:
    """Whether copies of a store fill the dimension."""
    index = store.indices[dimension]
    size = _size(store, dimension)
    others = [v for at, v in enumerate(store.indices) if at != dimension]
    """What must be the same for all elements of a word: the place of the word, and conditions."""
    for op in _around(store):
        if isinstance(op, scf.IfOp):
            others.append(op.cond)
        elif op.body.block.args[0] is index:
            whole = constant(op.lb) == 0 and constant(op.step) == 1 and trip_count(op) == size
            unrolled = is_unrolled(op) or program.is_in_pipeline(op)
            return whole and unrolled and not any(varies(v, op) for v in others)
    return size == 1


def _around(store: memref.StoreOp) -> Iterator[scf.ForOp | scf.IfOp]:
    """The loops and conditions that a store is in, from the innermost."""
    op = store.parent_op()
    while op is not None:
        if isinstance(op, scf.ForOp | scf.IfOp):
            yield op
        op = op.parent_op()
