"""
Random small PyTorch models as source text, so that one that fails can be printed and run again:
what all of their parts are written with.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
ODDITIES = 0.06
"""Of the places where a model can be odd, the share that is."""


@dataclass
class ModelSource:
    """The source of one model as it is written: `x` is the tensor that is passed on."""

    choose: random.Random
    init: list[str] = field(default_factory=list[str])
    body: list[str] = field(default_factory=list[str])
    tokens: int = 0
    channels: int = 0
    sees_image: bool = True
    """Whether the first token depends on the image."""

    def pick(self, usual: Sequence[T], odd: Sequence[T]) -> T:
        """One of the usual choices, or now and then one of the odd ones."""
        return self.choose.choice(odd if self.choose.random() < ODDITIES else usual)

    def module(self, source: str) -> str:
        """A new member, and how it is called."""
        name = f"self.m{len(self.init)}"
        self.init.append(f"{name} = {source}")
        return name

    def parameter(self, *shape: int) -> str:
        return self.module(f"nn.Parameter(torch.randn({', '.join(map(str, shape))}) * 0.5)")

    def linear(self, inputs: int, outputs: int) -> str:
        bias = self.pick(["", ""], [", bias=False"])
        return self.module(f"nn.Linear({inputs}, {outputs}{bias})")

    def set(self, expression: str, name: str = "x") -> None:
        self.body.append(f"{name} = {expression}")
