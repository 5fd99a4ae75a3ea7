"""The testbench: a C++ program that runs the accelerator on the files in `data/`."""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute, BlockArgument
from xdsl.utils.hints import isa

from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.emit.cpp_types import cpp_type, identifier

_PROLOGUE = """\
// Runs the accelerator once and compares its logits with the expected ones.
// Returns 0 if all are equal, 1 if one differs, 2 if a file cannot be read or written.
#include "{header}"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {{

std::vector<unsigned char> read_file(const std::string &path, std::size_t size) {{
  std::vector<unsigned char> bytes(size);
  std::FILE *file = std::fopen(path.c_str(), "rb");
  const bool complete = file && std::fread(bytes.data(), 1, size, file) == size;
  const bool at_end = complete && std::fgetc(file) == EOF;
  if (file)
    std::fclose(file);
  if (!at_end) {{
    std::fprintf(stderr, "%s: missing, or not of %zu bytes\\n", path.c_str(), size);
    std::exit(2);
  }}
  return bytes;
}}

// A file of 128-bit little-endian words.
void read_words(const std::string &path, u128 *words, std::size_t count) {{
  const std::vector<unsigned char> bytes = read_file(path, 16 * count);
  for (std::size_t i = 0; i < count; ++i) {{
    u128 word = 0;
    for (int octet = 15; octet >= 0; --octet)
      word = u128(word << 8) | u128(bytes[16 * i + static_cast<std::size_t>(octet)]);
    words[i] = word;
  }}
}}

// A file of 64-bit little-endian integers.
std::vector<std::int64_t> read_integers(const std::string &path, std::size_t count) {{
  const std::vector<unsigned char> bytes = read_file(path, 8 * count);
  std::vector<std::int64_t> values(count);
  for (std::size_t i = 0; i < count; ++i) {{
    std::uint64_t value = 0;
    for (int octet = 7; octet >= 0; --octet)
      value = (value << 8) | bytes[8 * i + static_cast<std::size_t>(octet)];
    values[i] = static_cast<std::int64_t>(value);
  }}
  return values;
}}

"""

_EPILOGUE = """\
  std::vector<std::int64_t> found;
  for (const auto &logit : logits)
    found.push_back(static_cast<std::int64_t>(logit));

  std::FILE *output = std::fopen((data + "found.bin").c_str(), "wb");
  if (!output || std::fwrite(found.data(), 8, found.size(), output) != found.size()) {{
    std::fprintf(stderr, "%sfound.bin: cannot be written\\n", data.c_str());
    return 2;
  }}
  std::fclose(output);

  const std::vector<std::int64_t> expected = read_integers(data + "logits.bin", {logits});
  for (std::size_t i = 0; i < expected.size(); ++i) {{
    if (found[i] != expected[i]) {{
      std::printf("FAIL: logit %zu is %lld, expected %lld\\n", i,
                  static_cast<long long>(found[i]), static_cast<long long>(expected[i]));
      return 1;
    }}
  }}
  std::printf("PASS: %zu logits equal the reference\\n", expected.size());
  return 0;
}}
"""


def _port(argument: BlockArgument) -> tuple[str, str, int]:
    """Name, element type and size of a port."""
    assert isa(argument.type, MemRefType[Attribute])
    (size,) = argument.type.get_shape()
    return identifier(argument.name_hint), cpp_type(argument.type.element_type), size


def print_testbench(top: func.FuncOp, header: str, logits: int) -> str:
    """
    The testbench for the function `top`: each port of words is filled from `data/<port>.bin`, and
    the first `logits` elements of the other one are compared with `data/logits.bin`.
    """
    ports = [_port(argument) for argument in top.args]
    lines = [_PROLOGUE.format(header=header)]
    lines += [f"{type_} {name}[{size}];\n" for name, type_, size in ports]
    lines.append("\n} // namespace\n\nint main(int argc, char **argv) {\n")
    lines.append('  const std::string data = argc > 1 ? std::string(argv[1]) + "/" : "data/";\n')
    for argument, (name, _, size) in zip(top.args, ports, strict=True):
        assert isa(argument.type, MemRefType[Attribute])
        if argument.type.element_type == IntegerType(WORD_BITS):
            lines.append(f'  read_words(data + "{name}.bin", {name}, {size});\n')
    arguments = ", ".join(name for name, _, _ in ports)
    lines.append(f"  {top.sym_name.data}({arguments});\n\n")
    lines.append(_EPILOGUE.format(logits=logits))
    return "".join(lines)
