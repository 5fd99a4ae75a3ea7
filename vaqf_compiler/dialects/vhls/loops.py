"""Pragmas in the body of a loop, about that loop; some also in a function's."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import I64, IntegerAttr, MemRefType, StringAttr
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import base, irdl_op_definition, operand_def, opt_prop_def, prop_def, traits_def
from xdsl.traits import HasParent
from xdsl.utils.exceptions import VerifyException

from vaqf_compiler.dialects.vhls.arrays import ArrayLayoutOp, BindStorageOp, StreamOp
from vaqf_compiler.dialects.vhls.functions import InlineOp
from vaqf_compiler.dialects.vhls.pragma import (
    PragmaOp,
    check_one_of,
    check_positive,
    integer,
    option,
)


@irdl_op_definition
class PipelineOp(PragmaOp):
    """
    Start an iteration of the loop every `ii` cycles. In a function, which has all its loops
    unrolled then, a call: it can be part of the pipeline of a loop that calls it.
    """

    name = "vhls.pipeline"

    ii = prop_def(IntegerAttr[I64])

    traits = traits_def(HasParent(scf.ForOp, func.FuncOp))
    assembly_format = "`ii` `=` $ii attr-dict"

    def __init__(self, ii: int = 1):
        super().__init__(properties={"ii": integer(ii)})

    def verify_(self) -> None:
        check_positive("ii", self.ii)

    def pragma(self, variable: str | None) -> str:
        return "pipeline" + option("II", self.ii)


@irdl_op_definition
class UnrollOp(PragmaOp):
    """Make copies of the loop's body, as many as `factor`, else as many as iterations."""

    name = "vhls.unroll"

    factor = opt_prop_def(IntegerAttr[I64])

    traits = traits_def(HasParent(scf.ForOp))
    assembly_format = "(`factor` `=` $factor^)? attr-dict"

    def __init__(self, factor: int | None = None):
        super().__init__(properties={"factor": integer(factor)})

    def verify_(self) -> None:
        check_positive("factor", self.factor)

    def pragma(self, variable: str | None) -> str:
        return "unroll" + option("factor", self.factor)


@irdl_op_definition
class DataflowOp(PragmaOp):
    """
    Run the calls of a function, or of a loop's body, at the same time. In a loop, while one works
    on an iteration, those before it are at later ones, and arrays of the body become pairs of
    buffers that take turns. There is nothing but calls and their arrays, which is what the tool
    accepts.
    """

    name = "vhls.dataflow"
    ALLOWED: ClassVar[tuple[type[Operation], ...]] = (
        func.CallOp,
        memref.AllocaOp,
        arith.ConstantOp,
        ArrayLayoutOp,
        BindStorageOp,
        StreamOp,
        InlineOp,
    )

    traits = traits_def(HasParent(scf.ForOp, func.FuncOp))
    assembly_format = "attr-dict"

    def verify_(self) -> None:
        assert self.parent is not None
        for op in self.parent.ops:
            ends = DataflowOp | LoopTripcountOp | scf.YieldOp | func.ReturnOp
            if isinstance(op, ends) and not op.operands:
                continue
            if not isinstance(op, self.ALLOWED):
                raise VerifyException(
                    f"a dataflow region has nothing but calls and their arrays, got {op.name}"
                )

    def pragma(self, variable: str | None) -> str:
        return "dataflow"


@irdl_op_definition
class LoopTripcountOp(PragmaOp):
    """Bounds of a trip count that is only known at run time, for the tool's latency report."""

    name = "vhls.loop_tripcount"

    min = prop_def(IntegerAttr[I64])
    max = prop_def(IntegerAttr[I64])

    traits = traits_def(HasParent(scf.ForOp))
    assembly_format = "`min` `=` $min `max` `=` $max attr-dict"

    def __init__(self, min: int, max: int):
        super().__init__(properties={"min": integer(min), "max": integer(max)})

    def verify_(self) -> None:
        low, high = self.min.value.data, self.max.value.data
        if not 0 <= low <= high:
            raise VerifyException(f"expected 0 <= min <= max, got min {low} and max {high}")

    def pragma(self, variable: str | None) -> str:
        return "loop_tripcount" + option("min", self.min) + option("max", self.max)


@irdl_op_definition
class ExpressionBalanceOp(PragmaOp):
    """
    Leave sums and products in the loop in the order in which they are written; by default the tool
    makes trees of those with four terms or more.
    """

    name = "vhls.expression_balance"

    traits = traits_def(HasParent(scf.ForOp))
    assembly_format = "`off` attr-dict"

    def pragma(self, variable: str | None) -> str:
        return "expression_balance off"


@irdl_op_definition
class DependenceOp(PragmaOp):
    """
    Iterations of the loop (`inter`), or accesses of one iteration (`intra`), do not depend on each
    other through a buffer: `false`. Or what an iteration writes is read `distance` iterations later
    at the earliest. The tool does not check it: if it is wrong, so is the hardware.
    """

    name = "vhls.dependence"
    KINDS: ClassVar[tuple[str, ...]] = ("inter", "intra")

    buffer = operand_def(base(MemRefType))
    kind = prop_def(StringAttr)
    distance = opt_prop_def(IntegerAttr[I64])

    traits = traits_def(HasParent(scf.ForOp))
    assembly_format = (
        "$buffer $kind (`distance` `=` $distance^):(`false`)? attr-dict `:` type($buffer)"
    )

    def __init__(self, buffer: SSAValue, kind: str, distance: int | None = None):
        super().__init__(
            operands=[buffer],
            properties={"kind": StringAttr(kind), "distance": integer(distance)},
        )

    def verify_(self) -> None:
        check_one_of("kind", self.kind, self.KINDS)
        check_positive("distance", self.distance)
        if self.distance is not None and self.kind.data == "intra":
            raise VerifyException("only iterations are at a distance: the kind must be inter")

    def pragma(self, variable: str | None) -> str:
        text = f"dependence variable={variable} {self.kind.data}"
        if self.distance is None:
            return f"{text} false"
        return f"{text} RAW{option('distance', self.distance)} true"
