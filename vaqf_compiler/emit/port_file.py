"""
The files behind the accelerator's ports: a header of 64 bytes, then words, all little-endian.

| offset | bytes | contents                                             |
|-------:|------:|------------------------------------------------------|
|      0 |     8 | magic number: `VAQFPORT` in ASCII                    |
|      8 |     4 | version of the format: 1                             |
|     12 |     4 | bits of a word: 128, or 64 for logits                |
|     16 |     8 | number of words                                      |
|     24 |     4 | CRC-32 of the words, as in zlib                      |
|     28 |     4 | zero                                                 |
|     32 |    32 | name of the port, ASCII, filled with zeros           |

The header is as long as four words of 128 bits, so words stay aligned when a file is mapped.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vaqf_compiler.errors import UserError
from vaqf_compiler.output.writing import writing

MAGIC = b"VAQFPORT"
VERSION = 1
HEADER = struct.Struct("<8sIIQII32s")


def write_port_file(path: Path, port: str, word_bits: int, contents: NDArray[np.uint8]) -> None:
    """Write the words of a port, given as bytes. Raises UserError if that fails."""
    words = len(contents) * 8 // word_bits
    checksum = zlib.crc32(contents.tobytes())
    header = HEADER.pack(MAGIC, VERSION, word_bits, words, checksum, 0, port.encode("ascii"))
    with writing(path), path.open("wb") as file:
        file.write(header)
        file.write(contents.tobytes())


def read_port_file(
    path: Path, port: str, word_bits: int, words: int | None = None
) -> NDArray[np.uint8]:
    """
    Return the words of a port as bytes; `words` is their required number, if known. Raises
    UserError if the file cannot be read, has another format, belongs to another port, is cut short,
    or has a wrong checksum.
    """

    def refuse(reason: str) -> UserError:
        return UserError(f"'{path}' {reason}; compile the model again")

    try:
        data = path.read_bytes()
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror}") from error
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise refuse(f"does not begin with a header of magic number {MAGIC.decode()}")
    _, version, bits, count, checksum, zero, padded = HEADER.unpack_from(data)
    name = padded.partition(b"\0")[0].decode("ascii", "replace")
    if version != VERSION:
        raise refuse(f"is of version {version} of the format, expected {VERSION}")
    if name != port:
        raise refuse(f"holds port '{name}', expected '{port}'")
    if zero or padded != port.encode("ascii").ljust(32, b"\0"):
        raise refuse("is damaged: its header has bytes that are not zero")
    if bits != word_bits or (words is not None and count != words):
        expected = f"{word_bits}" if words is None else f"{words} of {word_bits}"
        raise refuse(f"has {count} words of {bits} bits, expected {expected}")
    expected = HEADER.size + count * bits // 8
    if len(data) != expected:
        raise refuse(f"has {len(data)} bytes, expected {expected}")
    contents = np.frombuffer(data, np.uint8, offset=HEADER.size)
    if (found := zlib.crc32(contents.tobytes())) != checksum:
        raise refuse(f"is damaged: its checksum is {found:08x}, expected {checksum:08x}")
    return contents
