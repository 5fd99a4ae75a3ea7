"""Explicit pragmas for loops that the tool unrolls because a loop around them is pipelined."""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, ModuleOp
from xdsl.ir import Block, Region
from xdsl.rewriter import InsertPoint, Rewriter

from vaqf_compiler.analysis.latency import is_pipelined
from vaqf_compiler.analysis.program import Program
from vaqf_compiler.analysis.schedule import is_unrolled
from vaqf_compiler.dialects import vhls

OF_THE_LOOP = (
    vhls.PipelineOp,
    vhls.DependenceOp,
    vhls.ExpressionBalanceOp,
    vhls.LoopTripcountOp,
)


def with_explicit_unrolling(module: ModuleOp) -> ModuleOp:
    """
    Return a copy in which every loop in a pipelined loop or function has an unroll pragma. A
    pipelined loop that is unrolled by a factor becomes a loop with an unrolled loop of `factor`
    iterations inside.
    """
    program = Program(module.clone())
    for loop in program.loops:
        if program.is_in_pipeline(loop) and not is_unrolled(loop):
            _drop_factors(loop)
            Rewriter.insert_op(vhls.UnrollOp(), InsertPoint.at_start(loop.body.block))
        elif is_pipelined(loop) and (factor := _drop_factors(loop)) > 1:
            _split(loop, factor)
    return program.module


def _drop_factors(loop: scf.ForOp) -> int:
    """Remove a loop's partial unrolling and return its factor, or 1."""
    factor = 1
    for op in loop.body.block.ops:
        if isinstance(op, vhls.UnrollOp) and op.factor is not None:
            factor = op.factor.value.data
            Rewriter.erase_op(op)
    return factor


def _split(loop: scf.ForOp, factor: int) -> None:
    """
    Divide the number of a loop's iterations by `factor`, and put an unrolled loop into its body.
    """
    body = loop.body.block
    index, *carried = body.args
    inner = Block(arg_types=[argument.type for argument in body.args])
    for op in list(body.ops):
        if not isinstance(op, OF_THE_LOOP):
            op.detach()
            inner.add_op(op)
    for outside, inside in zip(carried, inner.args[1:], strict=True):
        outside.replace_all_uses_with(inside)
        inside.name_hint = outside.name_hint
    offset = arith.MuliOp(inner.args[0], loop.step)
    position = arith.AddiOp(index, offset.result)
    index.replace_uses_with_if(position.result, lambda use: use.operation is not position)
    Rewriter.insert_op([vhls.UnrollOp(), offset, position], InsertPoint.at_start(inner))
    zero, count, one = (arith.ConstantOp.from_int_and_width(n, IndexType()) for n in (0, factor, 1))
    unrolled = scf.ForOp(zero, count, one, carried, Region(inner))
    body.add_ops([zero, count, one, unrolled, scf.YieldOp(*unrolled.results)])
    whole = arith.ConstantOp.from_int_and_width(factor, IndexType())
    step = arith.MuliOp(loop.step, whole.result)
    Rewriter.insert_op([whole, step], InsertPoint.before(loop))
    loop.operands[2] = step.result
