"""`arith` operations and loads as C++ expressions, with exactly the value that MLIR gives them."""

from __future__ import annotations

from xdsl.dialects import arith, memref
from xdsl.ir import Operation

from vaqf_compiler.dialects.vhls import is_fifo
from vaqf_compiler.emit.arithmetic import (
    SIGNED,
    UNSIGNED,
    print_shift,
    print_signed,
    print_unsigned,
)
from vaqf_compiler.emit.conversions import (
    print_index_cast,
    print_sign_extension,
    print_truncation,
    print_zero_extension,
)
from vaqf_compiler.emit.cpp_expression import (
    Expression,
    Printed,
    subscripts,
    variable,
)
from vaqf_compiler.emit.logic import (
    BITWISE,
    EXTREMA,
    print_bitwise,
    print_comparison,
    print_constant,
    print_extremum,
    print_select,
)
from vaqf_compiler.emit.refusal import refusal

EXPRESSIONS: tuple[type[Operation], ...] = (
    arith.ConstantOp,
    *SIGNED,
    *UNSIGNED,
    *BITWISE,
    *EXTREMA,
    arith.ShLIOp,
    arith.ShRSIOp,
    arith.ShRUIOp,
    arith.ExtSIOp,
    arith.ExtUIOp,
    arith.TruncIOp,
    arith.IndexCastOp,
    arith.SelectOp,
    arith.CmpiOp,
    memref.LoadOp,
)
"""The operations that are printed as expressions. All but loads are pure."""


def print_expression(op: Operation, operand: Printed) -> Expression:
    """
    Return the expression for one operation, given those of its operands. Raises OperationError if
    there is none.
    """
    kind = type(op)
    match op:
        case arith.ConstantOp():
            return print_constant(op)
        case memref.LoadOp():
            array = operand(op.memref).text
            if is_fifo(op.memref.type):
                return variable(f"{array}.read()", op.res.type)
            return variable(array + subscripts(op.indices, operand), op.res.type)
        case arith.CmpiOp():
            return print_comparison(op, operand)
        case arith.SelectOp():
            return print_select(op, operand)
        case arith.ExtSIOp():
            return print_sign_extension(op, operand)
        case arith.ExtUIOp():
            return print_zero_extension(op, operand)
        case arith.TruncIOp():
            return print_truncation(op, operand)
        case arith.IndexCastOp():
            return print_index_cast(op, operand)
        case arith.ShLIOp() | arith.ShRSIOp() | arith.ShRUIOp():
            return print_shift(op, operand)
        case _ if kind in EXTREMA:
            return print_extremum(op, operand)
        case _ if kind in BITWISE:
            return print_bitwise(op, operand)
        case _ if kind in SIGNED:
            return print_signed(op, operand)
        case _ if kind in UNSIGNED:
            return print_unsigned(op, operand)
        case _:
            raise refusal(op, "there is no C++ expression for it")
