"""Initiation intervals that the ports of memories can supply."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import func, scf
from xdsl.ir import SSAValue

from vaqf_compiler.analysis.evaluate import Number, evaluate, whole
from vaqf_compiler.analysis.latency import LatencyModel
from vaqf_compiler.analysis.pipelines import claimed_interval
from vaqf_compiler.analysis.ports import port_interval
from vaqf_compiler.analysis.program import Program, function_of, loop_name, pipeline_of
from vaqf_compiler.dialects import vhls
from vaqf_compiler.errors import OperationError
from vaqf_compiler.hls_rules.board import board_and_clock
from vaqf_compiler.hls_rules.unrolling import with_explicit_unrolling
from vaqf_compiler.hls_rules.violation import violation


def check_intervals(program: Program) -> None:
    """
    Raise OperationError for a pipelined loop or function that accesses memories more often in its
    interval than their ports allow, according to the cost model.
    """
    explicit = Program(with_explicit_unrolling(program.module))
    model = LatencyModel(explicit.module, *board_and_clock(program.module))
    for loop in explicit.loops:
        for pragma in loop.body.block.ops:
            if isinstance(pragma, vhls.PipelineOp):
                _check(loop, loop_name(loop), pragma, explicit, model)
    for function in explicit.functions.values():
        if (pragma := pipeline_of(function)) is not None:
            _check(function, "the function", pragma, explicit, model)


def _check(
    pipeline: scf.ForOp | func.FuncOp,
    name: str,
    pragma: vhls.PipelineOp,
    program: Program,
    model: LatencyModel,
) -> None:
    ii, inside = pragma.ii.value.data, pipeline if isinstance(pipeline, scf.ForOp) else pragma
    function = function_of(pipeline)
    assert function is not None
    try:
        known = _known(function, program)
        found, limit = port_interval(pipeline, model.arrays, model.clock, known)
    except OperationError as error:
        remedy = "move that out of it"
        raise violation(
            inside, f"the interval of {name} cannot be checked: {error}", remedy
        ) from error
    if found > ii:
        what = f"{name} cannot start every {ii} cycles: the {limit} need {found}"
        remedy = f"say ii = {found}, or divide that array so that accesses fall into more memories"
        raise violation(inside, what, remedy)
    if isinstance(pipeline, scf.ForOp):
        found, array = claimed_interval(pipeline, model.arrays, model.clock, known)
        if found > ii:
            what = f"{name} cannot start every {ii} cycles: at the distance that is claimed of "
            what += f"{array} it needs {found}"
            raise violation(inside, what, f"say ii = {found}, or a greater distance if it is true")


def _known(function: func.FuncOp, program: Program) -> Mapping[SSAValue, Number]:
    """
    Return the arguments of a function that are the same constant in all calls, and their values.
    """
    calls = [call for call in program.calls if program.callee(call) is function]
    around = [_known(caller, program) for call in calls if (caller := function_of(call))]
    known: dict[SSAValue, Number] = {}
    for position, argument in enumerate(function.args):
        passed = {
            whole(evaluate(call.arguments[position], outside))
            for call, outside in zip(calls, around, strict=True)
        }
        if len(passed) == 1 and (number := passed.pop()) is not None:
            known[argument] = number
    return known
