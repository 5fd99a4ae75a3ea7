"""
Random models, each refused with a sentence or converted to what PyTorch computes.

`VAQF_FUZZ_SEED` and `VAQF_FUZZ_MODELS` say where to start and how many to try.
"""

from __future__ import annotations

import collections
import gc
import logging
import os
import re
import warnings
from collections.abc import Generator

import numpy as np
import pytest
import torch
from model_grammar import build, random_source
from xdsl.context import Context
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.errors import UserError
from vaqf_compiler.importer.models import Model
from vaqf_compiler.importer.torch_export import translate_model
from vaqf_compiler.ir_text import parse_module, verify
from vaqf_compiler.pipeline import make_context, run_passes
from vaqf_compiler.reference import run_function

TOLERANCE = 1e-4
"""Of a logit, relative to the largest."""
PARTS = 4
"""Of the test, so that it can be spread over processes."""
LEAST_ACCEPTED = 0.3
"""Share of the models that must be converted, else the comparisons say little."""
LEAST_TELLING = 0.75
"""
Share of the converted models whose logits must depend on the image; those of others still depend
on random parameters.
"""


def check(context: Context, seed: int) -> str | None:
    """
    The outcome for the model of a seed: "accepted", "accepted, but constant", or why it was
    refused; None where the source is no model that PyTorch runs. Any other exception than a
    refusal passes through, and a difference is an AssertionError.
    """
    source, shape = random_source(seed)
    model = build(source, seed)
    images = [torch.randn(shape, generator=torch.Generator().manual_seed(n)) for n in (1, 2)]
    try:
        with torch.no_grad():
            results = [model(image.clone()) for image in images]
    except (RuntimeError, IndexError, TypeError, ValueError):
        return None
    try:
        imported = translate_model(Model("random", model, shape, ""), "random.safetensors")
        module = parse_module(context, imported.text, "random.mlir")
        verify(module)
        run_passes(context, module, "convert-torch-to-binvit")
    except (UserError, PassFailedException) as error:
        return str(error)
    weights = {name: tensor.numpy() for name, tensor in imported.tensors.items()}
    expected = [result.numpy() for result in results]
    largest = max(float(np.abs(logits).max()) for logits in expected)
    for image, logits in zip(images, expected, strict=True):
        (found,) = run_function(module, "main", [image[0].numpy()], weights)
        assert np.isfinite(logits).all(), "PyTorch's logits are not finite"
        assert found.size == logits.size, f"shape {found.shape}, PyTorch's {logits.shape}"
        difference = float(np.abs(found.reshape(-1) - logits.reshape(-1)).max())
        assert difference <= TOLERANCE * largest, f"differs by {difference / largest:.1e}"
    varies = float(np.abs(expected[0] - expected[1]).max()) > 0.01 * largest
    return "accepted" if varies else "accepted, but constant"


@pytest.fixture(autouse=True)
def quick() -> Generator[None]:
    """Without what PyTorch spends on records that nobody reads, and on threads."""
    logging.disable(logging.CRITICAL)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_num_threads(threads)
    logging.disable(logging.NOTSET)


def run(first: int, count: int, step: int = 1) -> None:
    """Try `count` models, of every `step`-th seed from `first`, and print how they came out."""
    outcomes = collections.Counter[str]()
    failures: list[str] = []
    seed = first
    while sum(outcomes.values()) < count:
        try:
            outcome = check(CONTEXT, seed)
        except Exception as error:
            outcome = "failed"
            source, shape = random_source(seed)
            failures.append(f"seed {seed}, image {shape}: {error!r}\n{source}")
            print(failures[-1], flush=True)
        if outcome is not None:
            outcomes[outcome] += 1
        seed += step
    accepted = sum(n for outcome, n in outcomes.items() if outcome.startswith("accepted"))
    reasons = collections.Counter[str]()
    for outcome, n in outcomes.items():
        reasons[re.sub(r"\([^)]*\)|[\d.]+|'[^']*'", "_", outcome)[:150]] += n
    print(f"{count} models, seeds {first}..{seed - step}: {accepted} accepted")
    for reason, n in reasons.most_common():
        print(f"{n:6} {reason}")
    assert not failures, f"{len(failures)} failures; the first:\n{failures[0]}"
    assert accepted >= LEAST_ACCEPTED * count
    assert outcomes["accepted"] >= LEAST_TELLING * accepted


CONTEXT = make_context()


def asked(name: str, default: int) -> int:
    return int(os.environ.get(name, default))


@pytest.mark.parametrize("part", range(PARTS))
def test_random_models_are_refused_or_equal(part: int):
    run(asked("VAQF_FUZZ_SEED", 0) + part, asked("VAQF_FUZZ_MODELS", 500) // PARTS, PARTS)


@pytest.mark.long
def test_many_random_models_are_refused_or_equal():
    run(asked("VAQF_FUZZ_SEED", 1_000_000), asked("VAQF_FUZZ_MODELS", 20_000))
