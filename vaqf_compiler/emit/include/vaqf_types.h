// Integers of any width, and queues, for the generated code: AMD's ap_int, ap_uint and hls::stream,
// or, where VAQF_NATIVE is defined, stand-ins built on the machine's own integers. The stand-ins
// wrap to their width exactly as ap_int does; they make C simulation fast and are not meant for
// synthesis.
#ifndef VAQF_TYPES_H
#define VAQF_TYPES_H

#ifndef VAQF_NATIVE
#if defined(__GNUC__) && !defined(__clang__)
// AMD's constructors mask the bits of a value before it is set, harmlessly.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <ap_int.h>
#pragma GCC diagnostic pop
#else
#include <ap_int.h>
#endif
#include <hls_stream.h>
#else
#include <cassert>
#include <cstdint>
#include <deque>

namespace vaqf {

__extension__ typedef unsigned __int128 uint128;

template <class S, class U> struct Integers {
  typedef S Signed;
  typedef U Unsigned;
};

// The machine's integers by their number of bits; those of 128 are words of bits, without sign.
template <int Bits> struct Machine;
template <> struct Machine<8> : Integers<int8_t, uint8_t> {};
template <> struct Machine<16> : Integers<int16_t, uint16_t> {};
template <> struct Machine<32> : Integers<int32_t, uint32_t> {};
template <> struct Machine<64> : Integers<int64_t, uint64_t> {};
template <> struct Machine<128> : Integers<uint128, uint128> {};

constexpr int machine_bits(int width) {
  return width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : width <= 64 ? 64 : 128;
}

} // namespace vaqf

// A number in two's complement, of 1 to 64 bits. It computes as the machine's integer does.
template <int Width> struct ap_int {
  static_assert(Width >= 1 && Width <= 64, "beyond 64 bits, compile without VAQF_NATIVE");
  typedef vaqf::Machine<vaqf::machine_bits(Width)> Machine;
  typedef typename Machine::Signed Signed;
  typedef typename Machine::Unsigned Unsigned;

  Signed value;

  ap_int() = default;
  template <class T> constexpr ap_int(T x) : value(wrap(static_cast<Unsigned>(x))) {}
  constexpr operator Signed() const { return value; }
  template <class T> constexpr bool operator[](T bit) const {
    return value >> static_cast<int>(bit) & 1;
  }

private:
  // Moves the low bits to the top and back, which copies the sign into the spare ones.
  static constexpr Signed wrap(Unsigned x) {
    constexpr int spare = vaqf::machine_bits(Width) - Width;
    return static_cast<Signed>(static_cast<Signed>(static_cast<Unsigned>(x << spare)) >> spare);
  }
};

// A number without sign, of 1 to 128 bits. It computes in at least 32, so that products wrap
// instead of overflowing int.
template <int Width> struct ap_uint {
  static_assert(Width >= 1 && Width <= 128, "beyond 128 bits, compile without VAQF_NATIVE");
  typedef typename vaqf::Machine<vaqf::machine_bits(Width)>::Unsigned Unsigned;
  typedef typename vaqf::Machine<vaqf::machine_bits(Width < 32 ? 32 : Width)>::Unsigned Computed;

  Unsigned value;

  ap_uint() = default;
  template <class T> constexpr ap_uint(T x) : value(wrap(static_cast<Unsigned>(x))) {}
  constexpr operator Computed() const { return value; }
  template <class T> constexpr bool operator[](T bit) const {
    return value >> static_cast<int>(bit) & 1;
  }

private:
  static constexpr Unsigned wrap(Unsigned x) {
    constexpr int spare = vaqf::machine_bits(Width) - Width;
    return static_cast<Unsigned>(static_cast<Unsigned>(x << spare) >> spare);
  }
};

namespace hls {

// A queue between two processes, of any length.
template <class T> class stream {
public:
  void write(const T &element) { elements.push_back(element); }
  T read() {
    assert(!elements.empty());
    const T first = elements.front();
    elements.pop_front();
    return first;
  }

private:
  std::deque<T> elements;
};

} // namespace hls

#endif // VAQF_NATIVE

// The greater and the lesser of two numbers of one type.
template <class T> inline T maximum(T a, T b) {
  return a > b ? a : b;
}
template <class T> inline T minimum(T a, T b) {
  return a < b ? a : b;
}

#endif // VAQF_TYPES_H
