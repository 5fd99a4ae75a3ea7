"""Evaluations for the tests of sweeps, in a module that workers can import."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.errors import UserError
from vaqf_compiler.sweep import Json, Point

SPEED = {"zcu102": 100, "u250": 400, "kv260": 20}


def evaluate(point: Point) -> Mapping[str, Json]:
    """A made-up board: slower with more bits, of which kv260 takes twelve."""
    if point.board == "kv260" and point.bits > 12:
        return {"fps": None, "feasible": False, "bottleneck": "lut"}
    cycles = 1000 * point.bits * (2 if point.model == "deit-base" else 1)
    fps = SPEED[point.board] * 1000 / cycles
    return {"fps": fps, "cycles": cycles, "feasible": True, "bottleneck": "dsp", "tile": "m=1, n=2"}


def counted(point: Point, log: Path, seconds: float = 0.0) -> Mapping[str, Json]:
    """`evaluate`, taking some time and noting in `log` which process begins and ends what."""
    with log.open("a") as file:
        print("begin", point.bits, os.getpid(), file=file, flush=True)
        time.sleep(seconds)
        print("end", point.bits, os.getpid(), file=file, flush=True)
    return evaluate(point)


def begun(log: Path) -> list[int]:
    """The bits of the evaluations that `counted` began."""
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [int(bits) for what, bits, _ in lines if what == "begin"]


def refusing(point: Point) -> Mapping[str, Json]:
    """`evaluate`, but 3 bits are the user's mistake and 4 are too many for a pass."""
    if point.bits == 3:
        raise UserError("three bits, of all things; take two")
    if point.bits == 4:
        raise PassFailedException("cannot tile for 4 bits")
    return evaluate(point)


def refusing_without(point: Point, file: Path) -> Mapping[str, Json]:
    """`evaluate`, but odd bits need a file."""
    if point.bits % 2 and not file.exists():
        raise UserError(f"cannot read '{file}'")
    return evaluate(point)


def broken(point: Point) -> Mapping[str, Json]:
    """A bug."""
    return {"fps": 1 / (point.bits - 2), "feasible": True}


def deadly(point: Point, pid: int) -> Mapping[str, Json]:
    """`evaluate`, taking some time, but one process dies of it."""
    if os.getpid() == pid:
        os._exit(1)
    time.sleep(0.3)
    return evaluate(point)


def returning(point: Point, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Whatever the test wants."""
    return value
