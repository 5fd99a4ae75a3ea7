"""
Operands, factors and shapes that a conversion could lose: each model is converted to what PyTorch
computes, or refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from xdsl.printer import Printer
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.errors import UserError
from vaqf_compiler.importer.check import largest_difference
from vaqf_compiler.importer.models import Model
from vaqf_compiler.importer.write import write_model
from vaqf_compiler.pipeline import make_context, read_module, run_passes

CHANNELS, HEADS, TOKENS = 8, 2, 4
Heads = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
Change = Callable[[torch.Tensor], torch.Tensor]


class Small(nn.Module):
    """Patches, one attention, a sum, a normalisation and a head; each can be changed."""

    def __init__(
        self,
        *,
        image: Change = lambda x: x,
        attention: Callable[[Heads], torch.Tensor] = lambda qkv: F.scaled_dot_product_attention(
            *qkv
        ),
        total: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = torch.add,
        pool: Change = lambda x: x[:, 0],
        patch: tuple[int, int] = (4, 4),
    ) -> None:
        super().__init__()
        self.image, self.attention, self.total, self.pool = image, attention, total, pool
        self.patch = nn.Conv2d(3, CHANNELS, patch, patch)
        self.qkv = nn.Linear(CHANNELS, 3 * CHANNELS)
        self.norm = nn.LayerNorm(CHANNELS)
        self.head = nn.Linear(CHANNELS, 5)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.patch(self.image(image)).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(x).reshape(1, -1, 3, HEADS, CHANNELS // HEADS).permute(2, 0, 3, 1, 4)
        heads = self.attention((q, k, v))
        x = self.total(x, heads.transpose(1, 2).reshape(x.shape))
        return self.head(self.pool(self.norm(x)))


def difference(module: nn.Module, directory: Path, shape: tuple[int, ...] = (1, 3, 8, 8)) -> float:
    model = Model("small", module.eval(), shape, "")
    write_model(model, directory / "model.mlir")
    context = make_context()
    converted = read_module(context, directory / "model.mlir")
    run_passes(context, converted, "convert-torch-to-binvit")
    return largest_difference(model, converted)[0]


def spelt_out(
    scores: Change = lambda s: s, probabilities: Change = lambda p: p, dim: int = -1
) -> Callable[[Heads], torch.Tensor]:
    """Attention by matrix products, with its scores and probabilities changed."""

    def attention(qkv: Heads) -> torch.Tensor:
        q, k, v = qkv
        return probabilities(scores(q @ k.transpose(-2, -1)).softmax(dim)) @ v

    return attention


def sdpa(*factors: float, **options: object) -> Callable[[Heads], torch.Tensor]:
    """The one operation, on scaled operands."""

    def attention(qkv: Heads) -> torch.Tensor:
        q, k, v = (x * factor for x, factor in zip(qkv, factors, strict=True))
        return F.scaled_dot_product_attention(q, k, v, **options)  # type: ignore[arg-type]

    return attention


def masked(qkv: Heads, mask: torch.Tensor) -> torch.Tensor:
    return F.scaled_dot_product_attention(*qkv, attn_mask=mask)


@pytest.mark.parametrize(
    "module",
    [
        Small(image=lambda x: x / 255),
        Small(image=lambda x: (x * 4).contiguous() / 2),
        Small(image=lambda x: x.reshape(1, 3, 64).view(1, 3, 8, 8)),
        Small(total=lambda x, y: x.clone().add_(y)),
        Small(total=lambda x, y: (x.to(torch.float32) + y).detach().to(x.dtype)),
        Small(total=lambda x, y: (x + y) * 0.5),
        Small(total=lambda x, y: ((x + y) * 2) / 4),
        Small(total=lambda x, y: ((x + y) * 4) * 0.25),
        Small(pool=lambda x: x.mean(1)),
        Small(pool=lambda x: x.mean(dim=-2, keepdim=True)),
        Small(pool=lambda x: x.mean(1, dtype=torch.float32)),
        Small(pool=lambda x: x[:, 1:3][:, -1].squeeze(1)),
        Small(attention=sdpa(2.0, 0.25, 1.0, scale=0.3)),
        Small(attention=lambda qkv: masked(qkv, torch.arange(TOKENS)[None] >= 0)),
        Small(attention=spelt_out(scores=lambda s: s / 3)),
        Small(attention=spelt_out(scores=lambda s: (s * 0.5).squeeze(0), dim=2)),
        Small(attention=spelt_out(probabilities=lambda p: (p * 4) * 0.25)),
    ],
)
def test_what_is_converted_equals_pytorch(tmp_path: Path, module: nn.Module):
    assert difference(module, tmp_path) < 1e-5


SHARED_HEADS = sdpa(1.0, 1.0, 1.0, enable_gqa=True)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Small(image=lambda x: x * -1.0), "scale must be positive"),
        (Small(image=lambda x: x * 0.0), "multiplies by 0"),
        (Small(image=lambda x: x / 0.0), "divides by zero"),
        (Small(image=lambda x: x.reshape(1, 3, 4, 16)), "not applied to the input image as it"),
        (Small(image=lambda x: x.transpose(2, 3)), "not applied to the input image as it comes"),
        (Small(image=lambda x: x[..., 1:, 1:]), "not applied to the input image as it comes"),
        (Small(patch=(4, 2)), "only square patches"),
        (Small(patch=(3, 3)), "patches of 3x3 do not tile 8x8 pixels"),
        (Small(total=lambda x, y: ((x + y) * 4) * 0.5), "multiplied by a constant, 2"),
        (Small(total=lambda x, y: x + y * 0.5), "multiplied by a constant, 0.5"),
        (Small(total=lambda x, y: torch.add(x, y, alpha=2)), "alpha = 1"),
        (Small(total=lambda x, y: x + y[:, :1]), "would have to be repeated"),
        (
            Small(total=lambda x, y: torch.cat([x.view(2, 2, -1), y.view(2, 2, -1)], 1)),
            "only tokens are joined",
        ),
        (Small(pool=lambda x: (x * 2.0).mean(1)), "multiplied by a constant, 2"),
        (Small(pool=lambda x: x.view(1, 2, 2, -1).mean(2)), "mean over the last tokens"),
        (Small(pool=lambda x: x.view(2, 2, -1).mean(1)), "mean over the last tokens"),
        (Small(pool=lambda x: x.mean(2, keepdim=True).expand(-1, -1, 8)), "mean over the last"),
        (Small(pool=lambda x: x.view(2, 2, -1)), "no vector|not a vector of logits"),
        (Small(attention=sdpa(1.0, 1.0, 0.5)), "value was multiplied by a constant"),
        (Small(attention=sdpa(1.0, -1.0, 1.0)), "scale must be positive"),
        (Small(attention=sdpa(1.0, 1.0, 1.0, dropout_p=0.25)), "dropout_p = 0.25"),
        (Small(attention=sdpa(1.0, 1.0, 1.0, is_causal=True)), "causal"),
        (
            Small(attention=lambda qkv: masked(qkv, torch.arange(TOKENS)[None] >= 1)),
            "hides something",
        ),
        (
            Small(attention=lambda qkv: SHARED_HEADS((qkv[0], qkv[1][:, :1], qkv[2][:, :1]))),
            "different numbers of heads: grouped-query",
        ),
        (
            Small(
                attention=spelt_out(
                    scores=lambda s: s.flatten(1),
                    probabilities=lambda p: p.view(1, HEADS, TOKENS, TOKENS),
                )
            ),
            "softmax over the keys",
        ),
        (Small(attention=spelt_out(dim=-2)), "softmax over the keys"),
        (Small(attention=spelt_out(scores=lambda s: s.transpose(2, 3))), "softmax over the keys"),
        (
            Small(attention=spelt_out(probabilities=lambda p: p.transpose(2, 3))),
            "probabilities were moved",
        ),
        (Small(attention=spelt_out(probabilities=lambda p: p * 0.5)), "multiplied by a constant"),
    ],
)
def test_what_would_be_lost_is_refused(tmp_path: Path, module: nn.Module, message: str):
    with pytest.raises(PassFailedException, match=message):
        difference(module, tmp_path)


class Sequence(nn.Module):
    """Layers under names of all kinds."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        conv, norm, head = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8), nn.Linear(8, 5)
        for name, layer in zip(names, (conv, norm, head), strict=True):
            self.add_module(name, layer)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        conv, norm, head = self.children()
        return head(norm(conv(image).flatten(2).transpose(1, 2))[:, 0])


@pytest.mark.parametrize(
    "names", [["0", "1", "2"], ["a b", 'q"uote', "back\\slash"], ["größe", "-", "ünï"]]
)
def test_parameters_may_have_any_name(tmp_path: Path, names: list[str]):
    assert difference(Sequence(names), tmp_path) < 1e-5
    context = make_context()
    module = read_module(context, tmp_path / "model.mlir")
    for generic in (False, True):
        with (tmp_path / "again.mlir").open("w") as stream:
            Printer(stream, print_generic_format=generic).print_op(module)
        assert read_module(context, tmp_path / "again.mlir").is_structurally_equivalent(module)


class Counting(Small):
    """Counts its calls in a buffer."""

    calls: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return super().forward(image)


class Several(Small):
    """Returns more than its logits."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, image: torch.Tensor) -> Any:
        logits = super().forward(image)
        return {"logits": logits} if self.kind == "dict" else (logits, image)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Several("tuple"), "returns a tuple, not one tensor"),
        (Several("dict"), "returns a dict, not one tensor"),
        (Counting(), "changes 'calls' in place, which outlives the call"),
        (Small(image=lambda x: x.mul_(2)), "in place, which outlives the call"),
    ],
)
def test_what_is_no_function_of_the_image_is_refused(
    tmp_path: Path, module: nn.Module, message: str
):
    with pytest.raises(UserError, match=message):
        difference(module, tmp_path)
