// Integers of any width for the generated code: AMD's ap_int and ap_uint, or, where VAQF_NATIVE is
// defined, stand-ins built on the machine's own integers. The stand-ins wrap to their width
// exactly as ap_int does; they make C simulation fast and are not meant for synthesis.
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
#else
#include <cstdint>

namespace vaqf {

__extension__ typedef unsigned __int128 uint128;

template <int Bytes> struct Storage;
template <> struct Storage<1> { typedef int8_t Signed; typedef uint8_t Unsigned; };
template <> struct Storage<2> { typedef int16_t Signed; typedef uint16_t Unsigned; };
template <> struct Storage<4> { typedef int32_t Signed; typedef uint32_t Unsigned; };
template <> struct Storage<8> { typedef int64_t Signed; typedef uint64_t Unsigned; };
template <> struct Storage<16> { typedef uint128 Signed; typedef uint128 Unsigned; };

template <int Width> struct Fit {
  static_assert(Width >= 1 && Width <= 128, "native simulation has at most 128 bits");
  static const int bytes = Width <= 8 ? 1 : Width <= 16 ? 2 : Width <= 32 ? 4 : Width <= 64 ? 8 : 16;
  static const int spare = 8 * bytes - Width;
  typedef typename Storage<bytes>::Signed Signed;
  typedef typename Storage<bytes>::Unsigned Unsigned;
};

} // namespace vaqf

// Two's complement, Width <= 64.
template <int Width> struct ap_int {
  typedef vaqf::Fit<Width> Fit;
  typename Fit::Signed value;

  ap_int() = default;
  template <class T>
  ap_int(T x)
      : value(static_cast<typename Fit::Signed>(
            static_cast<typename Fit::Signed>(static_cast<typename Fit::Unsigned>(
                static_cast<typename Fit::Unsigned>(x) << Fit::spare)) >>
            Fit::spare)) {}
  operator typename Fit::Signed() const { return value; }
};

// Unsigned. Narrow ones compute in 32 bits, so that products wrap instead of overflowing int.
template <int Width> struct ap_uint {
  typedef vaqf::Fit<Width> Fit;
  typedef typename vaqf::Storage<(Fit::bytes < 4 ? 4 : Fit::bytes)>::Unsigned Computed;
  typename Fit::Unsigned value;

  ap_uint() = default;
  template <class T>
  ap_uint(T x)
      : value(static_cast<typename Fit::Unsigned>(
            static_cast<typename Fit::Unsigned>(static_cast<typename Fit::Unsigned>(x)
                                                << Fit::spare) >>
            Fit::spare)) {}
  operator Computed() const { return value; }
};

#endif // VAQF_NATIVE

// The greater and the lesser of two numbers of one type.
template <class T> inline T maximum(T a, T b) { return a > b ? a : b; }
template <class T> inline T minimum(T a, T b) { return a < b ? a : b; }

#endif // VAQF_TYPES_H
