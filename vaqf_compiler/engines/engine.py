"""
The interface of a kind of engine: the one class through which the compiler uses it.

Each kind has a folder in `engines/` whose `engine.py` lists its engines in `ENGINES`. Another
package can add kinds: it names such a module in the entry point `vaqf.engines`. `registry.py` finds
both.
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
"""Operations that an engine computes in one go: each uses the result of the one before."""


class Engine(ABC, Generic[PlanT]):
    """
    A kind of engine. Its plan, of type `PlanT`, contains everything from which its loops and its
    cost follow; `plan.name` is the engine's name.
    """

    kind: ClassVar[str]
    """Name of the kind, as in `binvit.engine`."""
    engines: ClassVar[Mapping[str, Mapping[str, int]]]
    """Names of the engines that a model may need, and the parameters that each one fixes."""
    parameters: ClassVar[frozenset[str]] = frozenset({LANES})
    """Names of the parameters that passes choose or `engines` fixes."""
    chains: ClassVar[Sequence[Chain]]
    """Chains of operations of which a dispatch may consist."""
    result_rank: ClassVar[int] = 2
    """Rank of the tensor that a dispatch computes."""
    searchable: ClassVar[bool] = False
    """Whether `vaqf_compiler.search` has a closed form of its cycles."""

    def engine_for(self, op: Operation) -> str | None:
        """Name of the engine that computes a chain which begins with `op`, or None for none."""
        begins = any(chain and isinstance(op, chain[0]) for chain in self.chains)
        (name,) = self.engines
        return name if begins else None

    def fetched(self, chain: Sequence[Operation]) -> list[tuple[Operation, int, str]]:
        """
        Operands of a chain that another engine must first move to where this engine reads them.
        Each is an operation of the chain, the position of its operand, and the name of the engine
        that moves it.
        """
        del chain
        return []

    @abstractmethod
    def memory(self, dispatch: DispatchOp) -> str | None:
        """Name of the memory to which a dispatch writes, or None for the output port."""

    def constants(self, dispatch: DispatchOp) -> list[SSAValue]:
        """Values that a dispatch reads from a port of parameters, and that must be constant."""
        del dispatch
        return []

    def check(self, dispatch: DispatchOp, model: MappedModel) -> None:
        """
        Raise OperationError for a dispatch that no engine of the kind can run, whatever its
        parameters are, for example because an operand is in the wrong memory.
        """

    def check_together(self, dispatches: Sequence[DispatchOp]) -> None:
        """Raise OperationError if no single engine of the kind can run all of the dispatches."""

    def check_channels(self, dispatch: DispatchOp, model: MappedModel) -> None:
        """Check numbers of channels as `check` does; called once all dispatches have passed it."""

    def pack(self, dispatch: DispatchOp, engine: EngineOp, parameters: Parameters) -> None:
        """Pack what a dispatch reads from ports, in the order in which it is read."""

    @abstractmethod
    def plan(
        self, engine: EngineOp, dispatches: Sequence[DispatchOp], accelerator: Accelerator
    ) -> PlanT:
        """
        The plan of an engine that can run all of `dispatches`. Raises PassFailedException if a
        parameter is missing or does not suit them.
        """

    def tables(self, plan: PlanT) -> Sequence[memref.GlobalOp]:
        """Constant tables that the engine's functions read, to be added to the module."""
        del plan
        return ()

    def logits(self, plan: PlanT) -> int:
        """Number of elements of the output port that the engine writes."""
        del plan
        return 0

    @abstractmethod
    def build(self, plan: PlanT, accelerator: Accelerator) -> Sequence[func.FuncOp]:
        """
        Build the engine's functions as loops. The last function is the engine, which calls the
        others. Arguments that are shared memories or ports have their names and types; all others
        are scalars.
        """

    @abstractmethod
    def scalars(
        self,
        dispatch: DispatchOp,
        plan: PlanT,
        parameters: Parameters,
        accelerator: Accelerator,
    ) -> Sequence[int]:
        """The scalar arguments, in order, with which the engine is called for a dispatch."""

    @abstractmethod
    def parts(self, plan: PlanT, accelerator: Accelerator) -> Parts:
        """The hardware of which the engine consists."""


AnyEngine = Engine[Any]
