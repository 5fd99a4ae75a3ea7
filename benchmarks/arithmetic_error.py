"""
Prints the error of each integer operation against float64 on the same integers: over all inputs
where there are few enough of them, else over random ones.

    python benchmarks/arithmetic_error.py
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from vaqf_compiler.dialects.binvit import GeluOp, QuantizedType
from vaqf_compiler.quantize.scales import layer_norm_types, symmetric
from vaqf_compiler.reference import integer_semantics as ints
from vaqf_compiler.reference.tables import (
    EXP_BITS,
    EXP_INDEX_BITS,
    exp_table,
    gelu,
    softmax_constants,
)

BITS = (16, 8, 6, 4, 2)
TOKENS, CHANNELS = 197, 768
generator = np.random.default_rng(0)


def report(what: str, inputs: str, found: np.ndarray, exact: np.ndarray) -> None:
    error = found - exact
    rms = np.sqrt(np.mean(error**2))
    print(f"{what:<28}  {inputs:<24}  {np.abs(error).max():8.4f}  {rms:8.4f}")


def requantize_error(bits: int) -> None:
    """All accumulators of `bits + 5` bits, by a ratio with which about none saturates."""
    result = QuantizedType(bits, 1.0)
    x = np.arange(-(2 ** (bits + 4)), 2 ** (bits + 4))
    ratio = 2.0 ** (-5 - generator.uniform(0, 1))
    mantissa, exponent = np.frexp(ratio)
    multiplier, shift = round(float(mantissa) * 2**16), 16 - int(exponent)
    found = ints.clamp(ints.shift_right_rounding(x * multiplier, shift), result)
    exact = np.clip(x * ratio, result.minimum, result.maximum)
    report(f"requantisation, {bits} bits", f"all {len(x)}", found, exact)


def exponential_error() -> None:
    """All distances from a row's greatest score down to where the exponential is zero."""
    scale = 1e-4
    constants = softmax_constants(scale)
    d = np.arange(constants.limit + 1)
    power = (d * constants.multiplier) >> constants.shift
    whole = np.minimum(power >> EXP_INDEX_BITS, EXP_BITS + 1)
    found = exp_table()[power & ((1 << EXP_INDEX_BITS) - 1)] >> whole
    report("exponential, 15 places", f"all {len(d)}", found, np.exp(-d * scale) * 2**EXP_BITS)


def reciprocal_error() -> None:
    """All mantissas of a root, in units of the reciprocal's last place."""
    m = np.arange(2**15, 2**16)
    report("reciprocal of a root", f"all {len(m)}", 2**31 // m, 2**31 / m)


def softmax_error(bits: int) -> None:
    exponent, scale, rows = bits + 2, 1e-4, 1000
    x = np.rint(generator.normal(scale=2 / scale, size=(rows, TOKENS))).astype(np.int64)
    result = QuantizedType(bits, 2.0**-exponent, signed=False)
    found = ints.softmax(x, softmax_constants(scale), result, exponent)
    exact = np.clip(softmax(x * scale, axis=-1) * 2**exponent, 0, result.maximum)
    report(f"softmax, {bits} bits", f"{rows} random rows of {TOKENS}", found, exact)


def layer_norm_error(bits: int) -> None:
    scale, rows = 1e-4, 1000
    x = np.rint(generator.normal(scale=1 / scale / 10, size=(rows, CHANNELS))).astype(np.int64)
    gamma, beta = generator.normal(1, 0.2, CHANNELS), generator.normal(0, 0.2, CHANNELS)
    result = symmetric(bits, 5.0)
    gamma_type, beta_type = layer_norm_types(gamma, beta, result)
    shift = round(np.log2(result.scale.data / beta_type.scale.data))
    integers = ints.quantize(gamma, gamma_type), ints.quantize(beta, beta_type)
    found = ints.clamp(ints.layer_norm(x, *integers, 1, shift), result)
    normalised = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    exact = np.clip((normalised * gamma + beta) / result.scale.data, result.minimum, result.maximum)
    report(f"layer normalisation, {bits} bits", f"{rows} random tokens of {CHANNELS}", found, exact)


def gelu_error(bits: int) -> None:
    """The table alone, over its inputs; then with the rounding of the input to the table's bits."""
    source, result = symmetric(min(bits + 2, GeluOp.TABLE_BITS), 4.0), symmetric(bits, 4.0)
    q = np.arange(source.minimum, source.maximum + 1)
    x = np.linspace(-4, 4, 100001)
    for what, inputs, integers, exact_inputs in (
        ("GELU", f"all {len(q)}", q, q * source.scale.data),
        ("rounding and GELU", f"{len(x)} in -4 .. 4", ints.quantize(x, source), x),
    ):
        y = gelu(integers * source.scale.data, "none") / result.scale.data
        exact = np.clip(gelu(exact_inputs, "none") / result.scale.data, None, result.maximum)
        report(f"{what}, {bits} bits", inputs, ints.clamp(np.rint(y), result), exact)


if __name__ == "__main__":
    print(f"{'operation':<28}  {'inputs':<24}  {'largest':>8}  {'rms':>8}")
    exponential_error()
    reciprocal_error()
    for operation in (requantize_error, softmax_error, layer_norm_error, gelu_error):
        for bits in BITS:
            operation(bits)
