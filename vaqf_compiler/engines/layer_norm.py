"""
The engine for layer normalisation, in integers (docs/arithmetic.md): for each token one pass for
sum and sum of squares, an integer square root and one division, and a pass for the results.
"""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Attribute

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import LayerNormOp
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
    INDEX,
    Buffer,
    Value,
    call,
    carrying_loop,
    constant,
    function,
    integer,
    local,
    loop,
    pipeline,
    select,
    unrolled,
)

ROOT_BITS = 31
"""Of the square root of a number below 2**62."""
MANTISSA_BITS = 16
RECIPROCAL_BITS = 31
GAMMA_BITS = 16


def build_square_root(name: str) -> func.FuncOp:
    """`floor(sqrt(x))` of a 64-bit number below 2**62, a digit of the root in each iteration."""
    with function(name, {"x": IntegerType(64)}, [IntegerType(64)]) as (operation, arguments):
        vhls.InlineOp()
        carried = {"rest": Value(arguments["x"]), "root": integer(0, 64)}
        with carrying_loop(0, ROOT_BITS, "step", carried) as body:
            pipeline()
            rest, root = body.carried
            digit = (integer(1 << 2 * (ROOT_BITS - 1), 64) >> body.index * 2).named("digit")
            trial = (root + digit).named("trial")
            fits = (trial <= rest).named("fits")
            halved = (root >> 1).named("halved")
            body.next(select(fits, rest - trial, rest), select(fits, halved + digit, halved))
        func.ReturnOp(body.results[1].ssa)
    return operation


def build_layer_norm(name: str, square_root: func.FuncOp, accelerator: Accelerator) -> func.FuncOp:
    """The engine as a function of loops."""
    types: dict[str, Attribute] = {
        "residual": accelerator.residual,
        "activations": accelerator.activations,
        "parameters": accelerator.parameters,
        **dict.fromkeys(("parameters_at", "tokens", "source", "target"), INDEX),
        "epsilon": IntegerType(64),
        "shift": INDEX,
    }
    lanes, groups = accelerator.lanes, accelerator.channel_groups
    with function(name, types) as (operation, arguments):
        vhls.InlineOp()
        residual = Buffer(arguments["residual"])
        port = Buffer(arguments["parameters"])
        parameters_at, tokens, source = (
            Value(arguments[key]) for key in ("parameters_at", "tokens", "source")
        )
        gamma = local("gamma", GAMMA_BITS, groups, lanes, partition=(2,))
        beta = local("beta", PARAMETER_BITS, groups, lanes, partition=(2,))
        with each_parameter(port, parameters_at, groups, lanes) as (group, lane, value):
            gamma[group, lane] = value.to(GAMMA_BITS)
        beta_at = (parameters_at + accelerator.channels // PARAMETERS_PER_WORD).named("beta_at")
        with each_parameter(port, beta_at, groups, lanes) as (group, lane, value):
            beta[group, lane] = value

        with loop(0, tokens, "token", most=accelerator.tokens) as token:
            row = (source + token * groups).named("row")
            total, squares = _sums(residual, row, accelerator)
            channels = integer(accelerator.channels, 64)
            variance = channels * squares - total * total + Value(arguments["epsilon"])
            (root,) = call(square_root, variance.named("variance"))
            exponent, reciprocal = _reciprocal(root.named("root"))
            normalised_shift = (exponent + (RECIPROCAL_BITS - LayerNormOp.FRACTION_BITS)).named(
                "normalised_shift"
            )
            normalised_half = (integer(1, 64) << (normalised_shift - 1)).named("normalised_half")
            shift = Value(arguments["shift"])
            half = (integer(1, 64) << (shift - 1)).named("half")
            per_row = width_of(accelerator.activations) * lanes
            rows = -(-accelerator.channels // per_row)
            first_row = (Value(arguments["target"]) + token * rows).named("first_row")
            with loop(0, groups, "group") as group:
                pipeline()
                cell = cell_of(accelerator.activations, first_row, group)
                with unrolled(lanes, "lane") as lane:
                    x = residual[row + group, 0, lane].to(64)
                    centred = x * channels - total
                    normalised = centred * reciprocal + normalised_half >> normalised_shift
                    scaled = normalised.named("normalised") * gamma[group, lane].to(64)
                    y = scaled + beta[group, lane].to(64) + half >> shift
                    bits = bits_of(accelerator.activations)
                    Buffer(arguments["activations"])[cell.row, cell.group, lane] = saturate(y, bits)
    return operation


def _sums(residual: Buffer, row: Value, accelerator: Accelerator) -> tuple[Value, Value]:
    """Sum and sum of squares of a token."""
    zeros = {"total": integer(0, 64), "squares": integer(0, 64)}
    with carrying_loop(0, accelerator.channel_groups, "group", zeros) as outer:
        pipeline()
        partial = dict(zip(("part", "part_squares"), outer.carried, strict=True))
        with carrying_loop(0, accelerator.lanes, "lane", partial) as inner:
            vhls.UnrollOp()
            x = residual[row + outer.index, 0, inner.index].to(64).named("x")
            inner.next(inner.carried[0] + x, inner.carried[1] + x * x)
        outer.next(*inner.results)
    total, squares = outer.results
    return total, squares


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
    reciprocal = integer(1 << RECIPROCAL_BITS, 64) // mantissa
    return exponent, reciprocal.named("reciprocal")
