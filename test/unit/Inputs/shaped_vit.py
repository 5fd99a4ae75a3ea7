"""
Vision Transformers of shapes that no configuration file has, from sizes in the environment variable
VIT_SIZES (JSON): heads of any number and size in each layer, values of another size than queries,
any patches, with or without a class token.
"""

import json
import os
from typing import Any

import torch
from torch import nn


class Attention(nn.Module):
    """What is left of multi-head attention after some of its heads were pruned."""

    def __init__(self, channels: int, heads: int, head_size: int, value_size: int, bias: bool):
        super().__init__()
        self.heads = heads
        self.query, self.key = (nn.Linear(channels, heads * head_size, bias=bias) for _ in range(2))
        self.value = nn.Linear(channels, heads * value_size, bias=bias)
        self.out = nn.Linear(heads * value_size, channels, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, channels: int, hidden: int, *attention: Any):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.attention = Attention(channels, *attention)
        self.mlp = nn.Sequential(
            nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    def __init__(self, sizes: dict[str, Any]):
        super().__init__()
        channels, patch = sizes["channels"], sizes["patch"]
        self.patches = nn.Conv2d(sizes["colours"], channels, patch, patch)
        tokens = sizes["rows"] * sizes["columns"]
        self.cls = nn.Parameter(torch.randn(1, 1, channels)) if sizes["cls"] else None
        self.position = nn.Parameter(torch.randn(1, tokens + bool(sizes["cls"]), channels))
        self.blocks = nn.ModuleList(
            Block(channels, hidden, heads, sizes["head_size"], sizes["value_size"], sizes["bias"])
            for heads, hidden in zip(sizes["heads"], sizes["hidden"], strict=True)
        )
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, sizes["labels"])
        self.pooled = sizes["pooled"]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        if self.cls is not None:
            x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], dim=1)
        x = x + self.position
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, self.pooled])


def build() -> nn.Module:
    sizes: dict[str, Any] = json.loads(os.environ["VIT_SIZES"])
    torch.manual_seed(sizes["seed"])
    return Vit(sizes)
