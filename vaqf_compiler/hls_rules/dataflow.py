"""The form of dataflow: a function that contains only calls, or only a loop of calls."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import arith, func, scf
from xdsl.ir import Operation

from vaqf_compiler.analysis.program import Program, function_of, is_argument, loop_name
from vaqf_compiler.analysis.schedule import constant
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.violation import violation

BESIDE = (arith.ConstantOp, vhls.PragmaOp, vhls.CommentOp, vhls.TraceOp)
"""Operations that are not statements of the generated code."""


@dataclass(frozen=True)
class Dataflow:
    """A region whose calls run at the same time."""

    owner: scf.ForOp | func.FuncOp

    @property
    def function(self) -> func.FuncOp:
        """The function that the region is in, or that it is."""
        function = function_of(self.owner)
        assert function is not None
        return function

    @property
    def processes(self) -> list[func.CallOp]:
        """The calls, in order."""
        return [op for op in self.owner.body.block.ops if isinstance(op, func.CallOp)]

    @property
    def name(self) -> str:
        """The name of the region in messages."""
        if isinstance(self.owner, scf.ForOp):
            return f"{loop_name(self.owner)}, which is dataflow,"
        return f"the dataflow function @{self.owner.sym_name.data}"


def dataflow_regions(program: Program) -> list[Dataflow]:
    """Return all dataflow regions, in order."""
    pragmas = (op for op in program.module.walk() if isinstance(op, vhls.DataflowOp))
    owners = (pragma.parent_op() for pragma in pragmas)
    return [Dataflow(owner) for owner in owners if isinstance(owner, scf.ForOp | func.FuncOp)]


def check_dataflow(program: Program) -> None:
    """Raise OperationError for a dataflow region that is not canonical."""
    for region in dataflow_regions(program):
        if isinstance(region.owner, scf.ForOp):
            _check_surroundings(region.owner)
            _check_count(region.owner)
        elif region.owner.function_type.outputs.data:
            raise violation(region.owner, "a dataflow function returns a value", "return nothing")
        for call in region.processes:
            if call.res:
                what = f"the process {call.callee} of {region.name} returns a value"
                raise violation(call, what, "write it to an array of the region")


def check_dataflow_in_pipelines(program: Program) -> None:
    """Raise OperationError for a dataflow region in a function that is part of a pipeline."""
    for region in dataflow_regions(program):
        if region.function in program.pipelined_functions:
            sites = (call for call in program.calls if program.callee(call) is region.function)
            site = next(filter(program.is_in_pipeline, sites), region.owner)
            what = f"{region.name} is part of a pipelined loop or function, which has no processes"
            raise violation(site, what, "pipeline the loops of its processes instead")


def _check_surroundings(loop: scf.ForOp) -> None:
    parent = loop.parent_op()
    remedy = "call a function that has nothing but the loop"
    if not isinstance(parent, func.FuncOp):
        where = "nowhere" if parent is None else f"in '{parent.name}'"
        raise violation(loop, f"{loop_name(loop)} is dataflow but stands {where}", remedy)
    for op in parent.body.block.ops:
        if op is not loop and not _is_beside(op):
            what = f"it stands beside {loop_name(loop)}, which is dataflow"
            raise violation(op, what, remedy)


def _is_beside(op: Operation) -> bool:
    return isinstance(op, BESIDE) or (isinstance(op, func.ReturnOp) and not op.operands)


def _check_count(loop: scf.ForOp) -> None:
    name = f"{loop_name(loop)} is dataflow but"
    if constant(loop.lb) != 0 or constant(loop.step) != 1:
        raise violation(loop, f"{name} does not count 0, 1, 2", "count from 0 with step 1")
    bound = constant(loop.ub)
    if not is_argument(loop.ub) and (bound is None or bound < 1):
        what = f"{name} its bound is neither a positive constant nor an argument of the function"
        raise violation(loop, what, "compute the bound in the caller and pass it on")
