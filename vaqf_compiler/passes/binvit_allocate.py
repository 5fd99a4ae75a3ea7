"""
Before:

    %3 = binvit.dispatch @layer_norm : tensor<197x768x!binvit.q<s8, 0.036>> { ... }

After:

    binvit.memory @activations in "bram" : memref<11820x4x16xi8>
    ...
    %3 = binvit.dispatch @layer_norm to @activations row 0 : tensor<...> { ... }

Results get rows of on-chip memories. Activations share theirs as far as they are not needed at
the same time; the residual stream stays where it is and is added to in place. With uram=1 both are
in UltraRAM.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import MemoryOp
from vaqf_compiler.dialects.binvit.mapping import forget_costs, selected
from vaqf_compiler.dialects.binvit.model import model_function
from vaqf_compiler.engines.accelerator import IN_URAM
from vaqf_compiler.engines.allocation import Allocator
from vaqf_compiler.engines.dispatches import engines_of
from vaqf_compiler.engines.ranges import check_uram


@dataclass(frozen=True)
class BinvitAllocatePass(ModulePass):
    """Give every dispatch's result its place in an on-chip memory."""

    name = "binvit-allocate"

    uram: int | None = None
    """1 for activations and residual stream in UltraRAM, 0 for block RAM: as selected, or 0."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        forget_costs(op)
        if any(isinstance(o, MemoryOp) for o in op.ops):
            raise PassFailedException("memories are allocated already; take the IR before that")
        engines = engines_of(op)
        function = model_function(op)
        uram = (selected(op, "uram") or 0) if self.uram is None else self.uram
        check_uram(uram)
        allocator = Allocator(engines, function, IN_URAM if uram else frozenset())
        memories = allocator.run()
        op.body.block.insert_ops_before(memories, function)
