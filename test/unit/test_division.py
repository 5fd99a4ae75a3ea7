"""Quotients by constants: as products, and as the loops say them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.builder import ImplicitBuilder
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp
from xdsl.ir import Block

from vaqf_compiler.analysis.evaluate import evaluate
from vaqf_compiler.analysis.integers import INDEX
from vaqf_compiler.analysis.program import Program
from vaqf_compiler.emit.hls_cpp import print_hls_cpp
from vaqf_compiler.engines.builder import Buffer, function
from vaqf_compiler.engines.division import Reciprocal, divided, rounded_up
from vaqf_compiler.engines.values import Value
from vaqf_compiler.hls_rules.types import check_types


@given(divisor=st.integers(2, 5000), most=st.integers(0, 20_000))
def test_a_product_with_the_reciprocal_is_the_quotient(divisor: int, most: int):
    reciprocal = Reciprocal(divisor, most)
    x = np.arange(most + 1)
    assert np.all(x * reciprocal.factor >> reciprocal.shift == x // divisor)
    assert reciprocal.factor < 1 << (reciprocal.factor_bits - 1)
    assert most < 1 << reciprocal.bits


@pytest.mark.parametrize("most", [0, 1, 11, 12, 197, 3455])
@pytest.mark.parametrize("divisor", [1, 2, 3, 8, 12, 18, 384])
def test_quotients_and_remainders_of_an_index(divisor: int, most: int):
    block = Block(arg_types=[INDEX])
    with ImplicitBuilder(block):
        x = Value(block.args[0])
        values = [*divided(x, divisor, most), rounded_up(x, divisor, most)]
    numbers = np.arange(most + 1)
    quotient, remainder, rounded = (evaluate(v.ssa, {block.args[0]: numbers}) for v in values)
    assert quotient is not None and remainder is not None and rounded is not None
    assert np.all(quotient == numbers // divisor)
    assert np.all(remainder == numbers % divisor)
    assert np.all(rounded == -(-numbers // divisor))


@pytest.mark.parametrize("most", [0, 1, 2, 197])
@pytest.mark.parametrize("divisor", [1, 3, 8, 12])
def test_quotients_of_few_numbers_are_printed(divisor: int, most: int):
    """One bit would do for an index of two values, but is a truth value in the generated code."""
    with function("divide", {"x": INDEX, "out": MemRefType(IntegerType(32), [3])}) as (op, given):
        out, x = Buffer(given["out"]), Value(given["x"])
        for place, value in enumerate((*divided(x, divisor, most), rounded_up(x, divisor, most))):
            out[place] = value.as_integer(32)
    module = ModuleOp([op])
    check_types(Program(module))
    assert "void divide(int x" in print_hls_cpp(module)
