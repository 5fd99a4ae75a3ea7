"""The closed form of an attention engine: the cycles of a layer as a formula."""

from __future__ import annotations

from dataclasses import dataclass

from vaqf_compiler.analysis.latency import CALL_CYCLES, LOOP_CYCLES, LatencyModel
from vaqf_compiler.analysis.pipelines import Pipeline
from vaqf_compiler.engines.accelerator import Accelerator
from vaqf_compiler.engines.attention.plan import STAGES, AttentionPlan
from vaqf_compiler.engines.forms import FunctionTiming, loop_cycles


@dataclass(frozen=True)
class AttentionForm:
    """
    Closed form of an attention engine. It loads the first head, then has a loop over queries for
    each head.
    """

    engine: AttentionPlan
    accelerator: Accelerator
    load: Pipeline
    queries: Pipeline
    control: int
    head_control: int

    @staticmethod
    def of(model: LatencyModel, engine: AttentionPlan, accelerator: Accelerator) -> AttentionForm:
        """The form of an engine whose loops the latency model has met."""
        main = FunctionTiming(model, engine.name)
        load, queries = main.pipelines
        head = main.named("head").body.block
        return AttentionForm(engine, accelerator, load, queries, main.control(), main.control(head))

    def cycles(self, tokens: int, heads: int) -> int:
        """Cycles of a layer with `tokens` tokens and `heads` heads."""
        engine = self.engine
        beats = (tokens + STAGES - 1) * engine.beats(self.accelerator)
        head = self.head_control + loop_cycles(self.queries, beats)
        load = loop_cycles(self.load, tokens * engine.loads(self.accelerator))
        return self.control + load + heads * (head + 1) + LOOP_CYCLES + CALL_CYCLES
