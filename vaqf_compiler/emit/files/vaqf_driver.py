"""
Runs the accelerator of this directory: on a board, by PYNQ, or here, by C simulation.

    accelerator = Accelerator.simulated()                  # after make libvaqf_csim.so
    accelerator = Accelerator.on_board("vaqf.bit")         # with vaqf.hwh beside it
    logits = accelerator.logits(accelerator.read_image("cat.jpg"))

Needs vaqf_images.py beside it, Python 3.8, NumPy, for pictures Pillow, and on a board PYNQ 2.7.
"""

from __future__ import annotations

import ctypes
import json
import struct
import time
import zlib
from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from vaqf_images import ImageError, Preprocessing, check_images, preprocessing_of, read_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

WORD_BYTES = 16
LIBRARY_SOURCES = (
    *("vaqf_top.cpp", "vaqf_top.h", "vaqf_types.h", "vaqf_trace.h"),
    "accelerator.json",
)
"""What the Makefile makes libvaqf_csim.so of or for, and notes the checksum of in it."""


class DriverError(Exception):
    """What a user can put right, as a sentence."""


class Backend(ABC):
    """What computes: it provides memory for the ports, and runs the accelerator on it."""

    @abstractmethod
    def allocate(self, size: int) -> Any:
        """An array of bytes that the accelerator can reach, filled with zeros."""

    @abstractmethod
    def run(self, ports: dict[str, Any]) -> None:
        """Run the accelerator on one image, its ports in the order of its arguments."""

    def write(self, memory: Any, contents: Bytes) -> None:
        """Fill an array, so that the accelerator sees it."""
        memory[:] = contents

    def read(self, memory: Any) -> Bytes:
        """A copy of an array as the accelerator left it."""
        return np.array(memory)


class Simulation(Backend):
    """The accelerator's C++ in this process."""

    def __init__(self, library: str | Path, top: str):
        """`library` has its sources beside it. Raises DriverError where it is not made of them."""
        try:
            loaded: Any = ctypes.CDLL(str(Path(library).resolve()))
        except OSError as error:
            raise DriverError(
                f"cannot load '{library}': {error}; run make libvaqf_csim.so"
            ) from error
        try:
            self._function: Any = loaded[top]
        except AttributeError as error:
            raise DriverError(
                f"'{library}' has no function {top}, which accelerator.json names; compile the "
                "model again"
            ) from error
        try:
            made_of = ctypes.c_uint32.in_dll(loaded, "vaqf_sources").value
        except ValueError:
            made_of = None
        if made_of != sources_checksum(Path(library).parent):
            raise DriverError(
                f"'{library}' was not made of the sources beside it; run make -B libvaqf_csim.so"
            )
        self._function.restype = None

    def allocate(self, size: int) -> Any:
        # Words are aligned to their size, which NumPy alone does not promise.
        array = np.zeros(size + WORD_BYTES, dtype=np.uint8)
        start = -array.ctypes.data % WORD_BYTES
        return array[start : start + size]

    def run(self, ports: dict[str, Any]) -> None:
        self._function(*(ctypes.c_void_p(memory.ctypes.data) for memory in ports.values()))


class Board(Backend):
    """The accelerator in the fabric of a Zynq UltraScale+, driven by PYNQ."""

    START, DONE = 1, 2

    def __init__(self, bitstream: str | Path, top: str, timeout_s: float = 10.0):
        if not Path(bitstream).is_file():
            raise DriverError(f"'{bitstream}' is missing; run build_bitstream.tcl")
        try:
            self._pynq: Any = import_module("pynq")
        except ImportError as error:
            raise DriverError("the package pynq is missing; run this on a PYNQ image") from error
        overlay: Any = self._pynq.Overlay(str(bitstream))
        names = [
            name
            for name, block in overlay.ip_dict.items()
            if block["type"].startswith(f"xilinx.com:hls:{top}:")
        ]
        if len(names) != 1:
            raise DriverError(f"'{bitstream}' has {len(names)} blocks {top}, expected one")
        self._block: Any = getattr(overlay, names[0])
        self._registers: Any = overlay.ip_dict[names[0]]["registers"]
        self._timeout_s = timeout_s

    def allocate(self, size: int) -> Any:
        memory = self._pynq.allocate(shape=(size,), dtype=np.uint8)
        self.write(memory, np.zeros(size, dtype=np.uint8))
        return memory

    def write(self, memory: Any, contents: Bytes) -> None:
        super().write(memory, contents)
        memory.flush()

    def read(self, memory: Any) -> Bytes:
        memory.invalidate()
        return super().read(memory)

    def run(self, ports: dict[str, Any]) -> None:
        for name, memory in ports.items():
            self._set_address(name, memory.device_address)
        control = self._register("CTRL")
        if control is None:
            raise DriverError("the accelerator has no control register; run build_bitstream.tcl")
        self._block.write(control, self.START)
        deadline = time.monotonic() + self._timeout_s
        while not self._block.read(control) & self.DONE:
            if time.monotonic() > deadline:
                raise DriverError(f"the accelerator did not end within {self._timeout_s:g} s")

    def _register(self, *names: str) -> int | None:
        """The offset of the first of some registers that there is."""
        for name in names:
            if name in self._registers:
                return int(self._registers[name]["address_offset"])
        return None

    def _set_address(self, port: str, address: int) -> None:
        """
        HLS calls the halves of a wide register `_1` and `_2`; a narrow one has its own name. Of a
        port of ap_uint, that is the port's name in Vitis HLS, and ends in `_V` in Vivado HLS.
        """
        low = self._register(f"{port}_1", f"{port}_V_1", port, f"{port}_V", f"{port}_offset")
        high = self._register(f"{port}_2", f"{port}_V_2")
        if low is None:
            raise DriverError(f"the accelerator has no register for the address of {port}")
        if high is None and address >> 32:
            raise DriverError(
                f"the register for the address of {port} has 32 bits, too few for {address:#x}; "
                "export the IP with 64-bit addresses, as run_hls.tcl does"
            )
        self._block.write(low, address & 0xFFFFFFFF)
        if high is not None:
            self._block.write(high, address >> 32)


class Accelerator:
    """An accelerator with its weights in memory."""

    def __init__(self, backend: Backend, directory: str | Path = "."):
        """`directory` has accelerator.json and data/. Raises DriverError for damaged files."""
        self._backend = backend
        self._data = Path(directory) / "data"
        self._description = read_description(directory)
        self._ports: dict[str, Any] = {}
        for port in self._description["ports"]:
            name, size = port["name"], port["words"] * port["word_bits"] // 8
            self._ports[name] = backend.allocate(size)
            if port["kind"] == "parameters":
                path = self._data / f"{name}.bin"
                contents = read_port_file(path, name, port["word_bits"], size)
                backend.write(self._ports[name], contents)

    @classmethod
    def simulated(cls, directory: str | Path = ".") -> Accelerator:
        """The accelerator by C simulation; `make libvaqf_csim.so` first."""
        top = read_description(directory)["top"]
        return cls(Simulation(Path(directory) / "libvaqf_csim.so", top), directory)

    @classmethod
    def on_board(cls, bitstream: str | Path, directory: str | Path = ".") -> Accelerator:
        """The accelerator in the fabric, by PYNQ."""
        return cls(Board(bitstream, read_description(directory)["top"]), directory)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of an image: channels, height, width."""
        channels, height, width = self._description["image"]["shape"]
        return channels, height, width

    @property
    def preprocessing(self) -> Preprocessing | str:
        """How pictures become images, or why that is not known."""
        said = self._description["image"]["preprocessing"]
        return said if isinstance(said, str) else preprocessing_of(said)

    def read_image(
        self, path: str | Path, preprocessing: Preprocessing | None = None
    ) -> NDArray[np.float32]:
        """
        A picture as the model takes it, preprocessed as the model says or as is given here; a
        `.npy` file of real numbers as it is.
        """
        try:
            return read_image(path, self.shape, preprocessing or self.preprocessing)
        except ImageError as error:
            raise DriverError(str(error)) from error

    def integer_logits(self, image: NDArray[Any]) -> NDArray[np.int64]:
        """The logits of an image (CxHxW, real numbers) as the accelerator computes them."""
        if image.dtype.kind != "f":
            raise DriverError(f"the image must have real numbers, not {image.dtype}")
        try:
            check_images(image, "the image", self.shape, None)
        except ImageError as error:
            raise DriverError(str(error)) from error
        if not np.isfinite(image).all():
            raise DriverError("the image has values that are no finite numbers")
        return self._run(self.pack(self.quantize(image)))

    def logits(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """The logits of an image (CxHxW, real numbers), as real numbers."""
        return self.integer_logits(image) * np.float64(self._description["logits"]["scale"])

    def check(self) -> bool:
        """Whether the test image of this project gives the logits that the compiler expects."""
        port = self._description["image"]["port"]
        contents = read_port_file(
            self._data / f"{port}.bin", port, 8 * WORD_BYTES, len(self._ports[port])
        )
        found = self._run(contents)
        path = self._data / "logits.bin"
        expected = read_port_file(path, "logits", 64, 8 * len(found)).view("<i8")
        return bool((found == expected).all())

    def quantize(self, image: NDArray[Any]) -> NDArray[np.int64]:
        """The integers that stand for the pixels of a normalised image, ties to even."""
        facts = self._description["image"]
        scaled = np.rint(image.astype(np.float64) / facts["scale"])
        return np.clip(scaled, facts["minimum"], facts["maximum"]).astype(np.int64)

    def pack(self, pixels: NDArray[np.int64]) -> Bytes:
        """The bytes behind the image's port: patches, each filled up to whole rows."""
        facts = self._description["image"]
        patch, columns = facts["patch"], facts["columns"]
        channels, height, width = self.shape
        grid = pixels.reshape(channels, height // patch, patch, width // patch, patch)
        patches = grid.transpose(1, 3, 0, 2, 4).reshape(-1, channels * patch * patch)
        patches = np.pad(patches, ((0, 0), (0, -patches.shape[1] % columns)))
        return patches.astype(np.int8).view(np.uint8).reshape(-1)

    def _run(self, contents: Bytes) -> NDArray[np.int64]:
        self._backend.write(self._ports[self._description["image"]["port"]], contents)
        self._backend.run(self._ports)
        logits = self._description["logits"]
        found = self._backend.read(self._ports[logits["port"]])
        return found.view("<i8")[: logits["count"]].astype(np.int64)


def read_description(directory: str | Path) -> Any:
    """What accelerator.json says. Raises DriverError where it is missing, or damaged."""
    path = Path(directory) / "accelerator.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        check_description(facts)
    except OSError as error:
        raise DriverError(f"cannot read '{path}': {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DriverError(f"'{path}' is damaged ({error}); compile the model again") from error
    return facts


def check_description(facts: Any) -> None:
    """Raise ValueError, which says what is wrong, for what the compiler does not write."""
    name_in(facts, "top")
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for position, port in enumerate(value_in(facts, "ports", list)):
        place = f"ports[{position}]."
        name = name_in(port, "name", place)
        kinds[name] = name_in(port, "kind", place)
        bits = whole_in(port, "word_bits", 8, 1024, place)
        sizes[name] = whole_in(port, "words", 1, 1 << 28, place) * bits // 8
    image, logits = value_in(facts, "image", dict), value_in(facts, "logits", dict)
    for facts_of, kind in ((image, "image"), (logits, "logits")):
        if kinds.get(name_in(facts_of, "port", f"{kind}.")) != kind:
            raise ValueError(f"{kind}.port must be a port of kind {kind}, got {facts_of['port']}")
        scale = value_in(facts_of, "scale", float, f"{kind}.")
        if not 0 < scale < float("inf"):
            raise ValueError(f"{kind}.scale must be above 0, got {scale}")
    count = whole_in(logits, "count", 1, 1 << 28, "logits.")
    if 8 * count > sizes[logits["port"]]:
        raise ValueError(f"port {logits['port']} is too small for {count} logits")
    minimum = whole_in(image, "minimum", -128, 127, "image.")
    whole_in(image, "maximum", minimum, 127, "image.")
    shape: list[Any] = value_in(image, "shape", list, "image.")
    if len(shape) != 3:
        raise ValueError(f"image.shape must be channels, height and width, got {shape}")
    sides = dict(enumerate(shape))
    channels, height, width = (whole_in(sides, i, 1, 1 << 16, "image.shape ") for i in range(3))
    patch = whole_in(image, "patch", 1, 1 << 16, "image.")
    columns = whole_in(image, "columns", 1, 1 << 28, "image.")
    if height % patch or width % patch:
        raise ValueError(f"image.shape {shape} is not divided by image.patch {patch}")
    rows = -(-channels * patch * patch // columns)
    if height // patch * (width // patch) * rows * columns != sizes[image["port"]]:
        raise ValueError(f"port {image['port']} is not as large as an image of {shape}")
    preprocessing = image.get("preprocessing")
    if not isinstance(preprocessing, str):
        try:
            preprocessing_of(preprocessing).check((channels, height, width))
        except ValueError as error:
            raise ValueError(f"image.preprocessing: {error}") from error


def value_in(facts: Any, name: Any, kind: type, place: str = "") -> Any:
    """A value of an object, which must be of a type. Raises ValueError, as all below."""
    if not isinstance(facts, dict):
        raise ValueError(f"{place.rstrip('.') or 'all of it'} must be an object")
    known = cast("dict[Any, Any]", facts)
    if name not in known:
        raise ValueError(f"{place}{name} is missing")
    value = known[name]
    accepted = (int, float) if kind is float else kind
    if not isinstance(value, accepted) or isinstance(value, bool):
        raise ValueError(f"{place}{name} must be of type {kind.__name__}, got {value!r}")
    return value


def whole_in(facts: Any, name: Any, least: int, most: int, place: str = "") -> int:
    """A whole number of an object, in a range."""
    value: int = value_in(facts, name, int, place)
    if not least <= value <= most:
        raise ValueError(f"{place}{name} must be from {least} to {most}, got {value}")
    return value


def name_in(facts: Any, name: str, place: str = "") -> str:
    """A name of an object, which C++ can have."""
    value: str = value_in(facts, name, str, place)
    if not (value.isidentifier() and value.isascii()):
        raise ValueError(f"{place}{name} must be a name, got {value!r}")
    return value


def sources_checksum(directory: Path) -> int:
    """Of what is simulated, as the Makefile computes it."""
    checksum = 0
    for name in LIBRARY_SOURCES:
        try:
            checksum = zlib.crc32((directory / name).read_bytes(), checksum)
        except OSError as error:
            raise DriverError(f"cannot read '{directory / name}': {error.strerror}") from error
    return checksum


def read_port_file(path: Path, port: str, word_bits: int, size: int) -> Bytes:
    """The `size` bytes behind a port. Raises DriverError for a file of another port, or damaged."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DriverError(f"cannot read '{path}': {error.strerror}") from error
    header = struct.Struct("<8sIIQII32s")
    words = size * 8 // word_bits
    expected = b"VAQFPORT", 1, word_bits, words, zlib.crc32(data[header.size :]), 0
    if len(data) != header.size + size or header.unpack_from(data)[:6] != expected:
        raise DriverError(
            f"'{path}' is damaged, or not of this accelerator; compile the model again"
        )
    if header.unpack_from(data)[6].rstrip(b"\0") != port.encode("ascii"):
        raise DriverError(f"'{path}' is not the file of port {port}; compile the model again")
    return np.frombuffer(data, np.uint8, offset=header.size)
