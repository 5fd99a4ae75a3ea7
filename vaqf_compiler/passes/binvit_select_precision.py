"""
Before:

    module attributes {binvit.weights = "model.safetensors"} {
      func.func @main(%image: tensor<3x224x224xf32>) -> tensor<1x1000xf32> { ... }
    }

After, with fps=24 board=zcu102: what binvit-quantize, binvit-tile, binvit-unroll and
binvit-estimate take where their options are not given.

    module attributes {binvit.weights = "model.safetensors",
                       binvit.selected = {activation_bits = 13 : i64, board = "zcu102",
                                          clock_mhz = 2.0e+02, fps = 24.8, lanes = 32 : i64,
                                          keys = 5 : i64, tile_binary_m = 48 : i64, ...}} { ... }

The highest precision for which an accelerator within the board's budget meets the frame rate, and
the fastest such accelerator.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import (
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    f64,
    i64,
)
from xdsl.ir import Attribute
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.cost.layers import layers_of
from vaqf_compiler.cost.vaqf2022 import estimate
from vaqf_compiler.cost.vaqf2022_module import CLOCK_MHZ as PUBLISHED_MHZ
from vaqf_compiler.cost.vaqf2022_module import check_published
from vaqf_compiler.dialects.binvit.mapping import SELECTED_ATTRIBUTE
from vaqf_compiler.hardware.board import load_board
from vaqf_compiler.limits import Target, check_clock, parse_target
from vaqf_compiler.passes.binvit_allocate import BinvitAllocatePass
from vaqf_compiler.passes.binvit_map import BinvitMapPass
from vaqf_compiler.passes.binvit_tile import BinvitTilePass
from vaqf_compiler.passes.binvit_unroll import BinvitUnrollPass
from vaqf_compiler.quantize.structure import quantized_structure
from vaqf_compiler.search.select import (
    MOST_BITS,
    InfeasibleError,
    Published,
    best_table,
    highest_precision,
    select_accelerator,
)
from vaqf_compiler.search.workload import Workload


@dataclass(frozen=True)
class BinvitSelectPrecisionPass(ModulePass):
    """Select the highest precision, and an accelerator, that meet a frame rate on a board."""

    name = "binvit-select-precision"

    fps: int | float | str
    """Images a second that the accelerator must take, or `max` for as many as there can be."""
    board: str = "zcu102"
    """A board's name, or a .toml file that describes one."""
    clock_mhz: int | float | None = None
    """The clock; by default the board's."""
    profile: str = "calibrated"
    """`calibrated` for this accelerator, `vaqf2022` for the published one."""
    activation_bits: int | None = None
    """The precision, where it is not to be selected."""
    lanes: int | None = None
    """
    This and all further options: parameters of binvit-tile, binvit-unroll and binvit-allocate that
    are given.
    """
    keys: int | None = None
    tile_binary_m: int | None = None
    tile_binary_n: int | None = None
    tile_int8_m: int | None = None
    tile_int8_n: int | None = None
    binary_m: int | None = None
    binary_n: int | None = None
    binary_results: int | None = None
    int8_m: int | None = None
    int8_n: int | None = None
    int8_results: int | None = None
    uram: int | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = parse_target(self.fps, "fps")
        if self.activation_bits is None:
            bits = range(1, MOST_BITS + 1)
        elif 1 <= self.activation_bits <= MOST_BITS:
            bits = range(self.activation_bits, self.activation_bits + 1)
        else:
            raise PassFailedException(
                f"activation-bits must be in 1..{MOST_BITS}, got {self.activation_bits}"
            )
        if self.clock_mhz is not None:
            check_clock(self.clock_mhz, "clock-mhz")
        match self.profile:
            case "calibrated":
                selected = self._select(op, target, bits)
            case "vaqf2022":
                selected = self._select_published(op, target, bits)
            case other:
                raise PassFailedException(f"profile must be calibrated or vaqf2022, got '{other}'")
        op.attributes[SELECTED_ATTRIBUTE] = DictionaryAttr(selected)

    def _select(self, module: ModuleOp, target: Target, bits: range) -> dict[str, Attribute]:
        fixed = {name: value for name in FIXED if isinstance(value := getattr(self, name), int)}
        found = select_accelerator(
            workload_of(module), load_board(self.board), self.clock_mhz, target, bits, fixed
        )
        parameters = {"activation_bits": found.bits, **found.choice.options}
        return {
            **{name: IntegerAttr(value, i64) for name, value in parameters.items()},
            "board": StringAttr(self.board),
            "clock_mhz": FloatAttr(found.clock_mhz, f64),
            "fps": FloatAttr(found.fps, f64),
        }

    def _select_published(
        self, module: ModuleOp, target: Target, bits: range
    ) -> dict[str, Attribute]:
        """The published accelerator chooses its own tiles, which engines of ours do not have."""
        check_published(self.board, self.clock_mhz)
        layers = layers_of(module)
        found = {each: Published(estimate(layers, each).fps) for each in bits}
        chosen = highest_precision(target, bits, lambda each, _: found[each])
        if chosen is None:
            raise InfeasibleError(
                f"no precision reaches {target:g} FPS with the published accelerator\n"
                f"{best_table({each: (found[each].fps, 'lut') for each in bits})}"
            )
        return {
            "activation_bits": IntegerAttr(chosen[0], i64),
            "board": StringAttr(self.board),
            "clock_mhz": FloatAttr(PUBLISHED_MHZ, f64),
            "fps": FloatAttr(chosen[1].fps, f64),
        }


def workload_of(module: ModuleOp) -> Workload:
    """
    The work of a float model. Raises PassFailedException for one that no accelerator can be built
    for.
    """
    structure = quantized_structure(module, bits=8)
    context = Context()
    # What the work is does not depend on any of these parameters.
    passes = (
        BinvitMapPass(),
        BinvitTilePass(binary_m=32, binary_n=16, int8_m=32, int8_n=16),
        BinvitUnrollPass(lanes=4),
        BinvitAllocatePass(),
    )
    for each in passes:
        each.apply(context, structure)
    return Workload.of(structure)


FIXED = (
    *("lanes", "keys", "tile_binary_m", "tile_binary_n", "tile_int8_m", "tile_int8_n"),
    *("binary_m", "binary_n", "binary_results", "int8_m", "int8_n", "int8_results"),
    "uram",
)
"""Options that are parameters of the accelerator."""
