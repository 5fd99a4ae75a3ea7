"""
Fits the two constants of the profile `vaqf2022` to the frame rates that the paper published for
DeiT-base, prints how well the rates agree, and writes `vaqf2022.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vaqf_compiler.cost.layers import Kind, Layer
from vaqf_compiler.cost.vaqf2022 import CONSTANTS, Constants, estimate, stored_constants


@dataclass(frozen=True)
class Rate:
    """A measured frame rate of DeiT-base on the ZCU102 at 150 MHz."""

    weight_bits: int
    activation_bits: int
    fps: float

    @property
    def quantised(self) -> bool:
        """Whether the encoder's weights are binary."""
        return self.weight_bits == 1


PUBLISHED = (Rate(16, 16, 10.0), Rate(1, 8, 24.8), Rate(1, 6, 31.6))
"""The frame rates published in arXiv 2201.06618."""


@dataclass(frozen=True)
class Residual:
    """A published frame rate and the one that the model estimates."""

    rate: Rate
    model_fps: float

    @property
    def error(self) -> float:
        """Error of the model, relative to the published rate."""
        return self.model_fps / self.rate.fps - 1


def deit_layers(channels: int = 768, heads: int = 12, blocks: int = 12) -> list[Layer]:
    """
    The layers of a DeiT without distillation token, by default those of DeiT-base. Images have
    224x224 pixels, patches 16x16, the MLP is four times as wide, and there are 1000 classes.
    """
    return list(_deit_layers(channels, heads, blocks))


def _deit_layers(channels: int, heads: int, blocks: int) -> Iterator[Layer]:
    tokens, head_channels = 197, channels // heads
    yield Layer("patch_embed", Kind.WEIGHTS, 3 * 16 * 16, channels, tokens - 1)
    for block in range(blocks):
        name = f"blocks.{block}"
        for part in ("query", "key", "value"):
            yield Layer(f"{name}.{part}", Kind.BINARY, channels, channels, tokens)
        yield Layer(f"{name} scores", Kind.ATTENTION, head_channels, tokens, tokens, heads)
        yield Layer(f"{name} context", Kind.ATTENTION, tokens, head_channels, tokens, heads)
        yield Layer(f"{name}.output", Kind.BINARY, channels, channels, tokens)
        yield Layer(f"{name}.fc1", Kind.BINARY, channels, 4 * channels, tokens)
        yield Layer(f"{name}.fc2", Kind.BINARY, 4 * channels, channels, tokens)
    yield Layer("head", Kind.WEIGHTS, channels, 1000, 1)


def residuals(constants: Constants, rates: Sequence[Rate] = PUBLISHED) -> list[Residual]:
    """The model's frame rates for the precisions of published ones."""
    layers = deit_layers()
    return [
        Residual(rate, estimate(layers, rate.activation_bits, rate.quantised, constants).fps)
        for rate in rates
    ]


def fit() -> Constants:
    """
    Fit the share of DSP slices to the baseline, which multiplies nowhere else, then the LUT factor
    to the other rates. Each has the least sum of squared relative errors; of equal ones, the lowest
    is taken. Rates change in steps, because tile sizes are whole numbers. So a coarse grid is
    searched: gradients are zero, and more decimals would mean nothing.
    """
    baseline = [rate for rate in PUBLISHED if not rate.quantised]
    binary = [rate for rate in PUBLISHED if rate.quantised]

    shares = [share / 100 for share in range(20, 101)]
    share = min(shares, key=lambda share: _loss(Constants(share, 1.0), baseline))
    factors = [factor / 10 for factor in range(10, 121)]
    return Constants(
        share, min(factors, key=lambda factor: _loss(Constants(share, factor), binary))
    )


def _loss(constants: Constants, rates: Sequence[Rate]) -> float:
    return sum(residual.error**2 for residual in residuals(constants, rates))


def write_constants(path: Path, constants: Constants) -> None:
    """Write the file that `estimate` reads, with the errors of the fit."""
    rates = [
        asdict(r.rate) | {"model_fps": round(r.model_fps, 2), "error": round(r.error, 4)}
        for r in residuals(constants)
    ]
    data = {"source": "arXiv 2201.06618", "constants": asdict(constants), "rates": rates}
    path.write_text(json.dumps(data, indent=2) + "\n")


def main() -> None:
    """Fit the constants, write them and print the errors."""
    constants = fit()
    write_constants(CONSTANTS, constants)
    stored_constants.cache_clear()
    print(f"DSP share {constants.dsp_share}, LUT factor {constants.lut_factor}")
    print("precision  published  model FPS   error")
    for r in residuals(constants):
        precision = f"W{r.rate.weight_bits}A{r.rate.activation_bits}"
        print(f"{precision:9} {r.rate.fps:10.1f} {r.model_fps:10.2f} {r.error:+7.1%}")


if __name__ == "__main__":
    main()
