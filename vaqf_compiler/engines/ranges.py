"""The parameters that engines can have, and the messages for all others."""

from __future__ import annotations

from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import PIXEL_BITS, PIXELS_PER_WORD

MOST_CHANNELS = 4096
"""The most channels of a tile: its totals have a memory for each output channel."""
MOST_WORDS = 1024
"""The most words of a tile, each a register: HLS tools give up on arrays of more parts."""
DEFAULT_SIZES = {"binary_m": 96, "binary_n": 64, "int8_m": 32, "int8_n": 16}
"""Sizes of tiles, if none are selected."""
LANE_CHOICES = (4, 8, 16, 32)
"""
Possible numbers of lanes: so many 32-bit parameters fill whole words, and so many pixels fill
words or divide one.
"""
MOST_AT_ONCE = 1024
"""The most channels of one dimension per cycle: tools give up on more copies of a loop's body."""
MOST_KEYS = 512
DEFAULT_LANES = 16
"""Lanes, if none are selected."""


def check_tile(name: str, tile_m: int | None, tile_n: int | None, bits: int) -> None:
    """
    Raise PassFailedException unless rows of a weight tile fill words of the port or share them
    evenly, and the tile's words can be registers. Sizes that are not known yet, None, are not
    checked.
    """
    for size in (tile_m, tile_n):
        if size is not None and not 1 <= size <= MOST_CHANNELS:
            raise PassFailedException(
                f"@{name}: tile sizes must be in 1..{MOST_CHANNELS}, got {size}"
            )
    if tile_n is None:
        return
    row_bits = tile_n * bits
    if WORD_BITS % row_bits and row_bits % WORD_BITS:
        raise PassFailedException(
            f"@{name}: a row of {tile_n} weights of {bits} bits must divide a {WORD_BITS}-bit "
            "word or be a multiple of it; choose a power of two"
        )
    if tile_m is not None:
        _check_words(name, tile_m, tile_n, bits)
    if bits == PIXEL_BITS and tile_n < PIXELS_PER_WORD:
        raise PassFailedException(
            f"@{name}: {tile_n} input channels do not take a whole word of the image; choose at "
            f"least {PIXELS_PER_WORD}"
        )


def _check_words(name: str, tile_m: int, tile_n: int, bits: int) -> None:
    """Raise PassFailedException unless a tile fills whole words, and not too many of them."""
    row_bits = tile_n * bits
    if row_bits < WORD_BITS and tile_m * row_bits % WORD_BITS:
        raise PassFailedException(
            f"@{name}: a tile of {tile_m} x {tile_n} weights does not fill {WORD_BITS}-bit words; "
            f"make its height a multiple of {WORD_BITS // row_bits}"
        )
    if (words := tile_m * row_bits // WORD_BITS) > MOST_WORDS:
        raise PassFailedException(
            f"@{name}: a tile of {tile_m} x {tile_n} weights takes {words} words of registers; "
            f"choose a tile of at most {MOST_WORDS}"
        )


def check_lanes(lanes: int) -> None:
    """Raise PassFailedException unless `lanes` is a possible number of lanes."""
    if lanes not in LANE_CHOICES:
        raise PassFailedException(f"lanes must be 4, 8, 16 or 32, got {lanes}")


def check_keys(keys: int) -> None:
    """Raise PassFailedException unless attention can process so many key tokens per cycle."""
    if not 1 <= keys <= MOST_KEYS:
        raise PassFailedException(f"keys must be in 1..{MOST_KEYS}, got {keys}")


def check_unroll(
    name: str,
    unroll_m: int | None,
    unroll_n: int | None,
    tile_m: int | None,
    tile_n: int | None,
    lanes: int | None,
    results: int | None,
) -> None:
    """
    Raise PassFailedException unless an engine can process `unroll_m` x `unroll_n` channels of its
    tile and finish `results` results per cycle. Sizes that are not known yet, None, are not
    checked.
    """
    for what, unroll, tile in (("output", unroll_m, tile_m), ("input", unroll_n, tile_n)):
        if unroll is None:
            continue
        if unroll > MOST_AT_ONCE:
            raise PassFailedException(
                f"@{name}: {unroll} {what} channels a cycle are more than {MOST_AT_ONCE}; "
                "choose fewer in binvit-unroll"
            )
        if unroll < 1:
            raise PassFailedException(
                f"@{name}: {what} channels a cycle must be at least 1, got {unroll}"
            )
        if tile is not None and tile % unroll:
            raise PassFailedException(
                f"@{name}: {unroll} {what} channels a cycle do not divide the tile's {tile}"
            )
    for what, size in (("tile height", tile_m), ("input channels a cycle", unroll_n)):
        if size is not None and lanes is not None and size % lanes:
            raise PassFailedException(
                f"@{name}: {what}, {size}, must be a multiple of the {lanes} lanes"
            )
    most = LANE_CHOICES[-1] if lanes is None else lanes
    if results is not None and (results < 1 or most % results):
        those = f"the {lanes} lanes" if lanes is not None else "any number of lanes"
        raise PassFailedException(f"@{name}: {results} results a cycle do not divide {those}")


def check_uram(uram: int) -> None:
    """Raise PassFailedException unless `uram` is 0 or 1."""
    if uram not in (0, 1):
        raise PassFailedException(f"uram must be 0 or 1, got {uram}")
