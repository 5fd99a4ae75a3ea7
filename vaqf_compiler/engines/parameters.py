"""Places of parameters in the ports, which are decided before the engines are built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute, SSAValue

from vaqf_compiler.dialects.binvit import DispatchOp, EngineOp, MemoryImageOp
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import PARAMETER_BITS, PARAMETERS
from vaqf_compiler.engines.dispatches import name_of
from vaqf_compiler.engines.images import ImageBuilder
from vaqf_compiler.engines.registry import kind_of


@dataclass
class Parameters:
    """The ports of parameters, filled dispatch by dispatch."""

    engines: Mapping[str, EngineOp]
    lanes: int
    weights: dict[str, ImageBuilder] = field(default_factory=dict[str, ImageBuilder])
    """Contents of the weight ports, by engine, for engines with such a port."""
    parameters: ImageBuilder = field(default_factory=lambda: ImageBuilder(PARAMETERS))
    weights_at: dict[DispatchOp, int] = field(default_factory=dict[DispatchOp, int])
    parameters_at: dict[DispatchOp, int] = field(default_factory=dict[DispatchOp, int])

    def add(self, dispatch: DispatchOp) -> None:
        """Pack what a dispatch reads, in the order in which its engine reads it."""
        engine = self.engines[name_of(dispatch.engine)]
        kind_of(engine).pack(dispatch, engine, self)

    @property
    def _images(self) -> list[ImageBuilder]:
        return [*self.weights.values(), self.parameters]

    @property
    def ports(self) -> dict[str, MemRefType[Attribute]]:
        """The types of the ports, by name."""
        word = IntegerType(WORD_BITS)
        return {image.name: MemRefType(word, [image.words]) for image in self._images}

    def build(self) -> list[MemoryImageOp]:
        """The contents of the ports."""
        return [image.build() for image in self._images]

    def vector(self, value: SSAValue, bits: int = PARAMETER_BITS) -> int:
        """Pack a vector or a matrix in groups of lanes, and return the word at which it starts."""
        return self.parameters.pack(value, rows=1, columns=self.lanes, bits=bits)
