"""Evaluation of a point: the fastest accelerator for a model on a board at a precision."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.cost.layers import layers_of
from vaqf_compiler.cost.vaqf2022 import estimate
from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.board import RESOURCES, load_board
from vaqf_compiler.ir_text import parse_module
from vaqf_compiler.passes.binvit_select_precision import workload_of
from vaqf_compiler.pipeline import make_context, run_passes
from vaqf_compiler.search.best import Search
from vaqf_compiler.search.select import bottleneck_of
from vaqf_compiler.sweep.point import Json, Point


def evaluate_point(
    point: Point,
    *,
    input_shape: tuple[int, ...] | None,
    fixed: tuple[tuple[str, int], ...],
    check: bool = False,
) -> Mapping[str, Json]:
    """
    Frame rate, cycles, resources and parameters of a point, or `feasible` false if nothing fits.
    With `check`, a model is compared with PyTorch before its first point. Raises the errors of
    importing a model, and PassFailedException if the given parameters `fixed` rule out every
    accelerator.
    """
    if point.profile == "vaqf2022":
        published = estimate(layers_of(_model(point.model, input_shape, check)), point.bits)
        return {"feasible": True, "fps": published.fps, "cycles": published.cycles}
    search = search_of(point.model, input_shape, point.board, point.clock_mhz, fixed, check)
    found = search.best(point.bits)
    if found is None:
        return {"feasible": False, "fps": None}
    return {
        "feasible": True,
        "fps": found.fps,
        "cycles": found.cycles,
        "used_clock_mhz": found.clock_mhz,
        "bottleneck": bottleneck_of(search, found),
        **{name: float(getattr(found.resources, name)) for name in RESOURCES},
        **found.choice.options,
    }


@cache
def _model(name: str, input_shape: tuple[int, ...] | None, check: bool) -> ModuleOp:
    """The float module of a model, without weights; with `check`, it is compared with PyTorch."""
    from vaqf_compiler.importer.check import check_against_pytorch
    from vaqf_compiler.importer.models import load_model
    from vaqf_compiler.importer.torch_export import ImportedModel, import_model

    model = load_model(name, input_shape=input_shape)

    def imported_once() -> ImportedModel:
        return import_model(model, "weights.safetensors")

    try:
        imported = imported_once()
    except UserError:
        # On a busy worker, torch.export has been seen to mistake a constant for a traced value, but
        # not when it was tried again. An error of the model itself occurs both times.
        imported = imported_once()
    context = make_context()
    module = parse_module(context, imported.text, name)
    run_passes(context, module, "convert-torch-to-binvit,binvit-canonicalize-tokens")
    if check:
        weights = {key: value.numpy() for key, value in imported.tensors.items()}
        check_against_pytorch(model, module, weights)
    return module


@cache
def search_of(
    model: str,
    input_shape: tuple[int, ...] | None,
    board: str,
    clock_mhz: float | None,
    fixed: tuple[tuple[str, int], ...],
    check: bool = False,
) -> Search:
    """The search for a model on a board, which serves all precisions."""
    found = load_board(board)
    workload = workload_of(_model(model, input_shape, check))
    return Search(workload, found, found.clock_mhz if clock_mhz is None else clock_mhz, dict(fixed))
