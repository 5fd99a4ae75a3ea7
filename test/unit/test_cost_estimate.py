"""The cost of whole engines: closed forms against the loops, and parts against the loops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType, ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from vaqf_compiler.analysis.arrays import Arrays, Storage
from vaqf_compiler.analysis.delays import INDEX_BITS, significant_bits
from vaqf_compiler.analysis.evaluate import evaluate
from vaqf_compiler.analysis.latency import LatencyModel
from vaqf_compiler.analysis.schedule import is_unrolled, trip_count
from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import BinaryType, QuantizedType
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.dialects.binvit.types import dot_product_bits
from vaqf_compiler.dialects.vhls import is_fifo
from vaqf_compiler.engines.accelerator import PARAMETERS, Accelerator, bits_of
from vaqf_compiler.engines.attention.form import AttentionForm
from vaqf_compiler.engines.attention.loops import build_attention, build_exp_table
from vaqf_compiler.engines.attention.plan import AttentionPlan
from vaqf_compiler.engines.builder import call
from vaqf_compiler.engines.layer_norm.form import LayerNormForm
from vaqf_compiler.engines.layer_norm.loops import build_layer_norm
from vaqf_compiler.engines.layer_norm.plan import LayerNormPlan
from vaqf_compiler.engines.linear.form import LinearForm
from vaqf_compiler.engines.linear.loops import build_linear
from vaqf_compiler.engines.linear.plan import Epilogue, LinearPlan, weights_port
from vaqf_compiler.engines.parts import Parts, resources_of
from vaqf_compiler.engines.registry import kinds
from vaqf_compiler.engines.top import top_function
from vaqf_compiler.engines.values import constant
from vaqf_compiler.hardware.board import load_board
from vaqf_compiler.hardware.memories import Memory
from vaqf_compiler.hardware.products import dsp_slices

MOST_CHANNELS = 3072
ZCU102 = load_board("zcu102")


@dataclass(frozen=True)
class Layer:
    """A call of an engine, as far as its cycles depend on it."""

    tokens: int
    in_channels: int = 1
    out_channels: int = 1
    epilogue: Epilogue = Epilogue.ACTIVATION

    @property
    def scalars(self) -> dict[str, int]:
        """The engine's arguments."""
        return {
            "tokens": self.tokens,
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "epilogue": int(self.epilogue),
        }


Plan = LinearPlan | AttentionPlan | LayerNormPlan
KINDS = {LinearPlan: "linear", AttentionPlan: "attention", LayerNormPlan: "layer_norm"}


class Case:
    """An engine in a module whose top function calls it for some layers."""

    def __init__(
        self, plan: Plan, machine: Accelerator, functions: list[func.FuncOp], layers: list[Layer]
    ):
        self.plan = plan
        self.machine = machine
        self.layers = layers
        self.module = lowered(functions, machine, layers)

    @property
    def parts(self) -> Parts:
        return kinds()[KINDS[type(self.plan)]].parts(self.plan, self.machine)

    def __repr__(self) -> str:
        return f"{self.plan}, {self.machine}, {self.layers}"  # a module takes minutes to print


def memref_of(bits: int, *shape: int) -> MemRefType[Any]:
    return MemRefType(IntegerType(bits), shape)


def accelerator(draw: st.DrawFn, bits: int, lanes: int, widths: tuple[int, int]) -> Accelerator:
    words = memref_of(WORD_BITS, 1 << 20)
    ports = (PARAMETERS, weights_port("binary_linear"), weights_port("int8_linear"))
    return Accelerator(
        lanes=lanes,
        tokens=draw(st.integers(1, 600)),
        channels=lanes * draw(st.integers(1, 1024 // lanes)),
        activations=memref_of(bits, 1 << 14, widths[0], lanes),
        residual=memref_of(16, 1 << 14, 1, lanes),
        image=memref_of(max(8, bits), 1 << 14, widths[1], lanes),
        ports=dict.fromkeys(ports, words),
    )


def lowered(functions: list[func.FuncOp], machine: Accelerator, layers: list[Layer]) -> ModuleOp:
    """A module whose top function calls the last of some functions for each layer."""
    table = build_exp_table("exp_table")
    *_, function = functions
    with top_function([function.sym_name.data], machine, 1 << 14, 1024) as (top, buffers):
        for layer in layers:
            arguments = [
                buffers[argument.name_hint or ""]
                if isinstance(argument.type, MemRefType)
                else constant(layer.scalars.get(argument.name_hint or "", 1), argument.type)
                for argument in function.args
            ]
            call(function, *arguments)
    module = ModuleOp([table, *functions, top])
    module.verify()
    return module


@st.composite
def linear_cases(draw: st.DrawFn) -> Case:
    """A linear engine of any size, and layers of any shape."""
    weight_bits = draw(st.sampled_from([1, 8]))
    bits = draw(st.integers(1, 16))
    lanes = draw(st.sampled_from([4, 8, 16, 32]))
    sizes = [16, 32, 64, 128, 256, 384] if weight_bits == 1 else [16, 32]
    tile_n = draw(st.sampled_from([n for n in sizes if n % lanes == 0]))
    unroll_n = draw(
        st.sampled_from([n for n in (lanes, 16, 32, tile_n) if tile_n % n == 0 and n % lanes == 0])
    )
    sharing = max(1, WORD_BITS // (tile_n * weight_bits))
    tile_m = math.lcm(lanes, sharing) * draw(st.integers(1, 12))
    unroll_m = draw(st.sampled_from([m for m in range(1, tile_m + 1) if tile_m % m == 0]))
    machine = accelerator(draw, bits, lanes, (tile_n // lanes, tile_n // lanes))
    source = machine.activations if weight_bits == 1 else machine.image
    x, w = QuantizedType(bits_of(source), 1.0), BinaryType(1.0)
    kinds = [Epilogue.RESIDUAL, Epilogue.LOGITS] if weight_bits == 8 else list(Epilogue)
    epilogues = draw(st.sets(st.sampled_from(kinds), min_size=1))
    engine = LinearPlan(
        name="binary_linear" if weight_bits == 1 else "int8_linear",
        weight_bits=weight_bits,
        tile_m=tile_m,
        tile_n=tile_n,
        unroll_m=unroll_m,
        unroll_n=unroll_n,
        results=draw(st.sampled_from([r for r in (1, 2, 4, 8, 16, 32) if lanes % r == 0])),
        total_bits=dot_product_bits(MOST_CHANNELS, x, w if weight_bits == 1 else x),
        gelu_bits=min(bits + 2, 12),
        most_shift=draw(st.integers(1, 40)),
        epilogues=frozenset(epilogues),
        shapes=frozenset({(machine.tokens, MOST_CHANNELS, MOST_CHANNELS)}),
        masks_channels=draw(st.booleans()),
        overhangs=draw(st.booleans()),
        input=source,
        logits=1024,
    )
    layers = [
        Layer(
            draw(st.integers(1, machine.tokens)),
            draw(st.integers(1, 1000)),
            draw(st.integers(1, 1000)),
            epilogue,
        )
        for epilogue in sorted(epilogues)
    ]
    return Case(engine, machine, build_linear(engine, machine), layers)


@st.composite
def attention_cases(draw: st.DrawFn) -> Case:
    """An attention engine of any size."""
    bits = draw(st.integers(1, 16))
    lanes = draw(st.sampled_from([4, 8, 16, 32]))
    head_size, value_size = (lanes * draw(st.integers(1, 4)) for _ in range(2))
    heads = draw(st.integers(1, 12))
    machine = accelerator(draw, bits, lanes, (draw(st.integers(1, 4)), 1))
    x, probability = QuantizedType(bits, 1.0), QuantizedType(bits, 1.0, signed=False)
    engine = AttentionPlan(
        name="attention",
        keys=draw(st.integers(1, 16)),
        heads=heads,
        head_size=head_size,
        value_size=value_size,
        activation_bits=bits,
        score_bits=max(4, dot_product_bits(head_size, x, x)),
        context_bits=max(4, dot_product_bits(machine.tokens, probability, x)),
        probability_bits=bits,
        most_shift=draw(st.integers(1, 40)),
        most_exp_shift=draw(st.integers(1, 40)),
        exp_table="exp_table",
    )
    layers = [Layer(draw(st.integers(1, machine.tokens)))]
    return Case(engine, machine, [build_attention(engine, machine)], layers)


@st.composite
def layer_norm_cases(draw: st.DrawFn) -> Case:
    """A layer normalisation engine of any size."""
    lanes = draw(st.sampled_from([4, 8, 16, 32]))
    machine = accelerator(draw, draw(st.integers(1, 16)), lanes, (draw(st.integers(1, 4)), 1))
    engine = LayerNormPlan("layer_norm", 1 << 40)
    layers = [Layer(draw(st.integers(1, machine.tokens)))]
    return Case(engine, machine, [build_layer_norm(engine, machine)], layers)


CASES = {"linear": linear_cases, "attention": attention_cases, "layer_norm": layer_norm_cases}


def top_of(module: ModuleOp) -> func.FuncOp:
    return next(
        op for op in module.ops if isinstance(op, func.FuncOp) and "top" in str(op.sym_name)
    )


def closed_form(case: Case, model: LatencyModel, layer: Layer) -> int:
    """Cycles of a layer by its engine's formula."""
    machine = case.machine
    match case.plan:
        case LinearPlan() as plan:
            form = LinearForm.of(model, plan, machine.lanes)
            return form.cycles(layer.tokens, layer.in_channels, layer.out_channels, layer.epilogue)
        case AttentionPlan() as plan:
            return AttentionForm.of(model, plan, machine).cycles(layer.tokens, plan.heads)
        case LayerNormPlan() as plan:
            form = LayerNormForm.of(model, plan.name)
            return form.cycles(layer.tokens, machine.channel_groups, machine.lanes)


def check_cycles(case: Case, clock_mhz: float) -> None:
    model = LatencyModel(case.module, ZCU102, clock_mhz)
    found = model.calls(top_of(case.module))
    for layer, cycles in zip(case.layers, found, strict=True):
        assert cycles.total == sum(cycles.causes.values())
        assert closed_form(case, model, layer) == cycles.total, layer


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.parametrize("kind", CASES)
@settings(max_examples=15, deadline=None, suppress_health_check=SLOW, derandomize=True)
@given(data=st.data(), clock_mhz=st.sampled_from([100.0, 150.0, 200.0, 300.0]))
def test_closed_form_equals_the_loops(kind: str, data: st.DataObject, clock_mhz: float):
    check_cycles(data.draw(CASES[kind]()), clock_mhz)


@pytest.mark.long
@pytest.mark.parametrize("kind", CASES)
@settings(max_examples=500, deadline=None, suppress_health_check=SLOW)
@given(data=st.data(), clock_mhz=st.floats(50, 500))
def test_closed_form_equals_the_loops_in_500_cases(
    kind: str, data: st.DataObject, clock_mhz: float
):
    check_cycles(data.draw(CASES[kind]()), clock_mhz)


def copies(op: Operation) -> int:
    """
    How many of an operation there are in hardware: one for each iteration that differs, by an index
    or by an array of its own.
    """
    sources = set[SSAValue]()
    waiting = list(op.operands)
    while waiting:
        value = waiting.pop()
        if value not in sources:
            sources.add(value)
            waiting += value.owner.operands if isinstance(value.owner, Operation) else ()
    count, parent = 1, op.parent_op()
    while parent is not None:
        if isinstance(parent, scf.ForOp) and is_unrolled(parent):
            own = any(
                isinstance(source.owner, memref.AllocaOp) and parent.is_ancestor(source.owner)
                for source in sources
            )
            differs = own or sources & set(parent.body.block.args)
            count *= trip_count(parent) if differs else 1
        parent = parent.parent_op()
    return count


def multiplier_slices(module: ModuleOp) -> int:
    """DSP slices of all products in the loops. A constant index is multiplied with by adders."""
    count = 0
    for op in module.walk():
        if isinstance(op, arith.DivSIOp | arith.RemSIOp) and not is_wires(op):
            count += copies(op) * dsp_slices(INDEX_BITS, INDEX_BITS)
        if not isinstance(op, arith.MuliOp) or is_place_in_queue(op.result):
            continue
        constant_factor = any(isinstance(o.owner, arith.ConstantOp) for o in op.operands)
        indices = isinstance(op.result.type, IndexType)
        if indices and (constant_factor or any(is_index_of_unrolled(o) for o in op.operands)):
            continue
        if not indices or not constant_factor:
            a, b = (significant_bits(operand) for operand in op.operands)
            count += copies(op) * dsp_slices(a, b)
    return count


def is_place_in_queue(value: SSAValue) -> bool:
    """Whether a number only says which element of a queue is meant, which no hardware asks."""
    users = [use.operation for use in value.uses]
    return all(
        is_fifo(user.memref.type)
        if isinstance(user, memref.LoadOp | memref.StoreOp)
        else isinstance(user, arith.AddiOp | arith.MuliOp) and is_place_in_queue(user.result)
        for user in users
    )


def is_wires(op: arith.DivSIOp | arith.RemSIOp) -> bool:
    """Whether a division needs no multiplier: by a power of two, or a bit of the result a cycle."""
    divisor = evaluate(op.rhs, {})
    return divisor is None or int(divisor).bit_count() == 1


def is_index_of_unrolled(value: SSAValue) -> bool:
    """Whether a value is known in each copy of what it is used in."""
    if not isinstance(value.owner, Block):
        return False
    parent = value.owner.parent_op()
    return isinstance(parent, scf.ForOp) and is_unrolled(parent) and value is value.owner.args[0]


@pytest.mark.parametrize("kind", CASES)
@settings(max_examples=25, deadline=None, suppress_health_check=SLOW, derandomize=True)
@given(data=st.data())
def test_dsp_slices_are_those_of_the_products_in_the_loops(kind: str, data: st.DataObject):
    case = data.draw(CASES[kind]())
    found = resources_of(case.parts).dsp
    assert found == multiplier_slices(case.module)


@pytest.mark.parametrize("kind", CASES)
@settings(max_examples=25, deadline=None, suppress_health_check=SLOW, derandomize=True)
@given(data=st.data())
def test_memories_are_those_of_the_arrays_in_the_loops(kind: str, data: st.DataObject):
    case = data.draw(CASES[kind]())
    arrays = Arrays(case.module)
    expected = 0
    for op in case.module.walk():
        function = op.parent_op()
        if isinstance(op, vhls.StreamOp):
            expected += Memory(op.depth.value.data, arrays.of(op.buffer).bits).bram18
        if isinstance(op, memref.AllocOp) and function is not top_of(case.module):
            array = arrays.of(op.memref)
            if array.storage is Storage.BANKS:
                expected += array.memories * Memory(array.depth, array.word_bits).bram18
    if isinstance(case.plan, AttentionPlan):
        expected += case.plan.keys  # each lane has a table of powers of two, a constant
    assert resources_of(case.parts).bram18 == expected


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW, derandomize=True)
@given(case=linear_cases())
def test_weights_of_a_tile_have_two_sets_of_registers(case: Case):
    arrays = Arrays(case.module)
    sets = [
        arrays.of(op.memref)
        for op in case.module.walk()
        if isinstance(op, memref.AllocOp) and "weight" in (op.memref.name_hint or "")
    ]
    assert len(sets) == 2 and all(array.storage is Storage.REGISTERS for array in sets)
    parts = {part.name: part.resources for part in case.parts}
    assert parts["weight registers"].ff == sum(a.banks * a.depth * a.bits for a in sets)
