"""What becomes of the totals of a linear engine: requantise, then store, look up, add or output."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.accelerator import (
    LOGIT_BITS,
    Accelerator,
    bits_of,
    cell_of,
    requantize,
    saturate,
)
from vaqf_compiler.engines.builder import Buffer, loop, pipeline, unrolled, when
from vaqf_compiler.engines.linear_engine import Epilogue, LinearEngine
from vaqf_compiler.engines.values import Value


@dataclass(frozen=True)
class EpilogueLoops:
    """The loops that turn the totals of a row of tiles into results."""

    engine: LinearEngine
    accelerator: Accelerator
    buffers: dict[str, Buffer]
    scalars: dict[str, Value]
    bias: Buffer
    totals: Buffer

    def build(self, out_tile: Value, gelu: Buffer | None) -> None:
        """For every epilogue that some layer needs; `gelu` has a table for each lane."""
        s, accelerator = self.scalars, self.accelerator
        done = (out_tile * self.engine.tile_m).named("done")
        first_group = (done // accelerator.lanes).named("first_group")
        writers: dict[Epilogue, Callable[[Value, Value, Value, Value], None]] = {
            Epilogue.ACTIVATION: self._write_activation,
            Epilogue.RESIDUAL: self._write_residual,
            Epilogue.LOGITS: self._write_logit,
        }
        if gelu is not None:
            writers[Epilogue.GELU] = self._gelu_writer(gelu)
        for epilogue in sorted(self.engine.epilogues):
            with self._when_epilogue(epilogue):
                groups = self.engine.tile_m // accelerator.lanes
                # A constant number of groups lets the tool make one loop of the two.
                with loop(0, s["tokens"], "token", most=accelerator.tokens) as token:
                    with loop(0, groups, "group") as group:
                        pipeline()
                        if epilogue is Epilogue.RESIDUAL:
                            # Each token and group has a row of its own.
                            vhls.DependenceOp(self.buffers["residual"].ssa, "inter")
                        out_group = (first_group + group).named("out_group")
                        with self._when_in_layer(out_group):
                            with unrolled(accelerator.lanes, "lane") as lane:
                                added = self.bias[group, lane].to(self.engine.total_bits)
                                total = (self.totals[token, group, lane] + added).named("total")
                                writers[epilogue](token, out_group, lane, total)

    @contextmanager
    def _when_in_layer(self, group: Value) -> Generator[None]:
        """
        Only for groups of the layer's output channels, where tiles overhang. Only logits may not
        fill their last group: their port has room for a whole one.
        """
        if not self.engine.overhangs:
            yield
            return
        with when(group * self.accelerator.lanes < self.scalars["out_channels"]):
            yield

    @contextmanager
    def _when_epilogue(self, epilogue: Epilogue) -> Generator[None]:
        if len(self.engine.epilogues) == 1:
            yield
            return
        vhls.CommentOp(f"epilogue {epilogue.value}: {epilogue.name.lower()}")
        with when(self.scalars["epilogue"].equals(epilogue)):
            yield

    def _requantized(self, total: Value) -> Value:
        s, most = self.scalars, self.engine.most_shift
        return requantize(total, s["multiplier"], s["shift"], most)

    def _first_row(self, token: Value, memory: MemRefType[Attribute]) -> Value:
        """The row where a token of the result starts."""
        lanes = self.accelerator.lanes
        per_row = memory.get_shape()[1] * lanes
        rows = (self.scalars["out_channels"] + (per_row - 1)) // per_row
        return self.scalars["target"] + token * rows

    def _write_activation(self, token: Value, group: Value, lane: Value, total: Value) -> None:
        memory = self.accelerator.activations
        cell = cell_of(memory, self._first_row(token, memory), group)
        y = saturate(self._requantized(total), bits_of(memory))
        self.buffers["activations"][cell.row, cell.group, lane] = y

    def _gelu_writer(self, gelu: Buffer) -> Callable[[Value, Value, Value, Value], None]:
        def write(token: Value, group: Value, lane: Value, total: Value) -> None:
            memory = self.accelerator.activations
            cell = cell_of(memory, self._first_row(token, memory), group)
            x = saturate(self._requantized(total), self.engine.gelu_bits)
            entry = (x.as_index() + (1 << (self.engine.gelu_bits - 1))).named("entry")
            self.buffers["activations"][cell.row, cell.group, lane] = gelu[lane, entry]

        return write

    def _write_residual(self, token: Value, group: Value, lane: Value, total: Value) -> None:
        memory = self.accelerator.residual
        bits = bits_of(memory)
        y = saturate(self._requantized(total), bits).named("y")
        row = (self._first_row(token, memory) + group).named("row")
        old = self.buffers["residual"][row, 0, lane]
        self.buffers["residual"][row, 0, lane] = saturate(y.to(bits + 1) + old.to(bits + 1), bits)

    def _write_logit(self, token: Value, group: Value, lane: Value, total: Value) -> None:
        logit = self.scalars["target"] + group * self.accelerator.lanes + lane
        self.buffers["logits"][logit] = total.to(LOGIT_BITS)
