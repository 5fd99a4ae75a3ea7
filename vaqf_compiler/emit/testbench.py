"""The testbench: a C++ program that runs the accelerator on the files in `data/`."""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute, BlockArgument
from xdsl.utils.hints import isa

from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.emit.cpp_types import cpp_type, identifier
from vaqf_compiler.emit.formatting import formatted

_PROLOGUE = """\
// Runs the accelerator once and compares its logits with the expected ones.
// Returns 0 if all are equal, 1 if one differs, 2 if a file cannot be read or written.
#include "vaqf_port_file.h"
#include "{header}"

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {{

// The directory of the files: the one given, or the one of this name in a directory above, because
// tools run the testbench in directories of their own.
std::string find_data(const std::string &given) {{
  std::string above;
  for (int depth = 0; depth < 8 && given[0] != '/'; ++depth, above += "../") {{
    if (std::FILE *file = std::fopen((above + given + "/logits.bin").c_str(), "rb")) {{
      std::fclose(file);
      return above + given + "/";
    }}
  }}
  return given + "/";
}}

// A file of 128-bit words.
void read_words(const std::string &data, const std::string &port, u128 *words, std::size_t count) {{
  const std::vector<unsigned char> bytes =
      vaqf::read_port_file(data + port + ".bin", port, 128, count);
  for (std::size_t i = 0; i < count; ++i) {{
    const u128 high = vaqf::little_endian(&bytes[16 * i + 8], 8);
    words[i] = (high << 64) | u128(vaqf::little_endian(&bytes[16 * i], 8));
  }}
}}

"""

_EPILOGUE = """\
  std::vector<std::int64_t> found;
  for (const auto &logit : logits)
    found.push_back(static_cast<std::int64_t>(logit));

  std::FILE *output = std::fopen((data + "found.bin").c_str(), "wb");
  const bool written =
      output && std::fwrite(found.data(), 8, found.size(), output) == found.size();
  if ((output && std::fclose(output)) || !written) {{
    std::perror((data + "found.bin: cannot be written").c_str());
    return 2;
  }}

  const std::vector<unsigned char> bytes =
      vaqf::read_port_file(data + "logits.bin", "logits", 64, {logits});
  for (std::size_t i = 0; i < {logits}; ++i) {{
    const std::int64_t expected =
        static_cast<std::int64_t>(vaqf::little_endian(&bytes[8 * i], 8));
    if (found[i] != expected) {{
      std::printf("FAIL: logit %zu is %lld, expected %lld\\n", i,
                  static_cast<long long>(found[i]), static_cast<long long>(expected));
      return 1;
    }}
  }}
  std::printf("PASS: {logits} logits equal the reference\\n");
  return 0;
}}
"""


def _port(argument: BlockArgument) -> tuple[str, str, int]:
    """Return the name, element type and size of a port."""
    assert isa(argument.type, MemRefType[Attribute])
    (size,) = argument.type.get_shape()
    return identifier(argument.name_hint), cpp_type(argument.type.element_type), size


def print_testbench(top: func.FuncOp, header: str, logits: int) -> str:
    """
    Return the testbench for the function `top`. It fills each port of words from `data/<port>.bin`,
    and compares the first `logits` elements of the other port with `data/logits.bin`.
    """
    ports = [_port(argument) for argument in top.args]
    lines = [_PROLOGUE.format(header=header)]
    lines += [f"{type_} {name}[{size}];\n" for name, type_, size in ports]
    lines.append("\n} // namespace\n\nint main(int argc, char **argv) {\n")
    lines.append('  const std::string data = find_data(argc > 1 ? argv[1] : "data");\n')
    for argument, (name, _, size) in zip(top.args, ports, strict=True):
        assert isa(argument.type, MemRefType[Attribute])
        if argument.type.element_type == IntegerType(WORD_BITS):
            lines.append(f'  read_words(data, "{name}", {name}, {size});\n')
    arguments = ", ".join(name for name, _, _ in ports)
    lines.append(f"  {top.sym_name.data}({arguments});\n\n")
    lines.append(_EPILOGUE.format(logits=logits))
    return formatted("".join(lines))
