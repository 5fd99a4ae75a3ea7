"""The kinds of directories that the tools write, and what else they may contain."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Kind:
    """A kind of directory. Patterns are those of a shell; directories end in a slash."""

    name: str
    tool: str
    """The tool that writes it."""
    earlier: frozenset[str] = frozenset()
    """Names that identify a directory of this kind from before there were manifests."""
    own: tuple[str, ...] = ()
    """Files of the tool that are not in the manifest, because they outlive a run."""
    derived: tuple[str, ...] = ()
    """
    Files that are derived from the tool's in seconds. They are removed when those are replaced.
    """
    built: tuple[str, ...] = ()
    """What the vendor's tools build from the files, in hours."""
    complete: bool = True
    """Whether a run writes all files, so that files of earlier runs are out of date."""

    def __str__(self) -> str:
        return f"a {self.name}"


PROJECT = Kind(
    "project",
    "vaqf-compile",
    earlier=frozenset({"vaqf_top.cpp", "ir"}),
    derived=("csim", "csim-native", "libvaqf_csim.so", "data/found.bin", "__pycache__/*.pyc"),
    built=(
        *("vaqf/", "vaqf_unified/", "vaqf_vivado/"),
        *("vaqf.bit", "vaqf.hwh", "vaqf.xsa", "*.xo", "*.xo.*", "*.xclbin", "*.xclbin.*"),
        *("vaqf_utilization.rpt", "vaqf_timing.rpt", "*.log", "*.jou", "*.str", "logs/"),
        *(".Xil/", "_x/", ".ipcache/", ".run/", "*_summary", "*.pb", "NA/"),
    ),
)
SWEEP = Kind(
    "sweep",
    "vaqf-compile --sweep",
    earlier=frozenset({"sweep.csv", "points.jsonl"}),
    own=("points.jsonl",),
)
DUMP = Kind("dump", "vaqf-sim --dump", earlier=frozenset({"reference"}), complete=False)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a name matches one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
