"""
Division in pipelines. Division by a constant is a product. Division by other numbers and square
roots compute one binary digit at a time, in an unrolled loop, so that nothing is fed back.
"""

from __future__ import annotations

from dataclasses import dataclass

from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.builder import carrying_loop
from vaqf_compiler.engines.values import Value, constant, integer, select


@dataclass(frozen=True)
class Reciprocal:
    """
    `1 / divisor`, approximated from above by `factor / 2**shift`, so that `x * factor >> shift` is
    the quotient, rounded down, of any `x` from 0 to `most` (Granlund and Montgomery, Division by
    Invariant Integers using Multiplication, 1994).
    """

    divisor: int
    most: int

    @property
    def shift(self) -> int:
        """
        The least shift with which all quotients are exact. `factor * divisor` exceeds `2**shift`;
        the excess must not reach the next quotient, even for the greatest number below a multiple
        of the divisor.
        """
        shift = self.divisor.bit_length()
        last = self.most // self.divisor * self.divisor + self.divisor - 1
        while (-(1 << shift) % self.divisor) * last >= 1 << shift:
            shift += 1
        return shift

    @property
    def factor(self) -> int:
        """The factor: its product with `x` is `x / divisor` in units of `2**-shift`."""
        return -(-(1 << self.shift) // self.divisor)

    @property
    def bits(self) -> int:
        """Bits of a number that is divided, without a sign; at least two, as one bit is a flag."""
        return max(2, self.most.bit_length())

    @property
    def factor_bits(self) -> int:
        """Bits of the factor, with a sign."""
        return self.factor.bit_length() + 1

    def quotient(self, x: Value) -> Value:
        """The quotient of an index `x` from 0 to `most`."""
        wide = x.unsigned(self.bits).unsigned_to(self.bits + self.factor_bits)
        return (wide * self.factor >> self.shift).as_index()


def is_product(divisor: int) -> bool:
    """Whether division by `divisor` takes a product; by a power of two, it takes only wires."""
    return divisor.bit_count() != 1


def quotient(x: Value, divisor: int, most: int) -> Value:
    """`x // divisor` for an index from 0 to `most`."""
    return Reciprocal(divisor, most).quotient(x) if is_product(divisor) else x // divisor


def rounded_up(x: Value, divisor: int, most: int) -> Value:
    """`x / divisor`, rounded up, for an index from 0 to `most`."""
    return quotient(x + (divisor - 1), divisor, most + divisor - 1)


def divided(x: Value, divisor: int, most: int) -> tuple[Value, Value]:
    """Quotient and remainder of an index from 0 to `most`."""
    whole = quotient(x, divisor, most)
    if is_product(divisor):
        return whole, x - whole * divisor
    return whole, x % divisor if divisor > 1 else constant(0)


def divide_power(power: int, divisor: Value, quotient_bits: int) -> Value:
    """
    `2**power // divisor` for a divisor greater than `2**(power - quotient_bits)`. The quotient is
    below `2**quotient_bits`, and has another bit for the sign. A smaller divisor does not trap,
    but the result is not a quotient.
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
    """`floor(sqrt(x))` of a number below `4**root_bits`, with `root_bits` bits and a sign."""
    # The rest never exceeds twice the root, and each step brings down two digits of the number.
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
