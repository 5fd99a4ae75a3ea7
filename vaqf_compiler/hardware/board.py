"""Boards. A TOML file for each says how much of it a design may use and how fast its memory is."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

from vaqf_compiler.errors import UserError, reason_of
from vaqf_compiler.filenames import path_of
from vaqf_compiler.hardware.resources import Resources
from vaqf_compiler.limits import check_clock

RESOURCES = ("lut", "ff", "dsp", "bram36", "uram")
MEMORY = ("ports", "port_bits", "bandwidth_gb_per_s", "latency_ns", "efficiency")
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "": ("name", "part", "clock_mhz", "resources", "usable", "memory"),
    "resources": RESOURCES,
    "usable": RESOURCES,
    "memory": MEMORY,
}
"""The keys of each section of a board file. All of them are required."""
SYSTEM: Mapping[str, str] = {
    "zynq-ultrascale": "board_part",
    "alveo": "platform",
}
"""
The kinds of systems around the accelerator that can be built, each with the key that it needs in
addition to `kind`. The section `[system]` is optional: without it, only the accelerator itself is
built.
"""

MAY_BE_ZERO = ("resources.dsp", "resources.bram36", "resources.uram")
FRACTIONS = (*(f"usable.{name}" for name in RESOURCES), "memory.efficiency")
LEAST = 1e-3
"""The least bandwidth and efficiency. With less, estimated times would be absurdly long."""
MOST = 1e18
"""An upper limit that no number in a board file comes near."""
WHOLE = (*(f"resources.{name}" for name in RESOURCES), "memory.ports", "memory.port_bits")


@dataclass(frozen=True)
class Memory:
    """External memory, as the accelerator's m_axi ports see it."""

    ports: int
    port_bits: int
    bandwidth_gb_per_s: float
    """Peak bandwidth of all ports together."""
    latency_ns: float
    """Time from a read request to its first word."""
    efficiency: float
    """The share of the peak bandwidth that long bursts reach."""


@dataclass(frozen=True)
class System:
    """The system that the accelerator becomes a part of."""

    kind: str
    """A key of `SYSTEM`."""
    target: str
    """Vivado's name of the board without its version, or the name of a Vitis platform."""


@dataclass(frozen=True)
class Board:
    """A board, or a part of one that designs may use."""

    name: str
    part: str
    clock_mhz: float
    available: Mapping[str, int]
    """The amount of each of the `RESOURCES`."""
    usable: Mapping[str, float]
    """The share of each resource that a design may take."""
    memory: Memory
    system: System | None = None

    def share(self, used: Resources) -> dict[str, float]:
        """
        Return the share of each resource that a design takes; infinity for one that the board
        lacks.
        """
        taken = {name: float(getattr(used, name)) for name in RESOURCES}
        return {
            name: taken[name] / total if (total := self.available[name]) else math.inf
            for name in RESOURCES
            if taken[name] or self.available[name]
        }

    def exceeded(self, used: Resources) -> list[str]:
        """Return the resources of which a design takes more than it may."""
        return [name for name, share in self.share(used).items() if share > self.usable[name]]


def board_names() -> list[str]:
    """Return the names of the boards that come with the compiler."""
    folder = files("vaqf_compiler.boards")
    return sorted(
        path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml")
    )


def load_board(source: str) -> Board:
    """
    Load the board named `source`, or the board that the `.toml` file `source` describes. Raises
    UserError if there is no such board or file, or if a key is missing, unknown, or has an
    unreasonable value.
    """
    if source in board_names():
        return _parse(source, (files("vaqf_compiler.boards") / f"{source}.toml").read_text("utf-8"))
    if not source.endswith(".toml"):
        hint = difflib.get_close_matches(source.lower(), board_names(), n=1)
        ask = f"did you mean '{hint[0]}'?" if hint else f"known are {', '.join(board_names())}"
        raise UserError(f"unknown board '{source}'; {ask} (or give a .toml file)")
    try:
        text = path_of(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the board file '{source}': {reason_of(error)}") from error
    return _parse(source, text)


def _parse(source: str, text: str) -> Board:
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # RecursionError: absurdly deep nesting
        raise UserError(f"board file '{source}' is not valid TOML: {error}") from error
    system = _system(source, data.pop("system", None))
    values: dict[str, dict[str, Any]] = {}
    for section, keys in SECTIONS.items():
        table = data[section] if section else data
        if not isinstance(table, dict):
            raise UserError(f"board file '{source}': '{section}' must be a table, [{section}]")
        values[section] = cast(dict[str, Any], table)
        _check_keys(source, section, values[section], keys)
    top, resources, usable = values[""], values["resources"], values["usable"]
    for key, allowed, of in (
        ("name", r"[ -~]+", "printable characters"),
        ("part", r"[\w-]+", "letters, digits, - and _"),
    ):
        if not isinstance(top[key], str) or not re.fullmatch(allowed, top[key], re.ASCII):
            raise UserError(
                f"board file '{source}': '{key}' must be a string of {of}, got {top[key]!r}"
            )
    _check_number(source, "clock_mhz", top["clock_mhz"])
    for section in ("resources", "usable", "memory"):
        for key, value in values[section].items():
            _check_number(source, f"{section}.{key}", value)
    memory = values["memory"]
    return Board(
        name=top["name"],
        part=top["part"],
        clock_mhz=float(top["clock_mhz"]),
        available={name: resources[name] for name in RESOURCES},
        usable={name: float(usable[name]) for name in RESOURCES},
        memory=Memory(**{name: memory[name] for name in MEMORY}),
        system=system,
    )


def _system(source: str, table: Any) -> System | None:
    """Return the system that the section `[system]` describes, or None without the section."""
    if table is None:
        return None
    if not isinstance(table, dict):
        raise UserError(f"board file '{source}': 'system' must be a table, [system]")
    values = cast(dict[str, Any], table)
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in SYSTEM:
        raise UserError(
            f"board file '{source}': 'system.kind' must be one of {', '.join(SYSTEM)}, got {kind!r}"
        )
    key = SYSTEM[kind]
    _check_keys(source, "system", values, ("kind", key))
    target = values[key]
    if not isinstance(target, str) or not re.fullmatch(r"[\w.:-]+", target, re.ASCII):
        raise UserError(
            f"board file '{source}': 'system.{key}' must be a string of letters, digits, '.', ':', "
            f"'-' and '_', got {target!r}"
        )
    return System(kind, target)


def _check_keys(
    source: str, section: str, table: Mapping[str, Any], expected: tuple[str, ...]
) -> None:
    where = f"board file '{source}'" + (f", [{section}]" if section else "")
    for key in table:
        if key not in expected:
            hint = difflib.get_close_matches(key, expected, n=1)
            ask = f"did you mean '{hint[0]}'?" if hint else f"keys are {', '.join(expected)}"
            raise UserError(f"{where}: unknown key '{key}'; {ask}")
    for key in expected:
        if key not in table:
            raise UserError(f"{where}: the key '{key}' is missing")


def _check_number(source: str, key: str, value: object) -> None:
    """Raise UserError if a value is not a number or is out of range."""
    where = f"board file '{source}': '{key}'"
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MOST:
        raise UserError(f"{where} must be a number, got {value!r}")
    if key in WHOLE and not isinstance(value, int):
        raise UserError(f"{where} must be a whole number, got {value!r}")
    if value < 0 and key in MAY_BE_ZERO:
        raise UserError(f"{where} must not be negative, got {value!r}")
    if value < 0 or (value == 0 and key not in MAY_BE_ZERO):
        raise UserError(f"{where} must be greater than zero, got {value!r}")
    if key == "clock_mhz":
        check_clock(value, where)
    if key in ("memory.bandwidth_gb_per_s", "memory.efficiency") and value < LEAST:
        raise UserError(f"{where} must be at least {LEAST}, got {value!r}")
    if key in FRACTIONS and value > 1:
        raise UserError(f"{where} is a share and must be at most 1, got {value!r}")
