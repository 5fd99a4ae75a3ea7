"""Running pass pipelines on IR files from Python, as `vaqf-opt -p` does."""

from __future__ import annotations

from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import PassPipeline
from xdsl.printer import Printer
from xdsl.universe import Universe

from vaqf_compiler.locations import LocatingParser
from vaqf_compiler.universe import VAQF_UNIVERSE
from vaqf_compiler.weights import search_directory


def make_context() -> Context:
    """A context that knows xDSL's dialects and ours."""
    context = Context()
    for name, load in Universe.get_multiverse().all_dialects.items():
        context.register_dialect(name, load)
    return context


def read_module(context: Context, path: Path) -> ModuleOp:
    """Parse and verify an IR file; its weights will be looked for beside it."""
    search_directory.set(path.parent)
    module = LocatingParser(context, path.read_text(), str(path)).parse_module()
    module.verify()
    return module


def write_module(module: ModuleOp, path: Path) -> None:
    """Print a module to a file, which appears when it is complete."""
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("w") as stream:
        Printer(stream).print_op(module)
        stream.write("\n")
    unfinished.rename(path)


def run_passes(context: Context, module: ModuleOp, pipeline: str) -> None:
    """Apply a pipeline, written as for `vaqf-opt -p`, and verify the module after each pass."""

    def verify(_previous: object, module: ModuleOp, _next: object) -> None:
        module.verify()

    PassPipeline.parse_spec(VAQF_UNIVERSE.all_passes, pipeline, verify).apply(context, module)
