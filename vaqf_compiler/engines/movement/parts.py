"""The hardware that an engine which moves data consists of."""

from __future__ import annotations

from vaqf_compiler.engines.accelerator import Accelerator
from vaqf_compiler.engines.addresses import cell
from vaqf_compiler.engines.parts import LOOP, Parts, part


def movement_parts(kind: str, accelerator: Accelerator) -> Parts:
    """An engine that moves data: little but its loops and the cells of what it copies."""
    parts = [part("loops", 2, LOOP)]
    if kind == "copy_tokens":
        for memory in (accelerator.activations, accelerator.image):
            parts.append(part("cells", 1, cell(memory, accelerator.channel_groups)))
    return parts
