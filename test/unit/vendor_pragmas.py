"""
Pragmas as the front end of Vitis HLS parses them, written from Xilinx/hls-llvm-project:
`clang/lib/Parse/ParseXlxPragma.cpp` (2021) and `clang/include/clang/Basic/XlxPragmaOption.td`
(2023). A pragma that it does not understand is dropped with a warning, so what is not listed is
refused, and so are words that only newer releases take: `name=word` where the guide of 2020.2 has
the word alone, and values that are keywords of C++, which the older parser takes for no words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

KEYWORDS = {"true", "false", "inline", "register", "auto"}


@dataclass(frozen=True)
class Pragma:
    """What a pragma may have after its name."""

    required: tuple[str, ...] = ()
    """Options that have to be there."""
    variables: tuple[str, ...] = ()
    """`name=expression`."""
    names: tuple[str, ...] = ()
    """`name=identifier`."""
    numbers: tuple[str, ...] = ()
    """`name=integer`."""
    words: tuple[tuple[str, ...], ...] = ()
    """Words that stand alone, at most one of each group."""
    needs: dict[str, str] = field(default_factory=dict[str, str])
    """Options that are only read after a word."""


_KIND = ("cyclic", "block", "complete")
_LAYOUT = Pragma(("variable",), ("variable",), numbers=("factor", "dim"), words=(_KIND,))
_BOUND = Pragma(("variable", "impl"), ("variable",), ("op", "type", "impl"), ("latency",))
PRAGMAS = {
    "allocation": Pragma(
        ("function", "instances", "limit"),
        ("instances",),
        numbers=("limit",),
        words=(("function",),),
        needs={"instances": "function", "limit": "function"},
    ),
    "array_partition": _LAYOUT,
    "array_reshape": _LAYOUT,
    "bind_op": _BOUND,
    "bind_storage": _BOUND,
    "dataflow": Pragma(),
    "dependence": Pragma(
        ("variable",),
        ("variable",),
        numbers=("distance",),
        words=(("inter", "intra"), ("raw", "war", "waw"), ("true", "false")),
    ),
    "expression_balance": Pragma(words=(("off",),)),
    "inline": Pragma(words=(("off",), ("recursive",))),
    "interface": Pragma(
        ("port", "bundle"),
        ("port",),
        ("bundle", "offset"),
        (
            *("depth", "latency", "num_read_outstanding", "num_write_outstanding"),
            *("max_read_burst_length", "max_write_burst_length", "max_widen_bitwidth"),
        ),
        (("m_axi", "s_axilite"),),
        {"offset": "m_axi"},
    ),
    "loop_tripcount": Pragma(("max",), numbers=("min", "max", "avg")),
    "pipeline": Pragma(numbers=("ii",)),
    "stream": Pragma(("variable",), ("variable",), numbers=("depth",)),
    "unroll": Pragma(numbers=("factor",)),
}


def check_pragma(line: str) -> None:
    """Raise ValueError where the front end drops a line with a pragma."""
    found = re.fullmatch(r"\s*#pragma HLS (\w+)(.*)", line)
    if found is None or found[1] not in PRAGMAS:
        raise ValueError(f"no pragma of the front end: {line}")
    pragma, seen = PRAGMAS[found[1]], list[str]()
    for token in found[2].split():
        name, equals, value = token.partition("=")
        name = name.lower()
        if name in seen or pragma.needs.get(name, name) not in {*seen, name}:
            raise ValueError(f"'{name}' is repeated, or too early: {line}")
        if equals:
            _check_value(pragma, name, value, line)
        else:
            groups = [group for group in pragma.words if name in group]
            if not groups or {*groups[0]} & {*seen}:
                raise ValueError(f"no word '{name}' here: {line}")
        seen.append(name)
    if missing := {*pragma.required} - {*seen}:
        raise ValueError(f"{', '.join(missing)} is missing: {line}")


def _check_value(pragma: Pragma, name: str, value: str, line: str) -> None:
    is_name = re.fullmatch(r"[A-Za-z_]\w*", value) and value not in KEYWORDS
    right = (
        (name in pragma.numbers and re.fullmatch(r"\d+", value))
        or (name in pragma.names and is_name)
        or (name in pragma.variables and is_name)
    )
    if not right:
        raise ValueError(f"no option '{name}' of value '{value}': {line}")
