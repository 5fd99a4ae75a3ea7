"""The report of an estimated module: a table for people, and `report.json` for programs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.cost.estimate import MARGIN
from vaqf_compiler.cost.layers import layers_of
from vaqf_compiler.dialects.binvit import DispatchOp, EngineOp, MemoryOp, ResourcesAttr
from vaqf_compiler.engines.accelerator import ACTIVATIONS, bits_of
from vaqf_compiler.engines.dispatches import name_of
from vaqf_compiler.hardware.board import RESOURCES, load_board

VERSION = 1
"""Version of the format of `report.json`, which docs/report.schema.json describes."""
NOTE = (
    f"Estimated: resources from synthesised building blocks and {MARGIN:.0%} for control logic and "
    "routing, cycles from the loops. Placing and routing were not run, the clock is a choice."
)
PUBLISHED_NOTE = (
    "Estimated: the accelerator of the VAQF paper (arXiv 2201.06618) as its authors' tools built "
    "it, not the one in this directory. It says nothing of flip-flops."
)


def report_of(module: ModuleOp, parameters: int) -> dict[str, Any]:
    """
    The contents of `report.json` for a module that `binvit-estimate` annotated; `parameters` is
    the number of the model's parameters. Raises PassFailedException if the module has no estimate.
    """
    attributes = module.attributes
    if "binvit.cycles" not in attributes:
        raise PassFailedException("the module has no cost; run binvit-estimate first")
    board = load_board(_text(attributes["binvit.board"]))
    used = _resources(attributes["binvit.resources"])
    cycles, clock_mhz = _integer(attributes["binvit.cycles"]), _clock(attributes)
    macs = sum(layer.macs for layer in layers_of(module))
    fps = clock_mhz * 1e6 / cycles
    profile = _text(attributes["binvit.profile"])
    published = profile == "vaqf2022"
    # The constants of the published accelerator were fitted to the whole board.
    usable = dict.fromkeys(RESOURCES, 1.0) if published else board.usable
    return {
        "version": VERSION,
        "note": PUBLISHED_NOTE if published else NOTE,
        "profile": profile,
        "board": board.name,
        "part": board.part,
        "clock_mhz": clock_mhz,
        "precision": {"activation_bits": activation_bits(module), "weight_bits": 1},
        "performance": {
            "fps": fps,
            "latency_ms": 1000 / fps,
            "cycles": cycles,
            "gops": 2 * macs * fps / 1e9,
        },
        "resources": {
            name: {
                "used": used[name],
                "available": board.available[name],
                "usable": usable[name],
            }
            for name in RESOURCES
        },
        "fits": all(used[n] <= usable[n] * board.available[n] for n in RESOURCES),
        "units": _units(module),
        "layers": [_layer(op) for op in module.walk() if isinstance(op, DispatchOp)],
        "model": {"gmac": macs / 1e9, "parameters": parameters},
    }


def _text(attribute: Attribute) -> str:
    assert isinstance(attribute, StringAttr)
    return attribute.data


def _integer(attribute: Attribute | None) -> int:
    assert isinstance(attribute, IntegerAttr)
    return attribute.value.data


def _clock(attributes: Mapping[str, Attribute]) -> float:
    clock = attributes["binvit.clock_mhz"]
    assert isinstance(clock, FloatAttr)
    return clock.value.data


def _resources(attribute: Attribute) -> dict[str, float]:
    """Resources by their names in a board file."""
    assert isinstance(attribute, ResourcesAttr)
    return {
        "lut": attribute.lut.data,
        "ff": attribute.ff.data,
        "dsp": attribute.dsp.data,
        "bram36": attribute.bram18.data / 2,
        "uram": attribute.uram.data,
    }


def activation_bits(module: ModuleOp) -> int:
    """
    Bits of the activations of a mapped module. Raises PassFailedException if the module has no
    activation memory.
    """
    for op in module.ops:
        if isinstance(op, MemoryOp) and op.sym_name.data == ACTIVATIONS:
            return bits_of(op.type)
    raise PassFailedException(f"the module has no memory @{ACTIVATIONS}; run binvit-allocate first")


def _units(module: ModuleOp) -> dict[str, dict[str, float]]:
    """Resources of engines, memories, interfaces and the margin, by name."""
    found: dict[str, dict[str, float]] = {}
    for op in module.ops:
        if isinstance(op, EngineOp | MemoryOp) and "resources" in op.attributes:
            found[op.sym_name.data] = _resources(op.attributes["resources"])
    for name in ("published_engine", "interfaces", "margin"):
        if (attribute := module.attributes.get(f"binvit.{name}")) is not None:
            found[name] = _resources(attribute)
    return found


def _layer(op: DispatchOp) -> dict[str, Any]:
    layer, engine = op.attributes.get("layer"), name_of(op.engine)
    return {
        "name": engine if layer is None else _text(layer),
        "engine": engine,
        "cycles": _integer(op.attributes.get("cycles")),
        "bound": _text(op.attributes["bound"]),
    }


def report_table(report: Mapping[str, Any]) -> str:
    """The report as text: layers, with equal ones in one line, then units and their shares."""
    lines = [f"{'layer':<44} {'engine':<14} {'times':>5} {'cycles':>12}  bound"]
    for (name, engine, cycles, bound), count in _alike(report["layers"]):
        lines.append(f"{name:<44} {engine:<14} {count:>5} {cycles * count:>12,}  {bound}")
    heads = "".join(f"{name.upper():>15}" for name in RESOURCES)
    lines += ["", f"{'unit':<14}{heads}"]
    resources = report["resources"]
    rows = {**report["units"], "all": {name: resources[name]["used"] for name in RESOURCES}}
    for unit, used in rows.items():
        cells = (_cell(used[name], resources[name]["available"]) for name in RESOURCES)
        lines.append(f"{unit:<14}{''.join(cells)}")
    usable = "".join(f"{resources[name]['usable']:>14.0%} " for name in RESOURCES)
    lines.append(f"{'may take':<14}{usable.rstrip()}")
    performance = report["performance"]
    lines += [
        "",
        f"{report['board']} at {report['clock_mhz']:g} MHz, "
        f"{report['precision']['activation_bits']}-bit activations: "
        f"{performance['fps']:.1f} FPS, {performance['latency_ms']:.2f} ms, "
        f"{performance['gops']:,.0f} GOPS",
        report["note"],
    ]
    if not report.get("check", {}).get("compared", True):
        lines.append("warning: the imported model was not compared with PyTorch (--no-check)")
    if not report["fits"]:
        over = [n for n, r in resources.items() if r["used"] > r["usable"] * r["available"]]
        lines.append(
            f"warning: does not fit {report['board']}: too much {', '.join(over)}; choose smaller "
            "tiles, less unrolling or fewer bits"
        )
    return "\n".join(lines)


def _cell(used: float, available: float) -> str:
    share = f"{used / available:.0%}" if available else "-"
    return f"{used:>9,.0f} {share:>5}"


def _alike(
    layers: Sequence[Mapping[str, Any]],
) -> list[tuple[tuple[str, str, int, str], int]]:
    """
    Groups of layers that differ only in the first number of their names, in the order of their
    first layers: each with name, engine, cycles and bound, and the number of layers.
    """
    keys = [
        (
            re.sub(r"\d+", "*", layer["name"], count=1),
            layer["engine"],
            layer["cycles"],
            layer["bound"],
        )
        for layer in layers
    ]
    first = {key: position for position, key in reversed(list(enumerate(keys)))}
    ordered = sorted(keys, key=lambda key: first[key])
    return [(key, len(list(group))) for key, group in groupby(ordered)]
