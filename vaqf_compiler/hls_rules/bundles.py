"""Ports that share an AXI bus, and accesses that share a port."""

from __future__ import annotations

from xdsl.dialects import memref, scf
from xdsl.ir import SSAValue

from vaqf_compiler.analysis.program import Program, loop_name, name_of
from vaqf_compiler.hls_rules.bursts import PortAccess, pipelined_loop, port_accesses
from vaqf_compiler.hls_rules.dataflow import dataflow_regions
from vaqf_compiler.hls_rules.ports import m_axi_interfaces
from vaqf_compiler.hls_rules.violation import violation


def check_bundles_of_pipelines(program: Program) -> None:
    """
    Raise OperationError for a pipelined loop with two reads or two writes on one bus, or with reads
    and writes of one port. In both cases, the tool makes no bursts.
    """
    bundles = _bundles(program)
    seen: dict[tuple[scf.ForOp, str], list[tuple[PortAccess, SSAValue]]] = {}
    for access, port in port_accesses(program):
        if (loop := pipelined_loop(access)) is None:
            continue
        before = seen.setdefault((loop, bundles[port]), [])
        for other, its_port in before:
            if other is not access and (type(other) is type(access) or its_port is port):
                raise _shared(access, port, its_port, bundles[port], loop)
        before.append((access, port))


def _shared(
    access: PortAccess, port: SSAValue, other: SSAValue, bundle: str, loop: scf.ForOp
) -> Exception:
    if other is not port:
        what = f"{loop_name(loop)} already accesses {name_of(other)}, which shares the bundle "
        what += f"'{bundle}' with {name_of(port)}"
        return violation(access, what, "give each port a bundle of its own")
    kind = "reads" if isinstance(access, memref.LoadOp) else "writes"
    what = f"{loop_name(loop)} already accesses the m_axi port {name_of(port)} that it {kind} here"
    return violation(access, what, "access one word in an iteration, or make it two loops")


def check_bundles_of_dataflow(program: Program) -> None:
    """Raise OperationError for a dataflow region in which two processes use one bus."""
    bundles = _bundles(program)
    for region in dataflow_regions(program):
        users: dict[str, SSAValue] = {}
        for call in region.processes:
            read, written = program.touched_by(call)
            used = {port for array in read | written for port in program.ports(array)}
            for port in used:
                other = users.get(bundles[port])
                if other is not None and other is not port:
                    what = f"the processes of {region.name} use {name_of(other)} and "
                    what += f"{name_of(port)} of the bundle '{bundles[port]}' at the same time"
                    raise violation(call, what, "give each port a bundle of its own")
            users.update({bundles[port]: port for port in used})


def _bundles(program: Program) -> dict[SSAValue, str]:
    """Return the bundle of each m_axi port."""
    return {port: interface.bundle.data for interface, port in m_axi_interfaces(program)}
