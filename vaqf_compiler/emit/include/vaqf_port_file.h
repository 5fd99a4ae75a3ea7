// Reads the files behind the accelerator's ports. All numbers are little-endian. A header of 64
// bytes comes first: magic number "VAQFPORT", version, bits of a word (4 bytes each), number of
// words (8), CRC-32 of the words as in zlib (4), zero (4), name of the port (32).
#ifndef VAQF_PORT_FILE_H
#define VAQF_PORT_FILE_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace vaqf {

// The number that `size` bytes stand for.
inline uint64_t little_endian(const unsigned char *bytes, int size) {
  uint64_t value = 0;
  for (int octet = size - 1; octet >= 0; --octet)
    value = (value << 8) | bytes[octet];
  return value;
}

inline uint32_t crc32(const unsigned char *bytes, std::size_t size) {
  uint32_t table[256];
  for (uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit)
      table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0xEDB88320u : 0);
  }
  uint32_t crc = 0xFFFFFFFFu;
  for (std::size_t i = 0; i < size; ++i)
    crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 255];
  return ~crc;
}

inline void refuse(const std::string &path, const std::string &reason) {
  std::fprintf(stderr, "%s: %s\n", path.c_str(), reason.c_str());
  std::exit(2);
}

// The words of a port as bytes. Says what is wrong with a file that is not the port's, or not
// whole, and ends the program with exit code 2.
inline std::vector<unsigned char> read_port_file(const std::string &path, const std::string &port,
                                                 unsigned word_bits, std::size_t words) {
  const int header = 64;
  std::vector<unsigned char> bytes;
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (!file)
    refuse(path, "cannot be opened");
  unsigned char chunk[4096];
  for (std::size_t read = 1; read > 0;) {
    read = std::fread(chunk, 1, sizeof chunk, file);
    bytes.insert(bytes.end(), chunk, chunk + read);
  }
  std::fclose(file);

  if (bytes.size() < std::size_t(header) || std::memcmp(bytes.data(), "VAQFPORT", 8) != 0)
    refuse(path, "does not begin with a header of magic number VAQFPORT");
  const uint64_t version = little_endian(&bytes[8], 4);
  if (version != 1)
    refuse(path, "is of version " + std::to_string(version) + " of the format, expected 1");
  char name[33] = {};
  std::memcpy(name, &bytes[32], 32);
  if (name != port)
    refuse(path, "holds port '" + std::string(name) + "', expected '" + port + "'");
  char expected[32] = {};
  std::memcpy(expected, port.data(), port.size());
  if (little_endian(&bytes[28], 4) != 0 || std::memcmp(expected, &bytes[32], 32) != 0)
    refuse(path, "is damaged: its header has bytes that are not zero");
  const uint64_t bits = little_endian(&bytes[12], 4), count = little_endian(&bytes[16], 8);
  if (bits != word_bits || count != words)
    refuse(path, "has " + std::to_string(count) + " words of " + std::to_string(bits) +
                     " bits, expected " + std::to_string(words) + " of " +
                     std::to_string(word_bits));
  const std::size_t size = header + words * (word_bits / 8);
  if (bytes.size() != size)
    refuse(path,
           "has " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(size));
  const uint64_t checksum = little_endian(&bytes[24], 4);
  bytes.erase(bytes.begin(), bytes.begin() + header);
  if (crc32(bytes.data(), bytes.size()) != checksum)
    refuse(path, "is damaged: its checksum is wrong");
  return bytes;
}

} // namespace vaqf

#endif // VAQF_PORT_FILE_H
