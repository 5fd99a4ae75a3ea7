"""
Arrays between the processes of a dataflow region must lead from one process to one later process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects import func
from xdsl.ir import SSAValue

from vaqf_compiler.analysis.program import Program, is_argument, is_array, name_of
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.dataflow import Dataflow, dataflow_regions
from vaqf_compiler.hls_rules.violation import violation


@dataclass
class Channel:
    """An array, and the positions of the processes that access it."""

    array: SSAValue
    """The array as the region refers to it."""
    readers: list[int] = field(default_factory=list[int])
    writers: list[int] = field(default_factory=list[int])

    @property
    def is_local(self) -> bool:
        """Whether the array is declared in the region."""
        return not is_argument(self.array)


def check_channels(program: Program) -> None:
    """
    Raise OperationError for an array of a dataflow region that has several producers or consumers,
    or that does not lead from a process directly to a later one.
    """
    for region in dataflow_regions(program):
        sites = [call for call in program.calls if program.callee(call) is region.function]
        for site in sites or [None]:
            channels = _channels(program, region, site)
            for channel in channels:
                _check_ends(region, channel)
            for channel in channels:
                _check_bypass(region, channel, channels)


def _channels(program: Program, region: Dataflow, site: func.CallOp | None) -> list[Channel]:
    """Return the arrays that processes access when their function is called from `site`."""
    found: dict[SSAValue, Channel] = {}
    for position, call in enumerate(region.processes):
        read, written = program.touched_by(call)
        for array in (operand for operand in call.arguments if is_array(operand)):
            for root in _roots(program, array, site):
                channel = found.setdefault(root, Channel(array))
                if array in read and position not in channel.readers:
                    channel.readers.append(position)
                if array in written and position not in channel.writers:
                    channel.writers.append(position)
    return list(found.values())


def _roots(program: Program, array: SSAValue, site: func.CallOp | None) -> frozenset[SSAValue]:
    if site is not None and is_argument(array):
        position = program.callee(site).args.index(array)
        return program.roots(site.arguments[position])
    return program.roots(array)


def _names(region: Dataflow, positions: Sequence[int]) -> str:
    return " and ".join(str(region.processes[position].callee) for position in positions)


def _check_ends(region: Dataflow, channel: Channel) -> None:
    """
    Raise OperationError if an array has several producers or consumers, if a local array lacks
    either, if the consumer comes before the producer, or if an array of the caller connects two
    processes.
    """
    processes, readers, writers = region.processes, channel.readers, channel.writers
    subject = f"the array {name_of(channel.array)} of {region.name}"
    for positions, role in ((writers, "producers"), (readers, "consumers")):
        if len(positions) > 1:
            what = f"{subject} has two {role}, {_names(region, positions)}"
            raise violation(processes[positions[1]], what, "give each an array of its own")
    if channel.is_local and not (writers and readers):
        missing = "written" if not writers else "read"
        call = processes[(readers or writers or [0])[0]]
        raise violation(call, f"{subject} is never {missing}", "remove it, or what is missing")
    if not writers or not readers:
        return
    (writer,), (reader,) = writers, readers
    route = f"goes from {_names(region, writers)} to {_names(region, readers)}"
    if reader < writer:
        what = f"{subject} {route}, which is before it"
        raise violation(processes[writer], what, "let one process do what both do with it")
    if reader > writer and not channel.is_local:
        what = f"{subject} {route} but belongs to the caller"
        raise violation(processes[reader], what, "allocate it in the region")


def _check_bypass(region: Dataflow, channel: Channel, channels: Sequence[Channel]) -> None:
    """
    Raise OperationError for an array that bypasses a process: other arrays also lead from its
    producer to its consumer, through that process. The tool gives the array two buffers, and its
    producer waits for both.
    """
    if not channel.is_local or vhls.is_fifo(channel.array.type):
        return
    (writer,), (reader,) = channel.writers, channel.readers
    reached, waiting = set[int](), [writer]
    while waiting:
        at = waiting.pop()
        nexts = {r for c in channels if at in c.writers for r in c.readers if r > at}
        if at == writer:
            nexts.discard(reader)
        waiting += nexts - reached
        reached |= nexts
    if reader in reached:
        what = f"the array {name_of(channel.array)} of {region.name} bypasses a process between "
        what += f"{_names(region, [writer])} and {_names(region, [reader])}"
        remedy = "hand it on through that process, or make it a queue"
        raise violation(region.processes[reader], what, remedy)
