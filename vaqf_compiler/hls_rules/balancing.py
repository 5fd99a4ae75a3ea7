"""Sums of products must be added in the order in which they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Operation, SSAValue, Use

from vaqf_compiler.analysis.program import Program, function_of, loops_around
from vaqf_compiler.analysis.schedule import trip_count
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.copies import leaves_no_loop
from vaqf_compiler.hls_rules.violation import violation

LEAST_TERMS = 4
"""The fewest terms of a sum that the tool rebuilds (`MinLeaves` in TreeHeightReduction.cpp)."""


class Sum(NamedTuple):
    """A sum of terms that have no other use."""

    terms: int
    products: int
    """Number of terms that DSP blocks compute, and can add to one another."""
    height: int

    def plus(self, other: Sum) -> Sum:
        """Return the sum of two sums."""
        height = max(self.height, other.height) + 1
        return Sum(self.terms + other.terms, self.products + other.products, height)

    @property
    def is_rebuilt(self) -> bool:
        """
        Whether the tool would make a tree of the sum, and thus separate products that the chain
        adds up.
        """
        balanced = (self.terms - 1).bit_length()
        return self.terms >= LEAST_TERMS and self.products > 1 and self.height > balanced


TERM = Sum(1, 0, 0)
PRODUCT = Sum(1, 1, 0)


def check_balancing(program: Program) -> None:
    """
    Raise OperationError for a chain of products in a loop if the tool may change the order in which
    they are added. In a tree, some sums are not part of the products' DSP blocks.
    """
    sums, inlined = _Sums(program), _inlined_into_loops(program)
    for op in program.module.walk(region_first=True):
        for found in sums.visit(op):
            if found.is_rebuilt and _is_on(op, inlined):
                what = (
                    f"a chain of {found.terms} terms, {found.products} of them products, becomes "
                )
                what += "a tree, whose sums are not all in the DSP blocks of the products"
                remedy = "say vhls.expression_balance off in the loop, or "
                if not loops_around(op):
                    remedy = "say vhls.expression_balance off in each loop that calls the function,"
                    remedy += " or vhls.inline off in it, or "
                raise violation(op, what, f"{remedy}add up at most {LEAST_TERMS - 1}")


def _is_on(op: Operation, inlined: set[func.FuncOp]) -> bool:
    """
    Return whether an operation is in a loop, possibly of a caller, whose sums the tool rebuilds.
    """
    around = loops_around(op)
    if not around:
        return function_of(op) in inlined
    pragmas = (pragma for loop in around for pragma in loop.body.block.ops)
    return not any(isinstance(op, vhls.ExpressionBalanceOp) for op in pragmas)


def _inlined_into_loops(program: Program) -> set[func.FuncOp]:
    """
    Return the functions whose statements may be inlined into a loop whose sums the tool rebuilds.
    Functions without an inline pragma are assumed to be inlined.
    """
    found: set[func.FuncOp] = set()
    waiting = [call for call in program.calls if _is_on(call, found)]
    while waiting:
        function = program.callee(waiting.pop())
        if function in found or any(isinstance(op, vhls.InlineOp) for op in function.walk()):
            continue
        found.add(function)
        inside = (op for op in function.walk() if isinstance(op, func.CallOp))
        waiting += [call for call in inside if not loops_around(call)]
    return found


@dataclass
class _Sums:
    program: Program
    found: dict[SSAValue, Sum] = field(default_factory=dict[SSAValue, Sum])

    def visit(self, op: Operation) -> Iterator[Sum]:
        """Yield the sums that an operation computes. The sums of its operands must be known."""
        match op:
            case arith.ExtSIOp() | arith.ExtUIOp():
                self.found[op.result] = self._of(op.input)
            case arith.MuliOp() if _is_in_dsp(op):
                self.found[op.result] = PRODUCT
            case arith.AddiOp() if isinstance(op.result.type, IntegerType):
                self.found[op.result] = self._of(op.lhs).plus(self._of(op.rhs))
                yield self.found[op.result]
            case scf.ForOp() if op.res and leaves_no_loop(self.program, op):
                yield from self._accumulated(op)
            case _:
                pass

    def _of(self, value: SSAValue) -> Sum:
        """Return a value as a sum. A sum that has other uses is a single term."""
        found = self.found.get(value, TERM)
        return found if found == PRODUCT or len(_uses(value)) == 1 else TERM

    def _accumulated(self, loop: scf.ForOp) -> Iterator[Sum]:
        """
        Yield the sums that the iterations of an unrolled loop add up in a carried value, one copy
        after another. If a value on the way has other uses, each copy is a sum of its own.
        """
        last, trips = loop.body.block.last_op, trip_count(loop)
        assert isinstance(last, scf.YieldOp)
        carried = loop.body.block.args[1:]
        for value, start, end, result in zip(
            carried, loop.iter_args, last.arguments, loop.res, strict=True
        ):
            if isinstance(end.owner, arith.AddiOp) and value in end.owner.operands and trips:
                first, each = self._of(start), self._of(end)
                if each == TERM or len(_uses(value)) != 1:
                    continue
                terms = first.terms + trips * (each.terms - 1)
                products = first.products + trips * each.products
                self.found[result] = Sum(terms, products, first.height + trips)
                yield self.found[result]


def _uses(value: SSAValue) -> list[Use]:
    return [use for use in value.uses if not isinstance(use.operation, vhls.PragmaOp)]


def _is_in_dsp(op: arith.MuliOp) -> bool:
    """Return whether a product is of two variable integers and is not bound to LUTs."""
    bindings = (use.operation for use in op.result.uses)
    in_luts = any(isinstance(b, vhls.BindOpOp) and b.impl.data == "fabric" for b in bindings)
    is_constant = any(isinstance(value.owner, arith.ConstantOp) for value in op.operands)
    return isinstance(op.result.type, IntegerType) and not in_luts and not is_constant
