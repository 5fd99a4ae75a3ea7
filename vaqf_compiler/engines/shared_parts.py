"""The hardware that all engines of an accelerator share: memories, ports, control registers."""

from __future__ import annotations

from vaqf_compiler.engines.accelerator import LOGIT_BITS, Accelerator, bits_of
from vaqf_compiler.engines.parts import Parts, part
from vaqf_compiler.engines.top import BURST_LENGTH, OUTSTANDING
from vaqf_compiler.hardware.memories import Memory
from vaqf_compiler.hardware.resources import Resources

CONTROL_REGISTERS = Resources(lut=400, ff=600)
"""The s_axilite block: an assumption."""
PORT_LOGIC = Resources(lut=900, ff=1400)
"""An m_axi adapter without its buffers: an assumption."""
INTERCONNECT = Resources(lut=1200, ff=1600)
"""An interconnect for each m_axi port that exceeds the board's: an assumption."""
BURST_WORDS = BURST_LENGTH * OUTSTANDING
"""Words that an adapter buffers (UG1399)."""


def memory_parts(accelerator: Accelerator) -> Parts:
    """The shared memories: a bank for each lane of a row, or for each group if in UltraRAM."""
    parts: Parts = []
    for name, memory in accelerator.memories.items():
        (rows, width, lanes), bits = memory.get_shape(), bits_of(memory)
        if name in accelerator.uram:
            parts.append(part(name, width, Memory(rows, lanes * bits, "uram")))
        else:
            parts.append(part(name, width * lanes, Memory(rows, bits, "bram")))
    return parts


def interface_parts(accelerator: Accelerator, board_ports: int) -> Parts:
    """
    The ports: one for the image, one for each port of parameters, and one for the logits. If the
    board has fewer ports, an interconnect joins them.
    """
    words = len(accelerator.ports) + 1
    word_bits = bits_of(accelerator.parameters)
    return [
        part("control registers", 1, CONTROL_REGISTERS),
        part("port logic", words + 1, PORT_LOGIC),
        part("burst buffers", words, Memory(BURST_WORDS, word_bits, "bram")),
        part("interconnect", max(0, words + 1 - board_ports), INTERCONNECT),
        part("logits buffer", 1, Memory(BURST_WORDS, LOGIT_BITS, "bram")),
    ]
