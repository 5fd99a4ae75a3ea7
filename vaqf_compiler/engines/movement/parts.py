"""The hardware of an engine that moves data: its loops, and the addresses of cells."""

from __future__ import annotations

from vaqf_compiler.engines.accelerator import Accelerator
from vaqf_compiler.engines.addresses import cell
from vaqf_compiler.engines.parts import LOOP, Parts, part


def load_parts() -> Parts:
    """All parts of an engine that loads the image or initial tokens."""
    return [part("loops", 2, LOOP)]


def copy_parts(accelerator: Accelerator) -> Parts:
    """All parts of an engine that copies tokens to the image memory."""
    memories = (accelerator.activations, accelerator.image)
    cells = [part("cells", 1, cell(memory, accelerator.channel_groups)) for memory in memories]
    return load_parts() + cells
