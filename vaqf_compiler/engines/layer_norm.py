"""
The engine for layer normalisation, in integers (docs/arithmetic.md): for each token one pass for
sum and sum of squares, an integer square root and one division, and a pass for the results.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import LayerNormOp
from vaqf_compiler.dialects.binvit.types import signed_bits
from vaqf_compiler.engines.accelerator import (
    PARAMETER_BITS,
    PARAMETERS_PER_WORD,
    Accelerator,
    bits_of,
    cell_of,
    each_parameter,
    saturate,
    width_of,
)
from vaqf_compiler.engines.builder import (
    Buffer,
    call,
    carrying_loop,
    function,
    local,
    loop,
    pipeline,
    scratch,
    unrolled,
)
from vaqf_compiler.engines.trees import tree_sum
from vaqf_compiler.engines.values import INDEX, Value, constant, integer, select

ROOT_BITS = 31
"""Of the square root of a number below 2**62."""
MANTISSA_BITS = 16
RECIPROCAL_BITS = 31
VARIANCE = IntegerType(2 * ROOT_BITS + 1)
"""A variance, scaled by the square of the channels, and a sign."""
ROOT = IntegerType(ROOT_BITS + 1)
GAMMA_BITS = 16


def build_square_root(name: str) -> func.FuncOp:
    """`floor(sqrt(x))` of a number below 2**62, a binary digit of the root in each iteration."""
    with function(name, {"x": VARIANCE}, [ROOT]) as (operation, arguments):
        vhls.InlineOp()
        bits = VARIANCE.width.data
        carried = {"rest": Value(arguments["x"]), "root": integer(0, bits)}
        with carrying_loop(0, ROOT_BITS, "step", carried) as body:
            pipeline()
            rest, root = body.carried
            digit = (integer(1 << 2 * (ROOT_BITS - 1), bits) >> body.index * 2).named("digit")
            trial = (root + digit).named("trial")
            fits = (trial <= rest).named("fits")
            halved = (root >> 1).named("halved")
            body.next(select(fits, rest - trial, rest), select(fits, halved + digit, halved))
        func.ReturnOp(body.results[1].to(ROOT.width.data).ssa)
    return operation


@dataclass(frozen=True)
class LayerNormEngine:
    """Parameters of a layer normalisation engine."""

    name: str
    most_epsilon: int
    """The greatest epsilon of a layer, in units of the scaled variance."""


@dataclass(frozen=True)
class Widths:
    """Bits that hold every intermediate result, from the number of channels."""

    total: int
    squares: int
    centred: int
    product: int
    """Of a centred value times the reciprocal, with room for the rounding term."""
    normalised: int
    scaled: int

    @staticmethod
    def of(engine: LayerNormEngine, accelerator: Accelerator) -> Widths:
        """Raises PassFailedException where the variance exceeds the square root's range."""
        channels = accelerator.channels
        low, high = (
            -(1 << (bits_of(accelerator.residual) - 1)),
            1 << (bits_of(accelerator.residual) - 1),
        )
        squares = channels * low * low
        if channels * squares + engine.most_epsilon >= 1 << (2 * ROOT_BITS):
            raise PassFailedException(
                f"layer normalisation of {channels} channels exceeds {2 * ROOT_BITS} bits"
            )
        centred = signed_bits(2 * channels * low, 2 * channels * high)
        # |centred / root| is at most sqrt(channels), and less than twice that after the root and
        # its mantissa are rounded down.
        largest = 2 * (math.isqrt(channels) + 1) << LayerNormOp.FRACTION_BITS
        normalised = signed_bits(-largest, largest)
        return Widths(
            total=signed_bits(channels * low, channels * high),
            squares=signed_bits(0, squares),
            centred=centred,
            product=max(centred + MANTISSA_BITS + 2, 2 * RECIPROCAL_BITS - ROOT_BITS + 4) + 1,
            normalised=normalised,
            scaled=max(normalised + GAMMA_BITS, PARAMETER_BITS) + 2,
        )


def build_layer_norm(
    engine: LayerNormEngine, square_root: func.FuncOp, accelerator: Accelerator
) -> func.FuncOp:
    """The engine as a function of loops."""
    types: dict[str, Attribute] = {
        "residual": accelerator.residual,
        "activations": accelerator.activations,
        "parameters": accelerator.parameters,
        **dict.fromkeys(("parameters_at", "tokens", "source", "target"), INDEX),
        "epsilon": VARIANCE,
        "shift": INDEX,
    }
    with function(engine.name, types) as (operation, arguments):
        vhls.InlineOp()
        buffers = {k: Buffer(v) for k, v in arguments.items() if isinstance(v.type, MemRefType)}
        scalars = {k: Value(v) for k, v in arguments.items() if k not in buffers}
        widths = Widths.of(engine, accelerator)
        _Body(accelerator, widths, buffers, scalars, square_root).build()
    return operation


@dataclass(frozen=True)
class _Body:
    accelerator: Accelerator
    widths: Widths
    buffers: dict[str, Buffer]
    scalars: dict[str, Value]
    square_root: func.FuncOp

    def build(self) -> None:
        accelerator, s = self.accelerator, self.scalars
        lanes, groups = accelerator.lanes, accelerator.channel_groups
        gamma = local("gamma", GAMMA_BITS, groups, lanes, partition=(2,))
        beta = local("beta", PARAMETER_BITS, groups, lanes, partition=(2,))
        port = self.buffers["parameters"]
        with each_parameter(port, s["parameters_at"], groups, lanes) as (group, lane, value):
            gamma[group, lane] = value.to(GAMMA_BITS)
        words = accelerator.channels // PARAMETERS_PER_WORD
        beta_at = (s["parameters_at"] + words).named("beta_at")
        with each_parameter(port, beta_at, groups, lanes) as (group, lane, value):
            beta[group, lane] = value

        half = (integer(1, self.widths.scaled) << (s["shift"] - 1)).named("half")
        with loop(0, s["tokens"], "token", most=accelerator.tokens) as token:
            row = (s["source"] + token * groups).named("row")
            total, squares = self._sums(row)
            bits = VARIANCE.width.data
            channels = integer(accelerator.channels, accelerator.channels.bit_length() + 1)
            deviation = channels.times(squares).to(bits) - total.times(total).to(bits)
            variance = (deviation + s["epsilon"]).named("variance")
            (root,) = call(self.square_root, variance)
            exponent, reciprocal = _reciprocal(root.named("root"))
            self._normalise(token, row, total, exponent, reciprocal, gamma, beta, half)

    def _sums(self, row: Value) -> tuple[Value, Value]:
        """Sum and sum of squares of a token."""
        widths, residual = self.widths, self.buffers["residual"]
        zeros = {"total": integer(0, widths.total), "squares": integer(0, widths.squares)}
        with carrying_loop(0, self.accelerator.channel_groups, "group", zeros) as outer:
            pipeline()
            lanes = self.accelerator.lanes
            x = scratch("x", residual.bits, lanes)
            square = scratch("square", 2 * residual.bits, lanes)
            with unrolled(lanes, "lane") as lane:
                x[lane] = residual[row + outer.index, 0, lane]
                square[lane] = x[lane].times(x[lane])
            total, squares = outer.carried
            outer.next(
                total + tree_sum(x, "sum").to(widths.total),
                squares + tree_sum(square, "sum_of_squares").to(widths.squares),
            )
        total, squares = outer.results
        return total, squares

    def _normalise(
        self,
        token: Value,
        row: Value,
        total: Value,
        exponent: Value,
        reciprocal: Value,
        gamma: Buffer,
        beta: Buffer,
        half: Value,
    ) -> None:
        """Write the normalised token."""
        accelerator, widths = self.accelerator, self.widths
        memory = accelerator.activations
        shift = (exponent + (RECIPROCAL_BITS - LayerNormOp.FRACTION_BITS)).named("fraction_shift")
        fraction_half = (integer(1, widths.product) << (shift - 1)).named("fraction_half")
        rows = -(-accelerator.channel_groups // width_of(memory))
        first_row = (self.scalars["target"] + token * rows).named("first_row")
        with loop(0, accelerator.channel_groups, "group") as group:
            pipeline()
            cell = cell_of(memory, first_row, group)
            with unrolled(accelerator.lanes, "lane") as lane:
                x = self.buffers["residual"][row + group, 0, lane]
                channels = integer(accelerator.channels, accelerator.channels.bit_length() + 1)
                centred = x.times(channels).to(widths.centred) - total.to(widths.centred)
                product = centred.named("centred").times(reciprocal).to(widths.product)
                normalised = (product + fraction_half >> shift).to(widths.normalised)
                scaled = normalised.named("normalised").times(gamma[group, lane])
                shifted = scaled.to(widths.scaled) + beta[group, lane].to(widths.scaled) + half
                y = saturate(shifted >> self.scalars["shift"], bits_of(memory))
                self.buffers["activations"][cell.row, cell.group, lane] = y


def _reciprocal(root: Value) -> tuple[Value, Value]:
    """
    `e` and `2**31 // m`, where `root` is about `m * 2**e` with a mantissa `m` of 16 bits.
    """
    with carrying_loop(0, ROOT_BITS, "position", {"length": constant(0)}) as body:
        pipeline()
        is_set = root.field(body.index, 1)
        body.next(select(is_set, body.index + 1, body.carried[0]))
    exponent = (body.results[0] - MANTISSA_BITS).named("exponent")
    zero = constant(0)
    right = select(zero < exponent, exponent, zero).named("right")
    left = (right - exponent).named("left")
    mantissa = ((root >> right) << left).named("mantissa")
    bits = RECIPROCAL_BITS + 2
    reciprocal = integer(1 << RECIPROCAL_BITS, bits) // mantissa.to(bits)
    return exponent, reciprocal.to(MANTISSA_BITS + 2).named("reciprocal")
