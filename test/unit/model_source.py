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
    layers: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])
    """The last linear layer of each size."""
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
        """A linear layer: one of its own, or now and then one used before or a function."""
        if self.choose.random() < ODDITIES:
            used = self.layers.get((inputs, outputs))
            return used or self.linear_function(inputs, outputs)
        bias = self.pick(["", ""], [", bias=False"])
        layer = self.module(f"nn.Linear({inputs}, {outputs}{bias})")
        self.layers[inputs, outputs] = layer
        return layer

    def linear_function(self, inputs: int, outputs: int) -> str:
        """A linear layer of parameters that are not stored as it takes them, in brackets."""
        shapes = {
            "": (outputs, inputs),
            ".t()": (inputs, outputs),
            "[1:]": (outputs + 1, inputs),
            f"[:{outputs}]": (outputs + 1, inputs),
            f".view({outputs}, {inputs})": (inputs, outputs),
            " * 0.5": (outputs, inputs),
            ".flip(0)": (outputs, inputs),
            f".expand({outputs}, {inputs})": (1, inputs),
        }
        change = self.choose.choice(list(shapes))
        weight = f"({self.parameter(*shapes[change])}{change})"
        bias = self.parameter(outputs)
        function = self.choose.choice(
            [f"functional.linear(v, {weight}, {bias})", f"v @ {weight}.t() + {bias}"]
        )
        return f"(lambda v: {function})"

    def call(self, statement: str) -> None:
        """What is done for its effect."""
        self.body.append(statement)

    def set(self, expression: str, name: str = "x") -> None:
        self.body.append(f"{name} = {expression}")
