"""
The loops of the engine for layer normalisation, in integers (docs/arithmetic.md has the
arithmetic). One pipelined loop works on two tokens at a time:

    for each token, and once more; for each group of lanes:
      normalise the same group of the previous token
      add the group to the sum and the sum of squares; after the last, a square root and a division
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import func
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.analysis.integers import INDEX
from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import LayerNormOp
from vaqf_compiler.engines.accelerator import (
    PARAMETER_BITS,
    Accelerator,
    amount_of,
    bits_of,
    cell_of,
    each_parameter,
    rounding_term,
    saturate,
    shift_type,
    width_of,
)
from vaqf_compiler.engines.builder import (
    Buffer,
    function,
    local,
    loop,
    pipeline,
    scratch,
    unrolled,
    when,
)
from vaqf_compiler.engines.division import divide_power, square_root
from vaqf_compiler.engines.layer_norm.plan import (
    GAMMA_BITS,
    MANTISSA_BITS,
    RECIPROCAL_BITS,
    ROOT_BITS,
    VARIANCE,
    LayerNormPlan,
    Widths,
)
from vaqf_compiler.engines.trees import tree_sum
from vaqf_compiler.engines.values import Value, integer, select

SHIFT_BITS = 8
"""Bits of an exponent with its sign, and of a shift."""
MOST_FRACTION_SHIFT = RECIPROCAL_BITS - LayerNormOp.FRACTION_BITS + ROOT_BITS - MANTISSA_BITS
"""The greatest shift of a centred value times the reciprocal: that of the greatest root."""


def build_layer_norm(engine: LayerNormPlan, accelerator: Accelerator) -> func.FuncOp:
    """Build the engine as a function of loops."""
    types: dict[str, Attribute] = {
        "residual": accelerator.residual,
        "activations": accelerator.activations,
        "parameters": accelerator.parameters,
        **dict.fromkeys(("parameters_at", "tokens", "source", "target"), INDEX),
        "epsilon": VARIANCE,
        "shift": shift_type(LayerNormOp.MOST_SHIFT),
    }
    with function(engine.name, types) as (operation, arguments):
        vhls.InlineOp()
        buffers = {k: Buffer(v) for k, v in arguments.items() if isinstance(v.type, MemRefType)}
        scalars = {k: Value(v) for k, v in arguments.items() if k not in buffers}
        widths = Widths.of(engine, accelerator)
        _Body(accelerator, widths, buffers, scalars).build()
    return operation


@dataclass(frozen=True)
class _State:
    """Registers: sums of the current token so far, and what normalises the previous token."""

    total: Buffer
    squares: Buffer
    sum: Buffer
    fraction_shift: Buffer
    reciprocal: Buffer

    @staticmethod
    def of(widths: Widths) -> _State:
        """Allocate the registers."""

        def register(name: str, bits: int) -> Buffer:
            return local(name, bits, 1, partition=(1,))

        return _State(
            total=register("total", widths.total),
            squares=register("squares", widths.squares),
            sum=register("sum", widths.total),
            fraction_shift=register("fraction_shift", SHIFT_BITS),
            reciprocal=register("reciprocal", MANTISSA_BITS + 2),
        )


@dataclass(frozen=True)
class _Body:
    accelerator: Accelerator
    widths: Widths
    buffers: dict[str, Buffer]
    scalars: dict[str, Value]

    def build(self) -> None:
        accelerator, s = self.accelerator, self.scalars
        lanes, groups = accelerator.lanes, accelerator.channel_groups
        gamma = local("gamma", GAMMA_BITS, groups, lanes, partition=(2,))
        beta = local("beta", PARAMETER_BITS, groups, lanes, partition=(2,))
        port = self.buffers["parameters"]
        # Beta follows gamma, so that both are read in one burst.
        with each_parameter(port, s["parameters_at"], 2 * groups, lanes) as (group, lane, value):
            with when(group < groups):
                gamma[group, lane] = value.to(GAMMA_BITS)
            with when(group >= groups):
                beta[group - groups, lane] = value

        state = _State.of(self.widths)
        last = accelerator.tokens + 1
        with loop(0, s["tokens"] + 1, "token", most=last) as token:
            with loop(0, groups, "group") as group:
                pipeline()
                with when(token >= 1):
                    self._normalise(state, token - 1, group, gamma, beta)
                with when(token < s["tokens"]):
                    self._sums(state, token, group)

    def _sums(self, state: _State, token: Value, group: Value) -> None:
        """
        Add a group to the sum and the sum of squares. From the complete sums, compute how to
        normalise the token.
        """
        accelerator, widths, s = self.accelerator, self.widths, self.scalars
        residual, lanes, groups = (
            self.buffers["residual"],
            accelerator.lanes,
            accelerator.channel_groups,
        )
        row = (s["source"] + token * groups + group).named("row")
        x = scratch("x", residual.bits, lanes)
        square = scratch("square", 2 * residual.bits, lanes)
        with unrolled(lanes, "lane") as lane:
            x[lane] = residual[row, 0, lane]
            square[lane] = x[lane].times(x[lane])
        first = group.equals(0).named("first")
        total_before = select(first, integer(0, widths.total), state.total[0])
        squares_before = select(first, integer(0, widths.squares), state.squares[0])
        total = (total_before + tree_sum(x, "sum").to(widths.total)).named("total_yet")
        added = tree_sum(square, "sum_of_squares").to(widths.squares)
        squares = (squares_before + added).named("squares_yet")
        state.total[0], state.squares[0] = total, squares
        with when(group.equals(groups - 1)):
            bits = VARIANCE.width.data
            channels = integer(accelerator.channels, accelerator.channels.bit_length() + 1)
            deviation = channels.times(squares).to(bits) - total.times(total).to(bits)
            variance = (deviation + s["epsilon"]).named("variance")
            exponent, mantissa = _mantissa(square_root(variance, ROOT_BITS).named("root"))
            shift = exponent + (RECIPROCAL_BITS - LayerNormOp.FRACTION_BITS)
            state.sum[0], state.fraction_shift[0] = total, shift
            state.reciprocal[0] = divide_power(RECIPROCAL_BITS, mantissa, MANTISSA_BITS + 1)

    def _normalise(
        self, state: _State, token: Value, group: Value, gamma: Buffer, beta: Buffer
    ) -> None:
        """Normalise a group of a token and write it."""
        accelerator, widths, s = self.accelerator, self.widths, self.scalars
        memory, groups = accelerator.activations, accelerator.channel_groups
        half = rounding_term(s["shift"], widths.scaled, LayerNormOp.MOST_SHIFT)
        shift = state.fraction_shift[0].named("fraction_shift")
        fraction_half = rounding_term(shift, widths.product, MOST_FRACTION_SHIFT)
        fraction_half.named("fraction_half")
        total, reciprocal = state.sum[0].to(widths.centred), state.reciprocal[0]
        rows = -(-groups // width_of(memory))
        cell = cell_of(memory, s["target"] + token * rows, group, groups)
        row = (s["source"] + token * groups + group).named("row")
        with unrolled(accelerator.lanes, "lane") as lane:
            x = self.buffers["residual"][row, 0, lane]
            channels = integer(accelerator.channels, accelerator.channels.bit_length() + 1)
            centred = x.times(channels).to(widths.centred) - total
            product = centred.named("centred").times(reciprocal).to(widths.product)
            amount = amount_of(shift, MOST_FRACTION_SHIFT)
            normalised = (product + fraction_half >> amount).to(widths.normalised)
            scaled = normalised.named("normalised").times(gamma[group, lane])
            shifted = scaled.to(widths.scaled) + beta[group, lane].to(widths.scaled) + half
            amount = amount_of(s["shift"], LayerNormOp.MOST_SHIFT)
            y = saturate(shifted >> amount, bits_of(memory))
            self.buffers["activations"][cell.row, cell.group, lane] = y


def _mantissa(root: Value) -> tuple[Value, Value]:
    """`e` and `m` such that `root` is about `m * 2**e`, with a mantissa `m` of 16 bits."""
    exponent, zero = integer(ROOT_BITS - MANTISSA_BITS, SHIFT_BITS), integer(0, root.bits)
    for places in (16, 8, 4, 2, 1):
        is_small = (root < 1 << (ROOT_BITS - places)).named("is_small")
        root = select(is_small, select(is_small, root, zero) << places, root)
        exponent = select(is_small, exponent - places, exponent)
    return exponent, (root >> (ROOT_BITS - MANTISSA_BITS)).to(MANTISSA_BITS + 1).named("mantissa")
