"""The closed form of a layer normalisation engine: the cycles of a layer as a formula."""

from __future__ import annotations

from dataclasses import dataclass

from vaqf_compiler.analysis.latency import CALL_CYCLES, LatencyModel
from vaqf_compiler.analysis.pipelines import Pipeline
from vaqf_compiler.engines.accelerator import PARAMETER_BITS, words_of
from vaqf_compiler.engines.forms import FunctionTiming, loop_cycles


@dataclass(frozen=True)
class LayerNormForm:
    """Closed form of an engine that loads its parameters, then has one loop over all tokens."""

    parameters: Pipeline
    tokens: Pipeline
    control: int

    @staticmethod
    def of(model: LatencyModel, name: str) -> LayerNormForm:
        """The form of an engine whose loops the latency model has met."""
        main = FunctionTiming(model, name)
        parameters, tokens = main.pipelines
        return LayerNormForm(parameters, tokens, main.control())

    def cycles(self, tokens: int, groups: int, lanes: int) -> int:
        """Cycles for `tokens` tokens of `groups` groups of `lanes` channels."""
        words = 2 * groups * words_of(lanes, PARAMETER_BITS)
        parameters = loop_cycles(self.parameters, words)
        work = loop_cycles(self.tokens, (tokens + 1) * groups)
        return self.control + parameters + work + CALL_CYCLES
