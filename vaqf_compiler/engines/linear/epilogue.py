"""The epilogue of a linear engine: totals are requantised and stored, or output as logits."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.engines.accelerator import (
    Accelerator,
    bits_of,
    cell_of,
    requantize,
    requantized_bits,
    saturate,
)
from vaqf_compiler.engines.builder import Buffer, scratch, unrolled, when
from vaqf_compiler.engines.division import rounded_up
from vaqf_compiler.engines.lane_part import LanePart
from vaqf_compiler.engines.linear.plan import Epilogue, LinearPlan
from vaqf_compiler.engines.values import Value, select


@dataclass(frozen=True)
class EpilogueLanes:
    """
    The lanes that finish results of the previous row of tiles. All layers of an engine share them.
    """

    engine: LinearPlan
    accelerator: Accelerator
    buffers: dict[str, Buffer]
    scalars: dict[str, Value]
    """Scalars by name: arguments of the layer, with `out_tile` and `step` of the current step."""

    def build(self, token: Value) -> None:
        """Build what turns those totals of a token that belong to a step into results."""
        engine, s, lanes = self.engine, self.scalars, self._lanes
        in_row = s["step"] // lanes.parts
        groups = engine.groups(self.accelerator.lanes)
        group = ((s["out_tile"] - 1) * groups + in_row).named("out_group")
        total = scratch("total", engine.total_bits, engine.results)
        with unrolled(engine.results, "result") as result:
            bias = lanes.read(self.buffers["bias"], (in_row,), result)
            total[result] = lanes.read(self.buffers["done"], (token, in_row), result) + bias
        scaled = self._requantized(total) if engine.requantizes else total
        with self._when_in_layer(group):
            if engine.stores_activations:
                with self._when(Epilogue.ACTIVATION, Epilogue.GELU):
                    self._write_activations(token, group, scaled)
            if Epilogue.RESIDUAL in engine.epilogues:
                with self._when(Epilogue.RESIDUAL):
                    self._write_residual(token, group, scaled)
            if Epilogue.LOGITS in engine.epilogues:
                with self._when(Epilogue.LOGITS):
                    lanes.write(self.buffers["logit"], (group,), total)

    @property
    def _lanes(self) -> LanePart:
        """The part of a group of lanes that is finished in this step."""
        lanes, results = self.accelerator.lanes, self.engine.results
        parts = lanes // results
        return LanePart(self.scalars["step"] % parts if parts > 1 else 0, results, lanes)

    @contextmanager
    def _when_in_layer(self, group: Value) -> Generator[None]:
        """A condition for groups within the layer's output channels, if some tiles overhang."""
        if not self.engine.overhangs:
            yield
            return
        with when(group * self.accelerator.lanes < self.scalars["out_channels"]):
            yield

    @contextmanager
    def _when(self, *epilogues: Epilogue) -> Generator[None]:
        """A condition for layers with one of `epilogues`, if other layers have another one."""
        if self.engine.epilogues <= set(epilogues):
            yield
            return
        chosen = [self._is(epilogue) for epilogue in epilogues if epilogue in self.engine.epilogues]
        condition = chosen[0]
        for other in chosen[1:]:
            condition = condition | other
        with when(condition):
            yield

    def _is(self, epilogue: Epilogue) -> Value:
        return self.scalars["epilogue"].equals(epilogue).named(f"is_{epilogue.name.lower()}")

    def _requantized(self, total: Buffer) -> Buffer:
        s, results = self.scalars, self.engine.results
        bits = requantized_bits(self.engine.total_bits, self.engine.most_shift)
        scaled = scratch("scaled", bits, results)
        with unrolled(results, "result") as result:
            y = requantize(total[result], s["multiplier"], s["shift"], self.engine.most_shift)
            scaled[result] = y
        return scaled

    def _first_row(self, token: Value, memory: MemRefType[Attribute]) -> Value:
        """The row at which a token of the result starts."""
        per_row = memory.get_shape()[1] * self.accelerator.lanes
        most = self.engine.most_out_channels
        rows = rounded_up(self.scalars["out_channels"], per_row, most)
        return self.scalars["target"] + token * rows

    def _write_activations(self, token: Value, group: Value, scaled: Buffer) -> None:
        """Write activations: the saturated values, or their entries in the GELU table."""
        engine, memory = self.engine, self.accelerator.activations
        bits, gelu_bits = bits_of(memory), engine.gelu_bits
        most_groups = -(-engine.most_out_channels // self.accelerator.lanes)
        cell = cell_of(memory, self._first_row(token, memory), group, most_groups)
        found = scratch("found", bits, engine.results)
        with unrolled(engine.results, "result") as result:
            choices: dict[Epilogue, Value] = {}
            if Epilogue.ACTIVATION in engine.epilogues:
                choices[Epilogue.ACTIVATION] = saturate(scaled[result], bits)
            if Epilogue.GELU in engine.epilogues:
                x = saturate(scaled[result], gelu_bits)
                entry = (x.as_index() + (1 << (gelu_bits - 1))).named("entry")
                choices[Epilogue.GELU] = self.buffers["gelu"][result, entry]
            y, *other = choices.values()
            if other:
                y = select(self._is(Epilogue.GELU), other[0], y)
            found[result] = y
        self._lanes.write(self.buffers["activations"], (cell.row, cell.group), found)

    def _write_residual(self, token: Value, group: Value, scaled: Buffer) -> None:
        memory, residual = self.accelerator.residual, self.buffers["residual"]
        bits, lanes = bits_of(memory), self._lanes
        row = (self._first_row(token, memory) + group).named("row")
        found = scratch("found", bits, self.engine.results)
        with unrolled(self.engine.results, "result") as result:
            y = saturate(scaled[result], bits).named("y").to(bits + 1)
            old = lanes.read(residual, (row, 0), result).to(bits + 1)
            found[result] = saturate(y + old, bits)
        lanes.write(residual, (row, 0), found)
