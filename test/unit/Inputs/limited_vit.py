"""Vision Transformers that import and quantise, but that no accelerator of ours runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

CHANNELS, PATCH = 16, 4


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, heads: int) -> torch.Tensor:
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    y = nn.functional.scaled_dot_product_attention(q, k, v)
    return y.transpose(1, 2).flatten(2)


class Attention(nn.Module):
    def __init__(self, channels: int, heads: int, head_size: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (
            nn.Linear(channels, heads * head_size) for _ in range(3)
        )
        self.out = nn.Linear(heads * head_size, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(attention(self.query(x), self.key(x), self.value(x), self.heads))


class Vit(nn.Module):
    """Layers of attention with heads of some sizes, then what `end` makes of the tokens."""

    def __init__(
        self,
        *sizes: tuple[int, int],
        channels: int = CHANNELS,
        position: bool = True,
        pre_norm: bool = True,
        end: Callable[[Any, torch.Tensor], torch.Tensor],
    ):
        super().__init__()
        torch.manual_seed(0)
        self.patches = nn.Conv2d(3, channels, PATCH, PATCH)
        self.position = nn.Parameter(torch.randn(1, 4, channels)) if position else None
        self.layers = nn.ModuleList(Attention(channels, *size) for size in sizes)
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in sizes)
        self.norm = nn.LayerNorm(channels)
        self.hidden, self.head = nn.Linear(channels, channels), nn.Linear(channels, 6)
        self.pre_norm, self.end = pre_norm, end

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        if self.position is not None:
            x = x + self.position
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = x + layer(norm(x)) if self.pre_norm else norm(x + layer(x))
        return self.end(self, x)


def classify(model: Any, x: torch.Tensor) -> torch.Tensor:
    return model.head(model.norm(x)[:, 0])


def head_sizes_differ() -> nn.Module:
    return Vit((2, 8), (2, 4), end=classify)


def uneven_heads() -> nn.Module:
    return Vit((2, 6), end=classify)


def uneven_width() -> nn.Module:
    return Vit((2, 8), channels=18, end=classify)


def no_position() -> nn.Module:
    return Vit((2, 8), position=False, end=classify)


def norm_after_attention() -> nn.Module:
    return Vit((2, 8), pre_norm=False, end=classify)


def no_head() -> nn.Module:
    return Vit((2, 8), end=lambda model, x: model.norm(x)[:, 0])


def all_tokens() -> nn.Module:
    return Vit((2, 8), end=lambda model, x: model.norm(x))


def no_layers() -> nn.Module:
    return Vit(end=classify)


def logits_of_all_tokens() -> nn.Module:
    return Vit((2, 8), end=lambda model, x: model.head(model.norm(x)))


def head_of_the_stream() -> nn.Module:
    return Vit((2, 8), end=lambda model, x: model.head(x[:, 0]))


def hidden_layer_in_the_head() -> nn.Module:
    return Vit((2, 8), end=lambda model, x: model.head(model.hidden(model.norm(x)[:, 0])))
