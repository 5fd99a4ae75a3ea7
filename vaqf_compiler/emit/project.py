"""The project around the accelerator: sources, testbench, data, scripts and driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from vaqf_compiler import vaqf_images
from vaqf_compiler.analysis.program import is_top
from vaqf_compiler.dialects.binvit import DispatchOp, MemoryImageOp
from vaqf_compiler.dialects.binvit.checks import is_quantized, quantized
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.dialects.binvit.model import model_function, result_of
from vaqf_compiler.emit.description import describe
from vaqf_compiler.emit.flow import VITIS_HLS, Flow
from vaqf_compiler.emit.formatting import STYLE
from vaqf_compiler.emit.hls_cpp import print_hls_cpp, print_hls_header
from vaqf_compiler.emit.packing import fill_image, memory_images
from vaqf_compiler.emit.port_file import write_port_file
from vaqf_compiler.emit.scripts import script_texts
from vaqf_compiler.emit.testbench import print_testbench
from vaqf_compiler.engines.accelerator import IMAGE_PORT, LOGIT_BITS, LOGITS
from vaqf_compiler.engines.dispatches import trace_name
from vaqf_compiler.errors import OperationError
from vaqf_compiler.output.writing import write_text, writing
from vaqf_compiler.reference import run_function
from vaqf_compiler.reference.integer_semantics import quantize
from vaqf_compiler.reference.interpreter import Array, Weights

HEADER = "vaqf_top.h"
SOURCE = "vaqf_top.cpp"
TESTBENCH = "vaqf_testbench.cpp"
DATA = "data"
ACCELERATOR = "accelerator.json"


def top_function(module: ModuleOp) -> func.FuncOp:
    """Return the accelerator's function. Raises OperationError if the module has none."""
    for op in module.ops:
        if isinstance(op, func.FuncOp) and is_top(op):
            return op
    raise OperationError(module, "the module has no function with ports; lower it to loops first")


def port_images(loops: ModuleOp) -> Mapping[str, MemoryImageOp]:
    """
    Return the memory images of the loops IR, by the name of their port. Raises OperationError if
    there is no accelerator, or if it lacks a port or the image of one.
    """
    top, images = top_function(loops), memory_images(loops)
    ports = [argument.name_hint or "" for argument in top.args]
    for name in (IMAGE_PORT, LOGITS):
        if name not in ports:
            raise OperationError(
                top, f"the accelerator has no port '{name}'; compile the model again"
            )
    for name in ports:
        if name != LOGITS and name not in images:
            raise OperationError(
                top, f"nothing says what is behind the port '{name}'; compile the model again"
            )
    return images


@dataclass(frozen=True)
class TestVector:
    """An image and the results that the accelerator must compute for it."""

    image: NDArray[np.int64]
    """The quantised image, CxHxW."""
    logits: NDArray[np.int64]
    layers: Mapping[str, NDArray[np.int64]]
    """
    For a mapped model, what each dispatch writes to a memory, as tokens x channels. Dispatches are
    in the order in which they run, under the names that `vhls.trace` gives them.
    """


def make_test_vector(
    model: ModuleOp,
    image: NDArray[np.float32],
    weights: Weights,
    observe: Callable[[str, NDArray[np.int64]], None] | None = None,
) -> TestVector:
    """
    Quantise an image as the model `model` expects it, and run the reference on it. `observe` is
    called with every intermediate result of a mapped model: with the result of each layer under the
    layer's name, and with the results of other operations under the names of layer and operation.
    Raises OperationError if the model is not quantised.
    """
    main = model_function(model)
    if not is_quantized(main.args[0]) or not is_quantized(result_of(main)):
        raise OperationError(main, "expected a quantised model; run binvit-quantize first")
    pixels = quantize(image, quantized("image", main.args[0]))
    dispatches = [op for op in main.body.block.ops if isinstance(op, DispatchOp)]
    names: dict[SSAValue, str] = {}
    layers: dict[str, NDArray[np.int64]] = {}
    for position, dispatch in enumerate(dispatches):
        if (name := trace_name(position, dispatch)) is None:
            continue
        names[dispatch.result] = name
        for op in dispatch.operations:
            if op.results[0] is not dispatch.yielded:
                names[op.results[0]] = f"{name}.{op.name.partition('.')[2]}"

    def look(value: SSAValue, array: Array) -> None:
        if value in names:
            if isinstance(value.owner, DispatchOp):
                layers[names[value]] = array
            if observe is not None:
                observe(names[value], array)

    (logits,) = run_function(model, main.sym_name.data, [pixels], weights, look)
    return TestVector(pixels, logits.reshape(-1), layers)


def write_project(
    directory: Path,
    loops: ModuleOp,
    weights: Weights,
    vector: TestVector,
    flow: Flow = VITIS_HLS,
) -> None:
    """
    Write the project for the module `loops` into an existing directory. The testbench runs the test
    vector. Raises PassFailedException for a module without board and clock, and UserError for one
    that `flow` cannot build.
    """
    top = top_function(loops)
    description = describe(loops, top)
    texts = {
        HEADER: print_hls_header(loops, "VAQF_TOP_H"),
        SOURCE: print_hls_cpp(loops, HEADER, flow.pragma),
        TESTBENCH: print_testbench(top, HEADER, len(vector.logits)),
        ACCELERATOR: description.json(),
        **script_texts(description, flow),
    }
    for name, text in texts.items():
        write_text(directory / name, text)
    for shipped in (
        STYLE,
        "include/vaqf_types.h",
        "include/vaqf_trace.h",
        "include/vaqf_port_file.h",
        "files/Makefile",
        "files/vaqf_driver.py",
        "files/example.py",
    ):
        source = files("vaqf_compiler.emit") / shipped
        with writing(target := directory / source.name):
            target.write_bytes(source.read_bytes())
    images = Path(vaqf_images.__file__)
    with writing(target := directory / images.name):
        target.write_bytes(images.read_bytes())
    data = directory / DATA
    with writing(data):
        data.mkdir()
    for name, image in port_images(loops).items():
        if name != IMAGE_PORT:
            write_port_file(data / f"{name}.bin", name, WORD_BITS, fill_image(image, weights))
    write_test_vector(data, loops, weights, vector)


def write_test_vector(data: Path, loops: ModuleOp, weights: Weights, vector: TestVector) -> None:
    """Write the files for the image and the expected logits."""
    contents = fill_image(port_images(loops)[IMAGE_PORT], weights, [vector.image])
    write_port_file(data / f"{IMAGE_PORT}.bin", IMAGE_PORT, WORD_BITS, contents)
    logits = vector.logits.astype("<i8").view(np.uint8)
    write_port_file(data / f"{LOGITS}.bin", LOGITS, LOGIT_BITS, logits)
