"""
Verilog of products and lanes. A product is written without the registers that belong into its DSP
slice, because Yosys 0.70 packs registers into DSP slices only for older families.
"""

from __future__ import annotations

from vaqf_compiler.hardware import lanes
from vaqf_compiler.hardware.calibration.memory_circuits import rom_contents
from vaqf_compiler.hardware.calibration.verilog import Module
from vaqf_compiler.hardware.lanes import ExponentialLane, NormaliseLane, ProbabilityLane, Requantise
from vaqf_compiler.hardware.products import Product


def product(block: Product) -> str:
    """Write the multiplication and nothing else."""
    m, bits = Module(), block.a_bits + block.b_bits
    m.output("y", bits, m.wire("p", bits, f"{m.input('a', block.a_bits)} * {_b(m, block.b_bits)}"))
    return m.text()


def _b(m: Module, bits: int) -> str:
    return m.input("b", bits)


def requantise(block: Requantise) -> str:
    """Write the multiplication, rounding, shift and saturation."""
    m, bits = Module(), block.sum_bits
    x, multiplier = m.input("x", block.total_bits), m.input("multiplier", block.multiplier_bits)
    half = m.input("half", bits)
    shift = m.input("shift", block.most_shift.bit_length(), unsigned=True)
    product_bits = block.total_bits + block.multiplier_bits
    m.wire("product", product_bits, f"{x} * {multiplier}")
    m.register("rounded", bits, f"product + {half}")
    m.register("shifted", bits, f"rounded >>> {shift}")
    m.output("y", block.result_bits, m.saturated("result", block.result_bits, "shifted", bits))
    return m.text()


def exponential_lane(block: ExponentialLane) -> str:
    """
    Write the exponential. The number of halvings saturates at 17, because nothing is left of 16
    bits from there on.
    """
    m, bits, power_bits = Module(), block.difference_bits, block.power_bits
    index, value = lanes.POWER_INDEX_BITS, lanes.POWER_BITS
    largest, score = m.input("largest", block.score_bits), m.input("score", block.score_bits)
    limit, multiplier = m.input("limit", bits), m.input("multiplier", lanes.MULTIPLIER_BITS)
    shift = m.input("shift", block.most_shift.bit_length(), unsigned=True)
    m.register("distance", bits, f"{largest} - {score}")
    m.register("least", bits, f"distance < {limit} ? distance : {limit}")
    m.wire("product", bits + lanes.MULTIPLIER_BITS, f"least * {multiplier}")
    m.register("power", power_bits, f"product >>> {shift}")
    for line in rom_contents("powers", 1 << index, value, "block"):
        m.line(line)
    m.line(f"reg [{value - 1}:0] entry;")
    m.clocked("entry", f"powers[power[{index - 1}:0]]")
    m.line(f"wire [{power_bits - index - 1}:0] whole = power[{power_bits - 1}:{index}];")
    halvings_bits = (value + 1).bit_length()
    m.line(f"reg [{halvings_bits - 1}:0] halvings;")
    m.clocked("halvings", f"whole < {value + 1} ? whole : {value + 1}")
    m.line(f"reg [{value - 1}:0] result;")
    m.clocked("result", "entry >> halvings")
    m.output("y", value + 1, "{1'b0, result}")
    return m.text()


def probability_lane(block: ProbabilityLane) -> str:
    """Write the multiplication, rounding, shift and minimum."""
    m = Module()
    bits = lanes.EXPONENTIAL_BITS + lanes.RECIPROCAL_BITS + 1
    exponential = m.input("exponential", lanes.EXPONENTIAL_BITS)
    reciprocal = m.input("reciprocal", lanes.RECIPROCAL_BITS)
    half = m.input("half", bits)
    shift = m.input("shift", lanes.MOST_PROBABILITY_SHIFT.bit_length(), unsigned=True)
    m.wire("product", bits - 1, f"{exponential} * {reciprocal}")
    m.register("rounded", bits, f"product + {half}")
    m.register("shifted", bits, f"rounded >>> {shift}")
    # The value is not negative, so that it exceeds the result's maximum if any bit above the
    # result's is set.
    exceeds = f"|shifted[{bits - 2}:{block.bits}]"
    m.line(f"reg [{block.bits - 1}:0] result;")
    m.clocked("result", f"({exceeds}) ? {{{block.bits}{{1'b1}}}} : shifted[{block.bits - 1}:0]")
    m.output("y", block.bits, "result")
    return m.text()


def normalise_lane(block: NormaliseLane) -> str:
    """Write the centring, normalisation, scaling, shift and saturation."""
    m = Module()
    centred, bits, normalised = block.centred_bits, block.product_bits, block.normalised_bits
    x, channels = m.input("x", lanes.RESIDUAL_BITS), m.input("channels", lanes.CHANNEL_BITS)
    total, reciprocal = m.input("total", centred), m.input("r", lanes.NORMALISING_BITS)
    first_half, half = m.input("first_half", bits), m.input("half", block.scaled_bits)
    gamma, beta = m.input("gamma", lanes.GAMMA_BITS), m.input("beta", lanes.BETA_BITS)
    first_shift = m.input("first", lanes.MOST_NORMALISING_SHIFT.bit_length(), unsigned=True)
    shift = m.input("shift", lanes.MOST_SCALING_SHIFT.bit_length(), unsigned=True)
    m.wire("scaled_x", lanes.RESIDUAL_BITS + lanes.CHANNEL_BITS, f"{x} * {channels}")
    m.register("centred", centred, f"scaled_x - {total}")
    m.wire("product", centred + lanes.NORMALISING_BITS, f"centred * {reciprocal}")
    m.register("rounded", bits, f"product + {first_half}")
    m.register("normalised", normalised, f"rounded >>> {first_shift}")
    m.wire("scaled", normalised + lanes.GAMMA_BITS, f"normalised * {gamma}")
    m.register("biased", block.scaled_bits, f"scaled + {beta}")
    m.register("halved", block.scaled_bits, f"biased + {half}")
    m.register("shifted", block.scaled_bits, f"halved >>> {shift}")
    m.output("y", block.bits, m.saturated("result", block.bits, "shifted", block.scaled_bits))
    return m.text()
