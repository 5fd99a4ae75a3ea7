"""What cannot be converted is named by its layer and the line of the model's Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_project import tool
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.cli import vaqf_opt
from vaqf_compiler.cli.errors import describe
from vaqf_compiler.errors import OperationError
from vaqf_compiler.importer.models import load_model
from vaqf_compiler.importer.torch_export import import_model
from vaqf_compiler.importer.write import write_model
from vaqf_compiler.ir_text import parse_module
from vaqf_compiler.locations import describe_location
from vaqf_compiler.pipeline import make_context, run_passes

HEAD = """
from types import SimpleNamespace
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn = nn.Linear(8, 8)
        self.change = Change()

    def forward(self, x):
        return self.change(self.attn(x))

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.blocks = nn.ModuleList([Block()])
        self.head = nn.Linear(8, 5)

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return self.head(x[:, 0])

class Change(nn.Module):
    def forward(self, x):
"""
RETURN = "        return "
FLIP = f"{RETURN}x.flip(1)\n"
LINE = HEAD.count("\n") + 1
"""Of what is appended to the file."""
WHOLE = f"{RETURN}x\n\nclass Whole(Model):\n    def forward(self, image):\n"
"""A model with something after its last layer."""


def imported(source: str) -> ModuleOp:
    model = load_model(source, input_shape=(1, 3, 8, 8))
    return parse_module(make_context(), import_model(model, "w.safetensors").text, "1-torch.mlir")


def refusal(source: str) -> str:
    with pytest.raises(OperationError) as caught:
        run_passes(make_context(), imported(source), "convert-torch-to-binvit")
    return describe(caught.value) or ""


@pytest.mark.parametrize(
    ("code", "name", "place"),
    [
        (
            FLIP,
            "Model",
            f"{LINE}: error: in layer 'blocks.0.change': cannot convert torch.aten.flip ",
        ),
        # In place, which torch.export replaces.
        (
            f"        x.sin_()\n{RETURN}x\n",
            "Model",
            f"{LINE}: error: in layer 'blocks.0.change': cannot convert torch.aten.sin ",
        ),
        # In a layer of PyTorch's: the line that calls it.
        (
            f"{RETURN}x\n\nChange = nn.Tanh\n",
            "Model",
            "13: error: in layer 'blocks.0.change': cannot convert torch.aten.tanh ",
        ),
        # In a function: the line of forward() that calls it.
        (
            f"{RETURN}flip(x)\n\ndef flip(x):\n    return x.flip(1)\n",
            "Model",
            f"{LINE}: error: in layer 'blocks.0.change': cannot convert torch.aten.flip ",
        ),
        # In no layer, and in a model that returns a record.
        (
            f"{WHOLE}{RETURN}super().forward(image).flip(1)\n",
            "Whole",
            f"{LINE + 4}: error: cannot convert torch.aten.flip ",
        ),
        (
            f"{FLIP}{WHOLE}{RETURN}SimpleNamespace(logits=super().forward(image))\n",
            "Whole",
            f"{LINE}: error: in layer 'blocks.0.change': cannot convert torch.aten.flip ",
        ),
    ],
)
def test_a_refusal_names_layer_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, name: str, place: str
):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "vit.py").write_text(HEAD + code)
    monkeypatch.chdir(tmp_path)
    assert refusal(f"models/vit.py:{name}").startswith(f"models/vit.py:{place}")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("super().forward(image) + super().forward(image)", "cannot quantise binvit.add: "),
        ("self.head(self.patches(image).flatten(2).transpose(1, 2).mean(1))", "no engine computes"),
    ],
)
def test_later_refusals_name_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], result: str, message: str
):
    (tmp_path / "vit.py").write_text(f"{HEAD}{WHOLE}{RETURN}{result}\n")
    model = load_model(f"{tmp_path / 'vit.py'}:Whole", input_shape=(1, 3, 8, 8))
    write_model(model, tmp_path / "model.mlir")
    pipeline = "convert-torch-to-binvit,binvit-canonicalize-tokens,binvit-quantize,binvit-map"
    assert tool(vaqf_opt.main, str(tmp_path / "model.mlir"), "-p", pipeline) == 1
    assert f"vit.py:{LINE + 4}: error: {message}" in capsys.readouterr().err


def test_tokens_stay_at_their_lines():
    """Where positions are added to parts of the tokens, and a token is selected first."""
    text = """
builtin.module {
  func.func @main(%x: tensor<4x8xf32>) -> tensor<1x8xf32> {
    %c = binvit.parameter "c" : tensor<1x8xf32>
    %p = binvit.parameter "p" : tensor<5x8xf32>
    %g = binvit.parameter "g" : tensor<8xf32>
    %t = binvit.concat_tokens %c, %x : (tensor<1x8xf32>, tensor<4x8xf32>) -> tensor<5x8xf32>
    %s = binvit.add %t, %p : (tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
    %n = binvit.layer_norm %s, %g, %g epsilon 0.1 : (tensor<5x8xf32>, tensor<8xf32>, tensor<8xf32>)
      -> tensor<5x8xf32>
    %r = binvit.select_token %n at 0 : tensor<5x8xf32> -> tensor<1x8xf32>
    return %r : tensor<1x8xf32>
  }
}
"""
    module = parse_module(make_context(), text, "m.mlir")
    run_passes(make_context(), module, "binvit-canonicalize-tokens")
    lines = {"concat_tokens": 7, "add": 8, "layer_norm": 9, "select_token": 11}
    found = {
        (op.name.removeprefix("binvit."), describe_location(op.location)) for op in module.walk()
    }
    for name, line in lines.items():
        assert (name, f"m.mlir:{line}:5") in found


def test_a_line_of_an_imported_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "the_blocks.py").write_text(HEAD + FLIP)
    (tmp_path / "vit.py").write_text("from the_blocks import Model")
    monkeypatch.chdir(tmp_path)
    assert refusal("vit.py:Model").startswith(
        f"the_blocks.py:{LINE}: error: in layer 'blocks.0.change'"
    )


def test_no_line_is_the_models_own(tmp_path: Path):
    code = (
        "from torch import nn\ndef build():\n    return nn.Sequential(nn.Linear(8, 8), nn.Tanh())"
    )
    (tmp_path / "vit.py").write_text(code)
    message = refusal(f"{tmp_path / 'vit.py'}:build")
    assert message.startswith("1-torch.mlir:")
    assert "error: in layer '0': cannot convert torch.aten.linear" in message


def test_paths_do_not_depend_on_the_machine(tmp_path: Path):
    """A file from elsewhere is known by its name, in any alphabet."""
    folder = tmp_path / "modèle"
    folder.mkdir()
    (folder / "vît.py").write_text(HEAD + FLIP)
    source = f"{folder / 'vît.py'}:Model"
    text = import_model(load_model(source, input_shape=(1, 3, 8, 8)), "w.safetensors").text
    assert str(tmp_path) not in text
    assert refusal(source).startswith(f"vît.py:{LINE}: error: in layer 'blocks.0.change'")


def test_an_installed_library_by_the_name_of_its_module():
    text = import_model(load_model("deit-tiny"), "w.safetensors").text
    assert '("transformers/models/vit/modeling_vit.py":' in text
    assert 'loc("vit.layers.0.attention.q_proj"(' in text
    assert 'loc("classifier"(' in text
