"""Weights from checkpoints and files: all of them are used, or a sentence says why not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    BertConfig,
    DeiTConfig,
    DeiTForImageClassificationWithTeacher,
    ViTConfig,
    ViTForImageClassification,
    ViTModel,
)

from vaqf_compiler.errors import UserError
from vaqf_compiler.importer.models import load_model

SIZES: dict[str, Any] = {
    "image_size": 16,
    "patch_size": 8,
    "hidden_size": 32,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_labels": 7,
}
State = dict[str, torch.Tensor]
PUBLISHED = (
    (r"^vit\.layers\.", "vit.encoder.layer."),
    (r"\.attention\.q_proj", ".attention.attention.query"),
    (r"\.attention\.k_proj", ".attention.attention.key"),
    (r"\.attention\.v_proj", ".attention.attention.value"),
    (r"\.attention\.o_proj", ".attention.output.dense"),
    (r"\.mlp\.fc1", ".intermediate.dense"),
    (r"\.mlp\.fc2", ".output.dense"),
)
"""From transformers' names to those that the published files of ViT and DeiT have."""


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The directory of a ViT's checkpoint, with the names of its module."""
    torch.manual_seed(1)
    model, directory = ViTForImageClassification(ViTConfig(**SIZES)), tmp_path / "vit"
    model.save_pretrained(directory)  # under the published names
    save_file(dict(model.state_dict()), directory / "model.safetensors", {"format": "pt"})
    return directory


def state_of(directory: Path) -> State:
    return load_file(directory / "model.safetensors")


def rewrite(directory: Path, change: Callable[[State], State]) -> State:
    """Change the tensors of a checkpoint; what they were."""
    state = state_of(directory)
    save_file(change(dict(state)), directory / "model.safetensors", metadata={"format": "pt"})
    return state


def configure(directory: Path, **values: Any) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def published(name: str) -> str:
    for pattern, replacement in PUBLISHED:
        name = re.sub(pattern, replacement, name)
    return name


def check_weights(module: nn.Module, expected: State) -> None:
    """All parameters are those of `expected`."""
    found = {name.removeprefix("model."): value for name, value in module.state_dict().items()}
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value.float()), name


def renamed(state: State, rename: Callable[[str], str]) -> State:
    return {rename(name): value.clone() for name, value in state.items()}


NAMES: dict[str, tuple[Callable[[str], str], str]] = {
    "compiled": (lambda name: f"_orig_mod.{name}", "'_orig_mod.' taken off their names"),
    "parallel": (lambda name: f"module.{name}", "'module.' taken off their names"),
    "trained": (
        lambda name: f"model.module.{name}",
        "'model.', 'module.' taken off their names",
    ),
    "compiled block": (
        lambda name: "module." + name.replace("layers.1.", "layers.1._orig_mod."),
        "'_orig_mod.', 'module.' taken off their names",
    ),
    "published": (published, ""),
    "both": (lambda name: f"module.{published(name)}", "'module.' taken off their names"),
}


@pytest.mark.parametrize(("rename", "note"), NAMES.values(), ids=NAMES)
def test_names_of_wrappers_and_older_releases(
    checkpoint: Path, rename: Callable[[str], str], note: str
):
    expected = rewrite(checkpoint, lambda state: renamed(state, rename))
    model = load_model(str(checkpoint))
    check_weights(model.module, expected)
    assert model.weights_note == "; ".join(filter(None, [f"weights from {checkpoint}", note]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_point_becomes_float32(checkpoint: Path, dtype: torch.dtype):
    rewrite(checkpoint, lambda state: {name: value.to(dtype) for name, value in state.items()})
    configure(checkpoint, dtype=str(dtype).removeprefix("torch."))
    model = load_model(str(checkpoint))
    check_weights(model.module, state_of(checkpoint))
    assert f"converted from {str(dtype).removeprefix('torch.')} to float32" in model.weights_note


def test_shards(checkpoint: Path):
    state = state_of(checkpoint)
    (checkpoint / "model.safetensors").unlink()
    half = len(state) // 2
    places = {name: f"{index // half}.safetensors" for index, name in enumerate(state)}
    for shard in set(places.values()):
        part = {name: value for name, value in state.items() if places[name] == shard}
        save_file(part, checkpoint / shard)
    (checkpoint / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    check_weights(load_model(str(checkpoint)).module, state)
    (checkpoint / "0.safetensors").unlink()
    with pytest.raises(UserError, match=r"'.*0\.safetensors' does not exist"):
        load_model(str(checkpoint))


def test_pickled_tensors(checkpoint: Path):
    state = state_of(checkpoint)
    (checkpoint / "model.safetensors").unlink()
    torch.save(state, checkpoint / "pytorch_model.bin")
    check_weights(load_model(str(checkpoint)).module, state)


def test_a_distilled_checkpoint_keeps_both_heads(tmp_path: Path):
    model = DeiTForImageClassificationWithTeacher(DeiTConfig(**SIZES))
    model.save_pretrained(tmp_path)
    check_weights(load_model(str(tmp_path)).module, dict(model.state_dict()))


def test_what_a_classifier_does_not_use_is_said(checkpoint: Path):
    pooler = {"vit.pooler.dense.weight": torch.ones(32, 32)}
    expected = rewrite(checkpoint, lambda state: state | pooler)
    model = load_model(str(checkpoint))
    check_weights(model.module, expected)
    assert model.weights_note.endswith("; 'vit.pooler.dense.weight' not used")


def test_a_picture_need_not_be_square(tmp_path: Path):
    sizes: dict[str, Any] = {**SIZES, "image_size": (16, 24)}
    ViTForImageClassification(ViTConfig(**sizes)).save_pretrained(tmp_path)
    assert load_model(str(tmp_path)).input_shape == (1, 3, 16, 24)


def put(name: str, value: float) -> Callable[[State], State]:
    def change(state: State) -> State:
        state[name].view(-1)[0] = value
        return state

    return change


CHANGES: dict[str, tuple[Callable[[State], State], str]] = {
    "no head": (
        lambda state: {n: v for n, v in state.items() if "classifier" not in n},
        "lacks 2 tensors of the model: 'classifier.bias', 'classifier.weight'",
    ),
    "no layer": (
        lambda state: {n: v for n, v in state.items() if "layers.1." not in n},
        "lacks 16 tensors of the model: 'vit.layers.1.attention.k_proj.bias', .* and 13 more",
    ),
    "one layer too many": (
        lambda state: state | {"vit.layers.2.mlp.fc1.bias": torch.ones(64)},
        "a tensor the model lacks: 'vit.layers.2.mlp.fc1.bias'",
    ),
    "foreign": (
        lambda state: renamed(state, lambda name: f"unheard.of.{name}"),
        "lacks 40 tensors .*; it has 40 tensors the model lacks",
    ),
    "twice": (
        # Two values for one parameter, of which transformers takes one without a word.
        lambda state: renamed(state, published) | {n: v + 1 for n, v in state.items()},
        "tensors the model lacks",
    ),
    "twice wrapped": (
        lambda state: state | {f"_orig_mod.{n}": v + 1 for n, v in state.items()},
        "same name with and without '_orig_mod.'",
    ),
    "shape": (
        lambda state: {n: v[:3] if n.startswith("classifier") else v for n, v in state.items()},
        r"'classifier.bias' of the file has shape \(3,\), the model expects \(7,\) "
        r"\(and 1 more",
    ),
    "nan": (put("classifier.weight", float("nan")), "'classifier.weight' has NaN: 1 of 224"),
    "infinity": (
        put("classifier.bias", float("-inf")),
        "'classifier.bias' has infinity: 1 of 7",
    ),
    "beyond float32": (
        lambda state: (
            {n: v.double() for n, v in put("classifier.bias", 1)(state).items()}
            | {"classifier.bias": torch.full((7,), 1e300, dtype=torch.float64)}
        ),
        "'classifier.bias' has numbers beyond float32's range",
    ),
    "integers": (
        lambda state: state | {"classifier.weight": torch.ones(7, 32, dtype=torch.int8)},
        "'classifier.weight' is int8, not",
    ),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_nothing_stays_random(checkpoint: Path, change: Callable[[State], State], message: str):
    """A checkpoint that does not give each parameter a number is refused."""
    rewrite(checkpoint, lambda state: {n: v.clone() for n, v in change(state).items()})
    with pytest.raises(UserError, match=f"cannot load checkpoint '{checkpoint}': .*{message}"):
        load_model(str(checkpoint))


def test_a_backbone_alone_is_refused(tmp_path: Path):
    ViTModel(ViTConfig(**SIZES)).save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"lacks 2 tensors of the model: 'classifier\.bias'"):
        load_model(str(tmp_path))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"id2label": {str(i): str(i) for i in range(3)}}, r"has shape \(7,\), .* expects \(3,\)"),
        ({"image_size": 32}, "'vit.embeddings.position_embeddings' of the file has shape"),
        ({"image_size": "large"}, "config.json"),
        ({"image_size": 10**8, "patch_size": 10**7}, "has more than"),
        ({"hidden_act": "geluu"}, "unknown hidden_act 'geluu'"),
        ({"num_attention_heads": 0}, "the model cannot be built|config.json cannot be used"),
        ({"num_hidden_layers": 10**12}, "tensors for 1000000000000 layers"),
        ({"model_type": "vitt"}, "unknown model_type 'vitt'"),
        ({"model_type": ["vit"]}, "unknown model_type"),
        ({"quantization_config": {"load_in_8bit": True}}, "its weights are quantised"),
        ({"auto_map": {"AutoModel": "x.Y"}}, "Python code of its own"),
    ],
)
def test_configurations_that_do_not_fit(checkpoint: Path, values: dict[str, Any], message: str):
    configure(checkpoint, **values)
    with pytest.raises(UserError, match=f"cannot load checkpoint '.*': .*({message})"):
        load_model(str(checkpoint))


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 346293852\n"


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("config.json", None, "it has no config.json"),
        ("config.json", b"{", "is not JSON"),
        ("config.json", b"[]", "holds no JSON object"),
        ("config.json", b"\xff\xfe", "is not JSON"),
        ("config.json", b'{"architecture": "vit_tiny"}', "checkpoint of timm"),
        ("config.json", json.dumps(BertConfig().to_dict()).encode(), "no image classifier"),
        ("model.safetensors", None, "it has no weights"),
        ("model.safetensors", b"", "is empty"),
        ("model.safetensors", POINTER.encode(), "Git LFS pointer, .* run 'git lfs pull'"),
        ("model.safetensors", b"\x00" * 100, "is not a .safetensors file"),
    ],
)
def test_damaged_files(checkpoint: Path, name: str, contents: bytes | None, message: str):
    if contents is None:
        (checkpoint / name).unlink()
    else:
        (checkpoint / name).write_bytes(contents)
    with pytest.raises(UserError, match=f"cannot load checkpoint '{checkpoint}': .*{message}"):
        load_model(str(checkpoint))


def test_half_a_download(checkpoint: Path):
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match="ends before its last tensor; download it again"):
        load_model(str(checkpoint))


def test_a_directory_in_place_of_a_file(checkpoint: Path):
    (checkpoint / "model.safetensors").unlink()
    (checkpoint / "model.safetensors").mkdir()
    with pytest.raises(UserError, match=r"'.*model\.safetensors' is a directory"):
        load_model(str(checkpoint))


def test_a_file_that_may_not_be_read(checkpoint: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match=r"cannot load .*: Permission denied"):
        load_model(str(checkpoint))


PICKLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "pointer": (lambda path: path.write_text(POINTER), "Git LFS pointer"),
    "damaged": (lambda path: path.write_bytes(b"\x80\x02garbage"), "not loaded, or is damaged"),
    "module": (lambda path: torch.save(nn.Linear(2, 2), path), "holds Python objects"),
    "training": (lambda path: torch.save({"epoch": 3}, path), "more than tensors by name"),
}


@pytest.mark.parametrize(("write", "message"), PICKLES.values(), ids=PICKLES)
def test_damaged_pickles(checkpoint: Path, write: Callable[[Path], object], message: str):
    (checkpoint / "model.safetensors").unlink()
    write(checkpoint / "pytorch_model.bin")
    with pytest.raises(UserError, match=f"cannot load checkpoint '.*': .*({message})"):
        load_model(str(checkpoint))


def test_an_adapter_is_not_a_model(tmp_path: Path):
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(UserError, match="adapter without its model; merge"):
        load_model(str(tmp_path))


def test_published_weights_of_a_named_model(tmp_path: Path):
    config = ViTConfig(hidden_size=192, num_attention_heads=3, intermediate_size=768)
    config.num_labels = 1000
    state = dict(ViTForImageClassification(config).state_dict())
    save_file(renamed(state, published), tmp_path / "model.safetensors")
    model = load_model("deit-tiny", weights=tmp_path / "model.safetensors")
    check_weights(model.module, state)
    assert model.weights_note == f"weights from {tmp_path / 'model.safetensors'}"


def test_weights_in_place_of_a_checkpoints_own(checkpoint: Path, tmp_path: Path):
    state = renamed(state_of(checkpoint), published)
    save_file({name: value + 1 for name, value in state.items()}, tmp_path / "other.safetensors")
    model = load_model(str(checkpoint), weights=tmp_path / "other.safetensors")
    check_weights(model.module, {n: v + 1 for n, v in state_of(checkpoint).items()})
