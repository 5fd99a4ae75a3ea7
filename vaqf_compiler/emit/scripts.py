"""The project's scripts for the vendor's tools, and its README."""

from __future__ import annotations

from collections.abc import Mapping

from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.emit.description import Description
from vaqf_compiler.emit.flow import Flow
from vaqf_compiler.emit.templates import fill
from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.board import Board
from vaqf_compiler.vaqf_images import Preprocessing

ALIGNMENT = 64
"""Alignment of the addresses of ports in bytes. Drivers allocate whole pages."""
KRIA = "xck"
"""Prefix of the parts of modules that came with release 2020.2."""
HP_PORTS = 4
"""Number of the ports S_AXI_HP0_FPD to S_AXI_HP3_FPD of a Zynq UltraScale+."""


def check_flow(board: Board, flow: Flow) -> None:
    """
    Raise UserError if a flow cannot build what the board's system needs, or lacks the board's part.
    """
    if not flow.unified and board.system is not None and board.system.kind == "alveo":
        raise UserError(
            f"the flow {flow.name} makes no kernels, which {board.name} needs; use vitis-hls"
        )
    if not flow.unified and board.part.startswith(KRIA):
        raise UserError(
            f"the flow {flow.name} ends before the part {board.part} of {board.name}; use vitis-hls"
        )


def script_texts(description: Description, flow: Flow) -> dict[str, str]:
    """
    Return the texts of the files, by name. Raises UserError if the flow cannot build what the
    board's system needs.
    """
    check_flow(description.board, flow)
    values = _values(description, flow)
    texts = {"run_hls.tcl": fill("run_hls.tcl", values)}
    if flow.unified:
        texts["hls_config.cfg"] = fill("hls_config.cfg", values)
    match description.board.system:
        case None:
            system = "readme_no_system.md"
        case found if found.kind == "alveo":
            texts["link.cfg"] = fill("link.cfg", values)
            system = "readme_alveo.md"
        case _:
            texts["build_bitstream.tcl"] = fill("build_bitstream.tcl", values)
            system = "readme_zynq.md"
    sections = {
        "hls_section": fill(flow.readme, values).rstrip(),
        "system_section": fill(system, values).rstrip(),
    }
    texts["README.md"] = fill("README.md", {**values, **sections})
    return texts


def _values(description: Description, flow: Flow) -> Mapping[str, object]:
    """Return the values that the templates refer to."""
    board = description.board
    system = board.system
    alveo = system is not None and system.kind == "alveo"
    kernel = f"{description.top}.xo"
    banks = min(board.memory.ports, len(description.ports))
    return {
        **_tool_options(flow, kernel if alveo else None),
        "top": description.top,
        "board": board.name,
        "part": board.part,
        "clock_mhz": f"{description.clock_mhz:g}",
        "clock_hz": round(description.clock_mhz * 1e6),
        "period_ns": f"{1000 / description.clock_mhz:.3f}",
        "alignment": ALIGNMENT,
        "word_bits": WORD_BITS,
        "port_bits": board.memory.port_bits,
        "memory_ports": min(board.memory.ports, HP_PORTS),
        "masters": " ".join(description.masters),
        "board_part": "" if system is None else system.target,
        "platform": "" if system is None else system.target,
        "connections": "\n".join(
            f"sp={description.top}_1.{port.name}:DDR[{position % banks}]"
            for position, port in enumerate(description.ports)
        ),
        "image_shape": "x".join(map(str, description.image.shape)),
        "logits": description.logits.count,
        **_readme_rows(board, flow),
        **_pictures(description.image.preprocessing),
    }


def _pictures(preprocessing: Preprocessing | str) -> dict[str, str]:
    """Return the README's example of a picture, and its note on how pictures are preprocessed."""
    if isinstance(preprocessing, str):
        return {
            "picture": "cat.jpg --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5",
            "picture_note": f"How pictures become images is not known here: {preprocessing}. With "
            "`--mean` and\n`--std`, of pixels from 0 to 1, the largest centre of a picture is "
            "resized, and normalised by them, which\nis only right for a model that was trained "
            "so.",
        }
    return {
        "picture": "cat.jpg",
        "picture_note": "A picture is preprocessed as the model says, by `preprocessing` in "
        "`accelerator.json`.",
    }


def _tool_options(flow: Flow, kernel: str | None) -> dict[str, str]:
    """
    Return the options that depend on the tool and on whether the result is a kernel; `kernel` is
    the name of the kernel's file, or None for an IP.
    """
    target = "vivado" if kernel is None else "vitis"
    memory = f" -m_axi_alignment_byte_size {ALIGNMENT} -m_axi_max_widen_bitwidth {WORD_BITS}"
    package = "ip_catalog" if kernel is None else "xo"
    return {
        "tool": flow.tool,
        "usage": "\n".join(f"#   {line}" for line in flow.usage),
        "standard": flow.standard,
        "flow_target": target,
        "solution_options": f" -flow_target {target}" if flow.unified else "",
        "interface_options": " -m_axi_addr64" + (memory if flow.unified else ""),
        "export_options": f" -format {package}" + (f" -output {kernel}" if kernel else ""),
        "package": "an IP" if kernel is None else "a kernel",
        "package_heading": "The IP" if kernel is None else "The kernel",
        "package_format": package,
        "package_file": f"\npackage.output.file={kernel}" if kernel else "",
    }


def _readme_rows(board: Board, flow: Flow) -> dict[str, str]:
    """Return the README's text on the files and tools that this project needs."""
    kind = None if board.system is None else board.system.kind
    rows = {
        "zynq-ultrascale": "\n| `build_bitstream.tcl` | from the IP to a bitstream, for Vivado |",
        "alveo": "\n| `link.cfg` | from the kernel to a binary for the card, for `v++` |",
    }
    tools = {"zynq-ultrascale": ", Vivado and a board", "alveo": ", linking and a card"}
    return {
        "config_row": ", `hls_config.cfg`" if flow.unified else "",
        "system_row": rows.get(kind or "", ""),
        "driver_board": " or on the board" if kind == "zynq-ultrascale" else "",
        "not_run": flow.tool + tools.get(kind or "", ""),
    }
