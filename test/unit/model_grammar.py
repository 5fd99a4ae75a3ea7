"""
Random small PyTorch models from a grammar: Vision Transformers of a few operations, in many
spellings, each part of which may be replaced by something that looks like it but is not.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from model_attention import ModelAttention
from torch import nn
from torch.nn import functional


def random_source(seed: int) -> tuple[str, tuple[int, ...]]:
    """The source of a model, a class `Model`, and the shape of its image."""
    grammar = ModelAttention(random.Random(seed))
    shape = grammar.image()
    grammar.embeddings()
    parts: list[Callable[[], None]] = [grammar.attention, grammar.mlp, grammar.norm]
    for _ in range(grammar.choose.choice([0, 1, 1, 2])):
        grammar.moved()
        grammar.choose.choice(parts)()
    grammar.moved()
    if grammar.choose.random() < 0.5:
        grammar.norm()
    grammar.pool_and_head()
    lines = [
        "class Model(nn.Module):",
        "    def __init__(self):",
        "        super().__init__()",
        *(f"        {line}" for line in grammar.init),
        "",
        "    def forward(self, image):",
        *(f"        {line}" for line in grammar.body),
        "        return x",
    ]
    return "\n".join(lines), tuple(int(size) for size in shape.split(", "))


def build(source: str, seed: int) -> nn.Module:
    """The model that a source describes, with random parameters of its own, none at its default."""
    names: dict[str, object] = {"nn": nn, "torch": torch, "functional": functional}
    torch.manual_seed(seed)
    exec(source, names)
    make = names["Model"]
    assert isinstance(make, type)
    model = make()
    assert isinstance(model, nn.Module)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim < 2:
                parameter.add_(torch.randn(parameter.shape) * 0.3)
    return model.eval()
