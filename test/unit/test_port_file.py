"""Files of packed words: what is written is read back, and what is damaged is refused."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from compile_cpp import compile_cpp

from vaqf_compiler.emit.port_file import read_port_file, write_port_file
from vaqf_compiler.errors import UserError

CONTENTS = np.arange(48, dtype=np.uint8)
"""Three words."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_port_file(tmp_path / "weights.bin", "weights", 128, CONTENTS)
    return tmp_path / "weights.bin"


@pytest.fixture(scope="module")
def cpp_reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that prints the sum of the bytes of port `weights`, three words of 128 bits."""
    source = tmp_path_factory.mktemp("reader") / "reader.cpp"
    source.write_text(
        '#include "vaqf_port_file.h"\n'
        "int main(int, char **argv) {\n"
        "  unsigned sum = 0;\n"
        '  for (unsigned char b : vaqf::read_port_file(argv[1], "weights", 128, 3)) sum += b;\n'
        '  std::printf("%u", sum);\n}\n'
    )
    return compile_cpp(source, "native")


def test_the_format_is_what_the_documentation_says(path: Path):
    data = path.read_bytes()
    assert data[:8] == b"VAQFPORT"
    assert struct.unpack_from("<IIQII", data, 8) == (1, 128, 3, zlib.crc32(bytes(range(48))), 0)
    assert data[32:64] == b"weights" + bytes(25)
    assert data[64:] == bytes(range(48))


def test_both_readers_read_it(path: Path, cpp_reader: Path):
    np.testing.assert_array_equal(read_port_file(path, "weights", 128, 3), CONTENTS)
    np.testing.assert_array_equal(read_port_file(path, "weights", 128), CONTENTS)
    done = subprocess.run([cpp_reader, path], capture_output=True, text=True, check=True)
    assert int(done.stdout) == sum(range(48))


Damage = Callable[[bytes], bytes]


def patched(position: int, new: bytes) -> Damage:
    return lambda data: data[:position] + new + data[position + len(new) :]


def cut(size: int) -> Damage:
    return lambda data: data[:size]


def extended(data: bytes) -> bytes:
    return data + b"\0"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(cut(20), "does not begin with a header", id="cut in the header"),
        pytest.param(cut(0), "does not begin with a header", id="empty"),
        pytest.param(patched(0, b"\x7fELF"), "magic number VAQFPORT", id="foreign"),
        pytest.param(patched(8, b"\2"), "is of version 2 of the format, expected 1", id="version"),
        pytest.param(
            patched(32, b"biases\0"), "holds port 'biases', expected 'weights'", id="port"
        ),
        pytest.param(patched(12, b"\x40"), "has 3 words of 64 bits, expected 3 of", id="bits"),
        pytest.param(patched(16, b"\4"), "has 4 words of 128 bits, expected 3 of", id="words"),
        pytest.param(cut(-1), "has 111 bytes, expected 112", id="truncated"),
        pytest.param(extended, "has 113 bytes, expected 112", id="too long"),
        pytest.param(patched(70, b"\xff"), "is damaged: its checksum", id="a changed byte"),
        pytest.param(patched(28, b"\1"), "header has bytes that are not zero", id="zero field"),
        pytest.param(patched(60, b"x"), "header has bytes that are not zero", id="after the name"),
        pytest.param(patched(24, b"\0\0\0\0"), "is damaged: its checksum", id="checksum"),
    ],
)
def test_both_readers_refuse(path: Path, cpp_reader: Path, damage: Damage, message: str):
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=r"weights\.bin' .*; compile the model again") as error:
        read_port_file(path, "weights", 128, 3)
    assert message in str(error.value)
    done = subprocess.run([cpp_reader, path], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert not done.stdout


def test_a_missing_file(path: Path, cpp_reader: Path):
    missing = path.with_name("nowhere.bin")
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_port_file(missing, "weights", 128)
    done = subprocess.run([cpp_reader, missing], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"{missing}: cannot be opened\n")
