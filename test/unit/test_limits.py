"""Models that no accelerator runs: refused by name when they are mapped, not computed wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.importer.models import load_model
from vaqf_compiler.importer.write import write_model
from vaqf_compiler.pipeline import make_context, read_module, run_passes

MODEL_FILE = Path(__file__).parent / "Inputs" / "limited_vit.py"
PASSES = "convert-torch-to-binvit,binvit-canonicalize-tokens,binvit-quantize,binvit-map"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("head_sizes_differ", "heads of 4 channels, .* of 8 channels; the attention engine is"),
        ("uneven_heads", "has heads of 6 channels, no multiple of 4"),
        ("uneven_width", "18 channels, no multiple of 4"),
        ("no_position", "nothing is added to the result of layer 'patches'"),
        ("norm_after_attention", "reads part of the residual stream"),
        ("no_head", "the model has no head: it returns the result of layer 'norm'"),
        ("all_tokens", "the model has no head: it returns the result of layer 'norm'"),
        ("logits_of_all_tokens", "the model has no head: it returns the result of layer 'head'"),
        ("head_of_the_stream", "layer 'head' reads part of the residual stream"),
        ("hidden_layer_in_the_head", "layer 'hidden'"),
    ],
)
def test_what_no_engine_runs_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
):
    model = load_model(f"{MODEL_FILE}:{name}", input_shape=(1, 3, 8, 8))
    path = tmp_path / "model.mlir"
    write_model(model, path)
    context = make_context()
    module = read_module(context, path)
    with pytest.raises(PassFailedException, match=message):
        run_passes(context, module, PASSES)
