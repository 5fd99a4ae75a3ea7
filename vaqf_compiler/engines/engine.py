"""
What a kind of engine is: all that the compiler asks of one, in one class.

A kind has a folder in `engines/` whose `engine.py` lists its engines in `ENGINES`; the package of
somebody else names such a module in the entry point `vaqf.engines` (`registry.py` finds both).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from xdsl.dialects import func, memref
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.dialects.binvit import DispatchOp, EngineOp
from vaqf_compiler.dialects.binvit.mapping import LANES
from vaqf_compiler.engines.accelerator import Accelerator
from vaqf_compiler.engines.parts import Parts

if TYPE_CHECKING:
    from vaqf_compiler.engines.limits import MappedModel
    from vaqf_compiler.engines.parameters import Parameters

PlanT = TypeVar("PlanT")

Chain = tuple[type[Operation], ...]
"""Operations that an engine computes in one go: each goes on with the result of the last."""


class Engine(ABC, Generic[PlanT]):
    """
    A kind of engine. Its plan, `PlanT`, holds all that its loops and its cost are made from; it has
    the engine's name as `name`.
    """

    kind: ClassVar[str]
    """As `binvit.engine` has it."""
    engines: ClassVar[Mapping[str, Mapping[str, int]]]
    """Names of the engines that a model may need, and the parameters that their purpose fixes."""
    parameters: ClassVar[frozenset[str]] = frozenset({LANES})
    """Names of the parameters that passes choose or `engines` fixes."""
    chains: ClassVar[Sequence[Chain]]
    """What a dispatch may consist of."""
    result_rank: ClassVar[int] = 2
    """Of the tensor that a dispatch results in."""
    searchable: ClassVar[bool] = False
    """Whether `vaqf_compiler.search` has a closed form of its cycles."""

    def engine_for(self, op: Operation) -> str | None:
        """The engine that computes a chain which begins with `op`; None where none does."""
        begins = any(chain and isinstance(op, chain[0]) for chain in self.chains)
        (name,) = self.engines
        return name if begins else None

    def fetched(self, chain: Sequence[Operation]) -> list[tuple[Operation, int, str]]:
        """
        What has to be moved to where the engine reads it: operations of a chain, positions of
        their operands, and the engines that do so.
        """
        del chain
        return []

    @abstractmethod
    def memory(self, dispatch: DispatchOp) -> str | None:
        """The memory that a dispatch writes to, None for the output port."""

    def constants(self, dispatch: DispatchOp) -> list[SSAValue]:
        """What a dispatch reads from a port of parameters, so that it must be constant."""
        del dispatch
        return []

    def check(self, dispatch: DispatchOp, model: MappedModel) -> None:
        """
        Raise OperationError for a dispatch that no engine of the kind can run, whatever its
        parameters are: what it reads is in the wrong memory, say.
        """

    def check_together(self, dispatches: Sequence[DispatchOp]) -> None:
        """Raise OperationError for dispatches that one engine of the kind cannot run all of."""

    def check_channels(self, dispatch: DispatchOp, model: MappedModel) -> None:
        """The same as `check`, of numbers of channels; asked when all dispatches passed that."""

    def pack(self, dispatch: DispatchOp, engine: EngineOp, parameters: Parameters) -> None:
        """Put what a dispatch reads from ports there, in the order in which it does."""

    @abstractmethod
    def plan(
        self, engine: EngineOp, dispatches: Sequence[DispatchOp], accelerator: Accelerator
    ) -> PlanT:
        """
        An engine that can run all of `dispatches`. Raises PassFailedException where a parameter is
        missing or does not suit them.
        """

    def tables(self, plan: PlanT) -> Sequence[memref.GlobalOp]:
        """Constant tables of the module that its functions read."""
        del plan
        return ()

    def logits(self, plan: PlanT) -> int:
        """Elements of the output port that it writes."""
        del plan
        return 0

    @abstractmethod
    def build(self, plan: PlanT, accelerator: Accelerator) -> Sequence[func.FuncOp]:
        """
        Its functions of loops; the last one is the engine, those before are called by it. An
        argument that is a shared memory or a port has its name and type; all others are scalars.
        """

    @abstractmethod
    def scalars(
        self,
        dispatch: DispatchOp,
        plan: PlanT,
        parameters: Parameters,
        accelerator: Accelerator,
    ) -> Sequence[int]:
        """The scalar arguments of the call for a dispatch, in order."""

    @abstractmethod
    def parts(self, plan: PlanT, accelerator: Accelerator) -> Parts:
        """The hardware that it consists of."""


AnyEngine = Engine[Any]
