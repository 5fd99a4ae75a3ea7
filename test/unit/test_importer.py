"""Import and conversion, proven against PyTorch's logits."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch_mlir import ir
from torch_mlir.dialects import torch as torch_dialect
from transformers import (
    DeiTConfig,
    DeiTForImageClassificationWithTeacher,
    ViTConfig,
    ViTForImageClassification,
)
from xdsl.printer import Printer

from vaqf_compiler.cli import vaqf_import
from vaqf_compiler.errors import UserError
from vaqf_compiler.importer.check import largest_difference
from vaqf_compiler.importer.models import Model, load_model
from vaqf_compiler.importer.write import write_model
from vaqf_compiler.pipeline import make_context, read_module, run_passes

INPUTS = Path(__file__).parent / "Inputs"
SIZES: dict[str, Any] = {
    "image_size": 16,
    "patch_size": 8,
    "hidden_size": 32,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_labels": 7,
}


def vaqf_import_main(*arguments: str) -> int:
    old, sys.argv = sys.argv, ["vaqf-import", *arguments]
    try:
        vaqf_import.main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    finally:
        sys.argv = old
    raise AssertionError("the tool did not exit")


def difference(model: Model, directory: Path) -> float:
    path = directory / "model.mlir"
    write_model(model, path)
    context = make_context()
    module = read_module(context, path)
    run_passes(context, module, "convert-torch-to-binvit")
    return largest_difference(model, module)[0]


VARIANT_NAMES = ["fused", "manual", "mean_pooled", "layer_scaled", "wide", "plain_tensors"]


@pytest.mark.parametrize("variant", VARIANT_NAMES)
def test_hand_written_variants_convert(tmp_path: Path, variant: str):
    source = f"{INPUTS / 'vit_variants.py'}:{variant}"
    assert difference(load_model(source, input_shape=(1, 3, 8, 8)), tmp_path) < 1e-5


def test_all_tensors_are_in_the_weights_file(tmp_path: Path):
    model = load_model(f"{INPUTS / 'vit_variants.py'}:plain_tensors", input_shape=(1, 3, 8, 8))
    write_model(model, tmp_path / "model.mlir")
    stored = load_file(tmp_path / "model.safetensors")
    torch.testing.assert_close(stored["shift"], model.module.shift)
    torch.testing.assert_close(stored["norm.factor"], model.module.norm.factor)
    torch.testing.assert_close(stored["lifted_tensor_0"], model.module.lifted_tensor_0)
    assert [1, 2, 3, 4, 5, 6] in [value.tolist() for value in stored.values()]
    named = re.findall(r"dense_resource<(.*?)>", (tmp_path / "model.mlir").read_text())
    assert set(named) == stored.keys()


def test_deit_tiny_equals_pytorch(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "model.mlir"
    assert vaqf_import_main("deit-tiny", "-o", str(path), "--check") == 0
    out = capsys.readouterr().out
    assert "deit-tiny: random weights (seed 0)" in out
    assert "check: logits differ from PyTorch's by at most" in out
    assert path.stat().st_size < 200_000, "weights are not in the IR"


@pytest.mark.long
@pytest.mark.parametrize("model", ["deit-small", "deit-base", "deit-tiny-distilled", "vit-base"])
def test_named_models_equal_pytorch(tmp_path: Path, model: str):
    assert vaqf_import_main(model, "-o", str(tmp_path / "model.mlir"), "--check") == 0


def test_a_checkpoint_directory_equals_pytorch(tmp_path: Path):
    ViTForImageClassification(ViTConfig(**SIZES)).save_pretrained(tmp_path / "checkpoint")
    model = load_model(str(tmp_path / "checkpoint"))
    assert difference(model, tmp_path) < 1e-5


def test_a_distilled_model_averages_its_heads(tmp_path: Path):
    model = DeiTForImageClassificationWithTeacher(DeiTConfig(**SIZES))
    model.save_pretrained(tmp_path / "checkpoint")
    distilled = DeiTForImageClassificationWithTeacher.from_pretrained(tmp_path / "checkpoint")

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = distilled

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return self.inner(image).logits

    assert difference(Model("distilled", Logits().eval(), (1, 3, 16, 16), ""), tmp_path) < 1e-5


def test_a_wrong_import_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = str(tmp_path / "model.mlir")
    source = f"{INPUTS / 'small_vit.py'}:build"
    arguments = (source, "--input-shape", "1x3x16x16", "-o", path, "--check")
    assert vaqf_import_main(*arguments, "--tolerance", "1e-12") == 1
    assert "the converted model differs from PyTorch's" in capsys.readouterr().err
    assert vaqf_import_main(*arguments, "--tolerance", "nan") == 2
    assert "must be a positive number, got 'nan'" in capsys.readouterr().err


def upstream_text(text: str) -> str:
    """IR as torch-mlir prints it."""
    with ir.Context() as context:
        torch_dialect.register_dialect(context)
        module = ir.Module.parse(text)
        assert module.operation.verify()
        return str(module)


def test_torch_mlir_reads_what_we_print(tmp_path: Path):
    path = tmp_path / "model.mlir"
    write_model(load_model(f"{INPUTS / 'small_vit.py'}:build", input_shape=(1, 3, 16, 16)), path)
    original = path.read_text()
    module = read_module(make_context(), path)
    for generic in (False, True):
        with (tmp_path / "printed.mlir").open("w") as stream:
            Printer(stream, print_generic_format=generic).print_op(module)
        assert upstream_text((tmp_path / "printed.mlir").read_text()) == upstream_text(original)


def test_the_generic_form_is_read(tmp_path: Path):
    path = tmp_path / "model.mlir"
    write_model(load_model(f"{INPUTS / 'small_vit.py'}:build", input_shape=(1, 3, 16, 16)), path)
    with ir.Context() as context:
        torch_dialect.register_dialect(context)
        generic = ir.Module.parse(path.read_text()).operation.get_asm(print_generic_op_form=True)
    (tmp_path / "generic.mlir").write_text(generic)
    pretty, again = (
        read_module(make_context(), tmp_path / name) for name in ("model.mlir", "generic.mlir")
    )
    assert pretty.is_structurally_equivalent(again)


def test_numbers_that_torch_mlir_writes_by_their_bits(tmp_path: Path):
    numbers = ["0x7FF0000000000000", "0xFFF0000000000000", "0x7FF8000000000000", "1234567.0"]
    lines = [f"%{place} = torch.constant.float {text}" for place, text in enumerate(numbers)]
    original = upstream_text("\n".join(lines))
    assert all(bits in original for bits in numbers[:3])
    (tmp_path / "model.mlir").write_text(original)
    module = read_module(make_context(), tmp_path / "model.mlir")
    for generic in (False, True):
        with (tmp_path / "printed.mlir").open("w") as stream:
            Printer(stream, print_generic_format=generic).print_op(module)
        assert upstream_text((tmp_path / "printed.mlir").read_text()) == original
        again = read_module(make_context(), tmp_path / "printed.mlir")
        assert str(again) == str(module)


def test_weights_are_loaded_by_name(tmp_path: Path):
    source = f"{INPUTS / 'vit_variants.py'}:fused"
    shape = (1, 3, 8, 8)
    model = load_model(source, input_shape=shape)
    state = {name: value + 1 for name, value in model.module.state_dict().items()}
    save_file(state, tmp_path / "weights.safetensors")
    loaded = load_model(source, input_shape=shape, weights=tmp_path / "weights.safetensors")
    write_model(loaded, tmp_path / "model.mlir")
    stored = load_file(tmp_path / "model.safetensors")
    torch.testing.assert_close(stored["head.weight"], state["head.weight"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head.bias": None}, "has no tensor 'head.bias'"),
        ({"extra": torch.zeros(2)}, "has a tensor the model lacks: 'extra'"),
        (
            {"head.bias": torch.zeros(2)},
            "tensor 'head.bias' of .* has shape \\(2,\\), the model expects \\(6,\\)",
        ),
    ],
)
def test_wrong_weights_are_sentences(
    tmp_path: Path, change: dict[str, torch.Tensor | None], message: str
):
    source = f"{INPUTS / 'vit_variants.py'}:fused"
    state = {**load_model(source, input_shape=(1, 3, 8, 8)).module.state_dict(), **change}
    kept = {name: value for name, value in state.items() if value is not None}
    save_file(kept, tmp_path / "weights.safetensors")
    with pytest.raises(UserError, match=message):
        load_model(source, input_shape=(1, 3, 8, 8), weights=tmp_path / "weights.safetensors")


VARIANTS = str(INPUTS / "vit_variants.py")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resnet50"], "unknown model 'resnet50'"),
        (
            ["nowhere.py:build", "--input-shape", "1x3x8x8"],
            "model file 'nowhere.py' does not exist",
        ),
        ([f"{VARIANTS}:fused"], "needs --input-shape, for example 1x3x224x224"),
        ([f"{VARIANTS}:missing", "--input-shape", "1x3x8x8"], "has no callable 'missing'"),
        (
            [f"{VARIANTS}:not_a_module", "--input-shape", "1x3x8x8"],
            "returned int, not an nn.Module",
        ),
        ([f"{VARIANTS}:fused", "--input-shape", "2x3x8x8"], "must be 1xCxHxW, got 2x3x8x8"),
        (
            [f"{VARIANTS}:fused", "--input-shape", "1x3x12x12"],
            "does not run on an image of 1x3x12x12",
        ),
        (["deit-tiny", "--weights", "nowhere.safetensors"], "'nowhere.safetensors' does not exist"),
        (["deit-tiny", "--input-shape", "1x3x8x8"], "takes 1x3x224x224, not"),
    ],
)
def test_bad_input_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
):
    assert vaqf_import_main(*arguments, "-o", str(tmp_path / "model.mlir")) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not list(tmp_path.iterdir())


DEPENDENT = """
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(192, 5)

    def forward(self, image):
        x = self.head(image.flatten(1))
        return x if x.sum() > 0 else -x

class Wrong(Model):
    def forward(self, image):
        if torch.compiler.is_exporting():
            raise ValueError("first\\nsecond")
        return super().forward(image)
"""


@pytest.mark.parametrize(
    ("name", "place", "reason", "end"),
    [
        ("Model", 12, "Could not guard on data-dependent", "depend on the values in the image"),
        ("Wrong", 17, "first", "first"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, place: int, reason: str, end: str
):
    (tmp_path / "vit.py").write_text(DEPENDENT)
    source, path = f"{tmp_path / 'vit.py'}:{name}", str(tmp_path / "model.mlir")
    assert vaqf_import_main(source, "--input-shape", "1x3x8x8", "-o", path) == 1
    error = capfd.readouterr().err
    start = f"error: torch.export cannot capture 'vit': vit.py:{place}: {reason}"
    assert error.startswith(start) and error.rstrip().endswith(end)
    assert error.count("\n") == 1


def test_what_is_not_understood_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = str(tmp_path / "model.mlir")
    source = f"{VARIANTS}:unknown"
    assert vaqf_import_main(source, "--input-shape", "1x3x8x8", "-o", path, "--check") == 1
    assert "torch.aten.sort" in capsys.readouterr().err


def test_a_checkpoint_directory_with_the_name_of_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deit-tiny").mkdir()  # such as the output of an earlier run: no checkpoint
    load_model("deit-tiny")
    (tmp_path / "deit-tiny" / "config.json").write_text("{}")
    with pytest.raises(UserError, match=r"write '\./deit-tiny' for the checkpoint, or rename"):
        load_model("deit-tiny")
