"""The model of the published accelerator: its formula, its fit, and what it says of models."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from vaqf_compiler.cost.layers import Kind, Layer, layers_of
from vaqf_compiler.cost.vaqf2022 import (
    CONSTANTS,
    Constants,
    estimate,
    fastest_tile,
    layer_cycles,
    stored_constants,
    synthesised_luts,
)
from vaqf_compiler.cost.vaqf2022_fit import (
    PUBLISHED,
    Rate,
    deit_layers,
    fit,
    residuals,
    write_constants,
)
from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.board import load_board
from vaqf_compiler.importer.models import load_model
from vaqf_compiler.importer.write import write_model
from vaqf_compiler.pipeline import make_context, read_module, run_passes

MODEL = Path(__file__).parent.parent / "passes" / "Inputs" / "model.mlir"
DEIT_BASE = deit_layers()
BITS = range(1, 17)


def rates(layers: list[Layer]) -> dict[int, float]:
    """Frames a second by bits."""
    return {bits: estimate(layers, bits).fps for bits in BITS}


@pytest.mark.parametrize("rate", PUBLISHED, ids=lambda r: f"W{r.weight_bits}A{r.activation_bits}")
def test_published_frame_rates(rate: Rate):
    fps = estimate(DEIT_BASE, rate.activation_bits, rate.quantised).fps
    assert fps == pytest.approx(rate.fps, rel=0.03)


@pytest.mark.parametrize(("target", "bits"), [(24, 8), (30, 6)])
def test_the_highest_precision_that_meets_a_target_is_the_published_one(target: int, bits: int):
    assert max(b for b, fps in rates(DEIT_BASE).items() if fps >= target) == bits


@pytest.mark.parametrize(("channels", "heads"), [(192, 3), (384, 6), (768, 12)])
def test_more_bits_are_never_faster(channels: int, heads: int):
    found = list(rates(deit_layers(channels, heads)).values())
    assert found == sorted(found, reverse=True)


def test_larger_models_are_never_faster():
    small, *larger = [
        rates(deit_layers(channels, heads, blocks))
        for channels, heads, blocks in ((192, 3, 12), (384, 6, 12), (384, 6, 13), (768, 12, 13))
    ]
    for model in larger:
        assert all(model[bits] < small[bits] for bits in BITS)
        small = model


def test_the_fit_gives_the_stored_constants(tmp_path: Path):
    constants = fit()
    assert constants == stored_constants()
    write_constants(tmp_path / "fit.json", constants)
    assert json.loads((tmp_path / "fit.json").read_text()) == json.loads(CONSTANTS.read_text())


def test_one_binary_rate_predicts_the_other():
    _, eight, six = residuals(stored_constants())
    alone = min(
        (factor / 10 for factor in range(40, 90)),
        key=lambda f: abs(residuals(replace(stored_constants(), lut_factor=f))[1].error),
    )
    assert alone == stored_constants().lut_factor
    assert abs(eight.error) < 0.01
    assert abs(six.error) < 0.03


def test_cycles_of_a_linear_layer_by_hand():
    layer = Layer("fc", Kind.BINARY, in_channels=64, out_channels=20, tokens=10)
    # 16 activations of 8 bits in a word; per tile, two ports load 2 * ceil(8/16) words for each of
    # 10 tokens in 10 cycles, and for each of 8 rows of weights in 8; multiplying takes 10.
    # 64 channels are 4 tiles of 2 x 8: 4 * 10 + 10 cycles for each of 3 tiles of 8 outputs;
    # storing takes 5, the last time with nothing to hide behind.
    assert layer_cycles(layer, 8, 8, 8, heads=2) == 3 * 50 + 5
    # With 16 bits a word holds 8; 64 rows of weights take 64 cycles.
    assert layer_cycles(layer, 16, 64, 8, heads=2) == 1 * (4 * 64 + 10) + 8 * 5


def test_cycles_of_attention_by_hand():
    scores = Layer("a scores", Kind.ATTENTION, 16, 10, 10, heads=6)
    # 2 heads at once in 3 rounds, each 2 tiles of 8 channels and 2 of 5 keys. Loading takes 10
    # for inputs and 6 for keys, storing 2 * 5.
    assert layer_cycles(scores, 8, 5, 8, heads=2) == 3 * (2 * (2 * 10 + 10) + 10)


def test_the_search_misses_nothing():
    work = [
        (Layer("a", Kind.WEIGHTS, 24, 20, 7), 16),
        (Layer("b scores", Kind.ATTENTION, 10, 7, 7, heads=4), 5),
    ]
    board = load_board("zcu102")
    for macs in (1, 7, 40, 100, 700):
        for heads in (1, 2, 4):
            every = [
                sum(int(layer_cycles(layer, bits, m, n, heads)) for layer, bits in work)
                for m in range(1, 25)
                for n in range(1, 25)
                if m * n * heads <= macs
            ]
            tile = fastest_tile(work, heads, macs, board)
            if tile is None:
                assert not every
                continue
            assert tile.macs <= macs
            cycles = [layer_cycles(layer, b, tile.m, tile.n, heads) for layer, b in work]
            assert sum(map(int, cycles)) == min(every)


def test_an_estimate_keeps_to_the_board():
    board, constants = load_board("zcu102"), stored_constants()
    for bits in BITS:
        found = estimate(DEIT_BASE, bits)
        assert found.tile is not None
        assert found.binary_tile is not None
        assert found.tile.heads == found.binary_tile.heads
        assert found.dsp == found.tile.macs <= constants.dsp_share * board.available["dsp"]
        luts = constants.lut_factor * synthesised_luts(bits)
        assert found.lut == pytest.approx(found.binary_tile.macs * luts)
        assert found.lut <= board.available["lut"]
        assert 0 < found.bram36 <= board.available["bram36"]
        assert [name for name, _ in found.cycles_by_layer] == [row.name for row in DEIT_BASE]
        assert found.cycles == sum(cycles for _, cycles in found.cycles_by_layer)
        assert found.latency_ms == pytest.approx(1000 / found.fps)


def test_the_baseline_has_no_binary_engine():
    found = estimate(DEIT_BASE, 16, quantised=False)
    assert found.binary_tile is None
    assert found.lut == 0


def test_more_of_the_board_is_faster():
    base = stored_constants()
    assert estimate(DEIT_BASE, 8, constants=Constants(1.0, 1.0)).fps > 1.5 * 24.8
    for changed in (replace(base, dsp_share=0.9), replace(base, lut_factor=3.0)):
        assert estimate(DEIT_BASE, 8, constants=changed).fps > estimate(DEIT_BASE, 8).fps


def test_layers_of_float_and_quantised_modules():
    context = make_context()
    module = read_module(context, MODEL)
    expected = [
        Layer("patch", Kind.WEIGHTS, 16, 16, 4),
        *(Layer(name, Kind.BINARY, 16, 16, 5) for name in "qkv"),
        Layer("attention scores", Kind.ATTENTION, 8, 5, 5, heads=2),
        Layer("attention context", Kind.ATTENTION, 5, 8, 5, heads=2),
        Layer("o", Kind.BINARY, 16, 16, 5),
        Layer("fc1", Kind.BINARY, 16, 32, 5),
        Layer("fc2", Kind.BINARY, 32, 16, 5),
        Layer("head", Kind.WEIGHTS, 16, 4, 1),
    ]
    assert layers_of(module) == expected
    run_passes(context, module, "binvit-canonicalize-tokens,binvit-quantize{activation-bits=6}")
    assert layers_of(module) == expected
    run_passes(context, module, "binvit-map")
    assert layers_of(module) == expected


@pytest.mark.long
def test_layers_of_deit_base(tmp_path: Path):
    write_model(load_model("deit-base"), tmp_path / "model.mlir")
    context = make_context()
    module = read_module(context, tmp_path / "model.mlir")
    run_passes(context, module, "convert-torch-to-binvit,binvit-canonicalize-tokens")
    layers = layers_of(module)
    assert [replace(row, name="") for row in layers] == [replace(r, name="") for r in DEIT_BASE]
    assert layers[1].name == "vit.layers.0.attention.q_proj"


@pytest.mark.parametrize("bits", [-1, 0, 17])
def test_bits_out_of_range_are_refused(bits: int):
    with pytest.raises(UserError, match=f"activation bits must be 1 to 16, not {bits}"):
        estimate(DEIT_BASE, bits)


def test_what_has_no_layers_is_refused():
    with pytest.raises(UserError, match="there are no layers"):
        estimate([], 8)
    module = read_module(make_context(), MODEL)
    for op in list(module.body.block.ops):
        op.detach()
    with pytest.raises(UserError, match="the module has no layers"):
        layers_of(module)


def test_more_tokens_than_fit_are_refused():
    with pytest.raises(UserError, match="no tile fits the ZCU102: there are 1000000 tokens"):
        estimate([Layer("fc", Kind.BINARY, 8, 8, 1_000_000)], 8)
