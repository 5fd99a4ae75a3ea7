"""One layer of attention whose linear layers share parameters, or have the same ones each."""

from __future__ import annotations

import torch
from torch import nn

CHANNELS, HEADS, PATCH = 16, 2, 4


class Vit(nn.Module):
    """Query, key and value in layers of their own; rows of query are small, of value large."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patches = nn.Conv2d(3, CHANNELS, PATCH, PATCH)
        self.cls = nn.Parameter(torch.randn(1, 1, CHANNELS))
        self.norm1, self.norm2 = nn.LayerNorm(CHANNELS), nn.LayerNorm(CHANNELS)
        self.query, self.key, self.value, self.out, self.head = (
            nn.Linear(CHANNELS, CHANNELS) for _ in range(5)
        )
        with torch.no_grad():
            self.query.weight.mul_(0.1)
            self.value.weight.mul_(10)

    def split(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Query, key and value."""
        return self.query(x), self.key(x), self.value(x)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], dim=1)
        q, k, v = (
            part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.split(self.norm1(x))
        )
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        x = x + self.out(y.transpose(1, 2).flatten(2))
        return self.head(self.norm2(x)[:, 0])


class FusedVit(Vit):
    """The same numbers in one layer for query, key and value."""

    def __init__(self) -> None:
        super().__init__()
        parts = self.query, self.key, self.value
        self.qkv = nn.Linear(CHANNELS, 3 * CHANNELS)
        with torch.no_grad():
            self.qkv.weight.copy_(torch.cat([part.weight for part in parts]))
            self.qkv.bias.copy_(torch.cat([part.bias for part in parts]))

    def split(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.qkv(x).chunk(3, dim=-1)


def separate() -> nn.Module:
    return Vit()


def fused() -> nn.Module:
    return FusedVit()


def tied() -> nn.Module:
    """The head has the weight of the last binary layer."""
    model = Vit()
    model.head.weight = model.out.weight
    return model


def apart() -> nn.Module:
    """The same numbers in two parameters."""
    model = Vit()
    model.head.load_state_dict({"weight": model.out.weight, "bias": model.head.bias})
    return model


def shared() -> nn.Module:
    """Query and key have one weight."""
    model = Vit()
    model.key.weight = model.query.weight
    return model


def copied() -> nn.Module:
    """The same numbers in two parameters."""
    model = Vit()
    model.key.load_state_dict({"weight": model.query.weight, "bias": model.key.bias})
    return model
