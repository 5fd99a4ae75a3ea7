"""Hand-written Vision Transformers that say the same things in other ways."""

from __future__ import annotations

import torch
from torch import nn

CHANNELS, HEADS, PATCH, IMAGE = 16, 2, 4, 8


class FusedAttention(nn.Module):
    """One linear layer for query, key and value, split by reshape, permute and unbind."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(CHANNELS, 3 * CHANNELS)
        self.proj = nn.Linear(CHANNELS, CHANNELS)

    def split(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        batch, tokens, _ = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, HEADS, CHANNELS // HEADS)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        return q, k, v

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.split(x)
        out = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.proj(out.transpose(1, 2).reshape(x.shape))


class ManualAttention(FusedAttention):
    """Matrix products and a softmax; query, key and value by chunk."""

    def split(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        heads = (HEADS, CHANNELS // HEADS)
        return tuple(part.unflatten(-1, heads).transpose(1, 2) for part in (q, k, v))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.split(x)
        scores = q @ k.transpose(-2, -1) * (CHANNELS // HEADS) ** -0.5
        out = scores.softmax(dim=-1) @ v
        return self.proj(out.transpose(1, 2).flatten(2))


class WideAttention(nn.Module):
    """Three linear layers, with heads of one size for query and key, and of another for value."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k = nn.Linear(CHANNELS, HEADS * 4), nn.Linear(CHANNELS, HEADS * 4)
        self.v, self.proj = nn.Linear(CHANNELS, HEADS * 12), nn.Linear(HEADS * 12, CHANNELS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (
            f(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for f in (self.q, self.k, self.v)
        )
        out = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.proj(out.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, attention: nn.Module, *, layer_scale: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(CHANNELS), nn.LayerNorm(CHANNELS)
        self.attention = attention
        self.mlp = nn.Sequential(
            nn.Linear(CHANNELS, 32), nn.GELU(approximate="tanh"), nn.Linear(32, CHANNELS)
        )
        self.scale = nn.Parameter(torch.rand(CHANNELS)) if layer_scale else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.attention(self.norm1(x))
        x = x + (y if self.scale is None else y * self.scale)
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    position: torch.Tensor

    def __init__(self, attention: nn.Module, *, pool: str, layer_scale: bool = False) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, CHANNELS, PATCH, PATCH)
        self.cls = nn.Parameter(torch.randn(1, 1, CHANNELS))
        self.register_buffer("position", torch.randn(1, 5, CHANNELS), persistent=False)
        self.block = Block(attention, layer_scale=layer_scale)
        self.norm = nn.LayerNorm(CHANNELS)
        self.head = nn.Linear(CHANNELS, 6)
        self.pool = pool

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], dim=1) + self.position
        x = self.norm(self.block(x))
        return self.head(x[:, 0] if self.pool == "token" else x[:, 1:].mean(dim=1))


def fused() -> nn.Module:
    return Vit(FusedAttention(), pool="token")


def manual() -> nn.Module:
    return Vit(ManualAttention(), pool="token")


def mean_pooled() -> nn.Module:
    return Vit(FusedAttention(), pool="mean")


def layer_scaled() -> nn.Module:
    return Vit(ManualAttention(), pool="token", layer_scale=True)


def wide() -> nn.Module:
    return Vit(WideAttention(), pool="token")


class ScaledNorm(nn.LayerNorm):
    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.factor = torch.rand(channels)


class PlainTensors(Vit):
    """Tensors that are neither parameters nor buffers: of a model, of a layer, of `forward`."""

    lifted_tensor_0: torch.Tensor
    norm: ScaledNorm

    def __init__(self) -> None:
        super().__init__(FusedAttention(), pool="token")
        self.register_buffer("lifted_tensor_0", torch.randn(6))  # as torch.export calls another
        self.mix = nn.Linear(CHANNELS, CHANNELS)
        self.shift = torch.randn(CHANNELS)
        self.norm = ScaledNorm(CHANNELS)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], dim=1) + self.position
        y = nn.functional.linear(self.norm(x), self.mix.weight, self.shift)
        x = self.norm(self.block(x + y * self.norm.factor))
        bias = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        logits = nn.functional.linear(x[:, 0], self.head.weight, self.lifted_tensor_0)
        return logits + nn.functional.linear(x[:, 1], self.head.weight, bias)


def plain_tensors() -> nn.Module:
    return PlainTensors()


class Unknown(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, CHANNELS, PATCH, PATCH)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.sort(self.patches(image).flatten(2).transpose(1, 2))[0]


def unknown() -> nn.Module:
    return Unknown()


def not_a_module() -> int:
    return 3
