// What each layer computes, for C simulation: with the environment variable VAQF_TRACE naming a
// directory, VAQF_TRACE(layer, memory, row, tokens, channels) writes <directory>/<layer>.npy, a
// matrix of 32-bit integers. Synthesis sees nothing.
#ifndef VAQF_TRACE_H
#define VAQF_TRACE_H

#ifdef __SYNTHESIS__
#define VAQF_TRACE(layer, memory, row, tokens, channels)
#else
#define VAQF_TRACE(layer, memory, row, tokens, channels)                                           \
  vaqf_trace(layer, memory, row, tokens, channels)

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// The number that an element stands for; a bit is 0 or -1.
template <class T> inline int32_t vaqf_number(T element) {
  return static_cast<int32_t>(element);
}
template <> inline int32_t vaqf_number(bool element) {
  return element ? -1 : 0;
}

// Writes the tokens that lie in a memory from `row` on; each takes whole rows of it.
template <class T, int Rows, int Width, int Lanes>
void vaqf_trace(const char *layer, const T (&memory)[Rows][Width][Lanes], int row, int tokens,
                int channels) {
  const char *directory = std::getenv("VAQF_TRACE");
  if (!directory)
    return;
  const int rows = (channels + Width * Lanes - 1) / (Width * Lanes);
  std::vector<unsigned char> bytes;
  for (int token = 0; token < tokens; ++token) {
    for (int channel = 0; channel < channels; ++channel) {
      const int group = channel / Lanes;
      const T element = memory[row + token * rows + group / Width][group % Width][channel % Lanes];
      const uint32_t value = static_cast<uint32_t>(vaqf_number(element));
      for (int octet = 0; octet < 4; ++octet)
        bytes.push_back(static_cast<unsigned char>(value >> 8 * octet));
    }
  }
  // The .npy format: magic number, version 1.0, length of the header, header, data.
  std::string header = "{'descr': '<i4', 'fortran_order': False, 'shape': (" +
                       std::to_string(tokens) + ", " + std::to_string(channels) + "), }";
  while ((10 + header.size()) % 64 != 63)
    header += ' ';
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(header.size() & 255);
  start += static_cast<char>(header.size() >> 8);
  start += header;

  const std::string path = std::string(directory) + "/" + layer + ".npy";
  std::FILE *file = std::fopen(path.c_str(), "wb");
  const bool written = file && std::fwrite(start.data(), 1, start.size(), file) == start.size() &&
                       std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  if ((file && std::fclose(file)) || !written) {
    std::perror((path + ": cannot be written").c_str());
    std::exit(2);
  }
}
#endif // __SYNTHESIS__

#endif // VAQF_TRACE_H
