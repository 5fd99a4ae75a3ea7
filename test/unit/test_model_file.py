"""Models from a user's Python file: what Python runs loads, all else is a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vaqf_compiler.errors import UserError
from vaqf_compiler.importer.models import load_model

SHAPE = (1, 3, 8, 8)
HEAD = """
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        self.head = nn.Linear(192, classes)

    def forward(self, image):
        return self.result(self.head(image.flatten(1)))

    def result(self, logits):
        return logits
"""


def model_file(directory: Path, code: str, name: str = "model.py") -> str:
    (directory / name).write_text(HEAD + code)
    return str(directory / name)


@pytest.mark.parametrize(
    "code",
    [
        "def build(): return Model()",
        "build = Model",
        "build = Model()",
        "build = torch.compile(Model())",
        "build = nn.DataParallel(Model())",
        "import functools; build = functools.partial(Model, 7)",
        "def build(): return Model().train()",
    ],
)
def test_what_makes_a_model(tmp_path: Path, code: str):
    model = load_model(f"{model_file(tmp_path, code)}:build", input_shape=SHAPE)
    assert type(model.module).__name__ == "Model"
    assert not model.module.training


def test_dataclasses_with_postponed_annotations(tmp_path: Path):
    code = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + HEAD
    code += "@dataclass\nclass Config:\n    classes: int = 5\n"
    (tmp_path / "config.py").write_text(code + "def build(): return Model(Config().classes)")
    assert load_model(f"{tmp_path / 'config.py'}:build", input_shape=SHAPE).name == "config"


def test_files_beside_it_are_its_own(tmp_path: Path):
    """Two models, each with another file of the same name beside it."""
    for name, classes in (("a", 3), ("b", 4)):
        (tmp_path / name).mkdir()
        model_file(tmp_path / name, f"CLASSES = {classes}", "beside.py")
        source = tmp_path / name / "model.py"
        source.write_text("import beside\ndef build(): return beside.Model(beside.CLASSES)")
        module = load_model(f"{source}:build", input_shape=SHAPE).module
        assert module(torch.zeros(SHAPE)).shape == (1, classes)
    assert "beside" not in sys.modules
    assert str(tmp_path / "b") not in sys.path


def test_logits_of_a_record(tmp_path: Path):
    code = """
from transformers.modeling_outputs import ImageClassifierOutput
class Record(Model):
    def result(self, logits): return ImageClassifierOutput(logits=logits)
"""
    model = load_model(f"{model_file(tmp_path, code)}:Record", input_shape=SHAPE)
    assert model.module(torch.zeros(SHAPE)).shape == (1, 5)
    assert model.parameter_name("model.head.weight") == "head.weight"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_floating_point_becomes_float32(tmp_path: Path, dtype: str):
    source = model_file(tmp_path, f"def build(): return Model().to(torch.{dtype})")
    model = load_model(f"{source}:build", input_shape=SHAPE)
    assert {parameter.dtype for parameter in model.module.parameters()} == {torch.float32}
    assert model.weights_note.endswith(f"; converted from {dtype} to float32")


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "model.module."])
def test_weights_under_names_of_wrappers(tmp_path: Path, prefix: str):
    source = f"{model_file(tmp_path, '')}:Model"
    state = {"head.weight": torch.rand(5, 192), "head.bias": torch.rand(5).half()}
    path = tmp_path / "weights.safetensors"
    save_file({prefix + name: value for name, value in state.items()}, path)
    model = load_model(source, input_shape=SHAPE, weights=path)
    for name, value in model.module.state_dict().items():
        assert torch.equal(value, state[name].float())
    assert "converted from float16 to float32" in model.weights_note
    assert f"weights from {path}" in model.weights_note


def test_tied_weights_are_in_a_file_once(tmp_path: Path):
    code = """
class Tied(Model):
    def __init__(self):
        super().__init__()
        self.again = self.head
"""
    path = tmp_path / "weights.safetensors"
    save_file({"head.weight": torch.ones(5, 192), "again.bias": torch.ones(5)}, path)
    model = load_model(f"{model_file(tmp_path, code)}:Tied", input_shape=SHAPE, weights=path)
    assert all(bool((value == 1).all()) for value in model.module.state_dict().values())


SHARING = {
    "tied": "nn.Linear(192, 5); self.again.weight = self.head.weight",
    "a part": "nn.Linear(192, 2); self.again.weight = nn.Parameter(self.head.weight.data[:2])",
}


@pytest.mark.parametrize("changed", ["head.weight", "again.weight"])
@pytest.mark.parametrize("sharing", SHARING)
def test_different_weights_of_what_shares_them(tmp_path: Path, sharing: str, changed: str):
    code = f"""
class Tied(Model):
    def __init__(self):
        super().__init__()
        self.again = {SHARING[sharing]}
"""
    source = f"{model_file(tmp_path, code)}:Tied"
    state = load_model(source, input_shape=SHAPE).module.state_dict()
    path = tmp_path / "weights.safetensors"
    save_file({name: value.clone() for name, value in state.items()}, path)
    load_model(source, input_shape=SHAPE, weights=path)
    save_file({n: v + 1 if n == changed else v.clone() for n, v in state.items()}, path)
    message = "the model has the tensors 'again.weight', 'head.weight' in one place, but the "
    with pytest.raises(UserError, match=message):
        load_model(source, input_shape=SHAPE, weights=path)


def test_weights_that_cannot_be_put_into_the_model(tmp_path: Path):
    code = """
class Spread(Model):
    def __init__(self):
        super().__init__()
        self.register_buffer("spread", torch.ones(1).expand(5))
"""
    path = tmp_path / "weights.safetensors"
    tensors = {"head.weight": torch.ones(5, 192), "head.bias": torch.ones(5)}
    save_file({**tensors, "spread": torch.ones(5)}, path)
    with pytest.raises(UserError, match="PyTorch cannot load its tensors: RuntimeError: "):
        load_model(f"{model_file(tmp_path, code)}:Spread", input_shape=SHAPE, weights=path)


@pytest.mark.parametrize("name", [b"m\xff.py", b"\xff/model.py"])
def test_a_path_that_is_no_text(tmp_path: Path, name: bytes):
    path = tmp_path / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD)
    with pytest.raises(UserError, match="is no text in UTF-8; give the file another name"):
        load_model(f"{path}:Model", input_shape=SHAPE)


def test_a_path_outside_the_encoding_of_the_locale(tmp_path: Path):
    (tmp_path / "möd el.py").write_text(HEAD)
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from vaqf_compiler.importer.models import load_model\n"
        "(path,) = Path(sys.argv[1]).glob('m*.py')\n"
        "print(load_model(f'{path}:Model', input_shape=(1, 3, 8, 8)))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    posix = {**os.environ, "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    found = subprocess.run(command, env=posix, capture_output=True, check=False)
    assert "has a name outside the locale's encoding; set PYTHONUTF8=1" in found.stderr.decode()
    found = subprocess.run(command, env={**posix, "PYTHONUTF8": "1"}, capture_output=True)
    assert not found.returncode, found.stderr.decode()


RESULT = "class Other(Model):\n    def result(self, logits): return "


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def build(): return 1", "returned int, not an nn.Module"),
        ("def build(): return Model(), 1", "returned tuple, not an nn.Module"),
        ("def build(size): return Model(size)", "takes arguments (size); write a function"),
        ("build = 3", "has no callable 'build'"),
        ("other = Model", "has no callable 'build'"),
        ("def build() return Model()", "model.py:15: expected ':'"),
        ("import nowhere", "model.py:15: ModuleNotFoundError: No module named 'nowhere'"),
        ("def build():\n    raise KeyError('depth')", "model.py:16: KeyError: 'depth'"),
        ("import sys; sys.exit(2)", "model.py:15: SystemExit: 2"),
        ("def build(): return nn.Identity()", "the model has no parameters"),
        ("def build(): return Model().to('meta')", "'head.weight' is on the meta device"),
        ("build = nn.LazyLinear(3)", "'weight' has no shape before the model has run"),
        (
            "def build():\n    m = Model()\n"
            "    m.table = nn.Parameter(torch.ones(3, dtype=torch.int8), requires_grad=False)\n"
            "    return m",
            "parameter 'table' is int8",
        ),
        (
            "def build():\n    m = Model()\n    m.head.bias.data[2] = float('nan')\n    return m",
            "tensor 'head.bias' has NaN: 1 of 5",
        ),
        (f"{RESULT}(logits, 1)\nbuild = Other", "returns a tuple of 2; wrap it"),
        (f"{RESULT}{{'a': logits}}\nbuild = Other", "returns a dict of 1; wrap it"),
        (f"{RESULT}nn.functional.dropout(logits)\nbuild = Other", "draws random numbers"),
        (f"{RESULT}logits.view(7)\nbuild = Other", "model.py:16: RuntimeError: shape '[7]'"),
        ("def build(): return nn.Conv2d(1, 2, 3)", "does not run on an image of 1x3x8x8"),
    ],
)
def test_what_is_no_model_is_a_sentence(tmp_path: Path, code: str, message: str):
    with pytest.raises(UserError) as error:
        load_model(f"{model_file(tmp_path, code)}:build", input_shape=SHAPE)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_no_image_has_so_many_pixels(tmp_path: Path):
    source = f"{model_file(tmp_path, '')}:Model"
    with pytest.raises(UserError, match="1x3x100000000x100000000 has more than 67,108,864 values"):
        load_model(source, input_shape=(1, 3, 10**8, 10**8))
