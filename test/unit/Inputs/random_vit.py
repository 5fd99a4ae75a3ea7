"""Vision Transformers of any size, from sizes in the environment variable VIT_SIZES (JSON)."""

import json
import os
from typing import Any

import torch
from torch import nn
from transformers import ViTConfig, ViTForImageClassification


class Logits(nn.Module):
    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.model(image).logits


def build() -> nn.Module:
    sizes: dict[str, Any] = json.loads(os.environ["VIT_SIZES"])
    spread = sizes.pop("spread")
    torch.manual_seed(sizes.pop("seed"))
    model = ViTForImageClassification(ViTConfig(**sizes))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * spread)
    return Logits(model)
