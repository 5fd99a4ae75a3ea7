"""Division and square roots a binary digit at a time, unrolled: pipelines without feedback."""

from __future__ import annotations

from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.builder import carrying_loop
from vaqf_compiler.engines.values import Value, integer, select


def divide_power(power: int, divisor: Value, quotient_bits: int) -> Value:
    """
    `2**power // divisor` for a divisor greater than `2**(power - quotient_bits)`, so that the
    quotient is below `2**quotient_bits`; it has a sign bit more. Never traps: what comes of a
    lesser divisor is no quotient.
    """
    bits = max(divisor.bits, power - quotient_bits + 2) + 1
    by = divisor.to(bits)
    carried = {
        "rest": integer(1 << (power - quotient_bits), bits),
        "quotient": integer(0, quotient_bits + 1),
    }
    with carrying_loop(0, quotient_bits, "digit", carried) as body:
        vhls.UnrollOp()
        rest, quotient = body.carried
        doubled = (rest << 1).named("doubled")
        fits = (by <= doubled).named("fits")
        digit = fits.unsigned_to(quotient.bits)
        body.next(select(fits, doubled - by, doubled), (quotient << 1) | digit)
    return body.results[1]


def square_root(x: Value, root_bits: int) -> Value:
    """`floor(sqrt(x))` of a number below `4**root_bits`, with a sign bit more."""
    # The rest never exceeds twice the root, and two digits of the number are brought down.
    bits = root_bits + 4
    carried = {"rest": integer(0, bits), "root": integer(0, bits)}
    with carrying_loop(0, root_bits, "digit", carried) as body:
        vhls.UnrollOp()
        rest, root = body.carried
        at = ((body.index + 1) * -2 + 2 * root_bits).named("at")
        pair = x.field(at, 2).unsigned_to(bits)
        brought = ((rest << 2) | pair).named("brought")
        trial = ((root << 2) | integer(1, bits)).named("trial")
        fits = (trial <= brought).named("fits")
        digit = fits.unsigned_to(bits)
        body.next(select(fits, brought - trial, brought), (root << 1) | digit)
    return body.results[1].to(root_bits + 1)
