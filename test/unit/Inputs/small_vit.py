"""A Vision Transformer small enough to simulate in a second: 5 tokens, 32 channels, 2 layers."""

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
    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "num_attention_heads": 2,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "image_size": 16,
        "patch_size": 8,
        "num_labels": 10,
    }
    model = ViTForImageClassification(ViTConfig(**sizes))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return Logits(model)
