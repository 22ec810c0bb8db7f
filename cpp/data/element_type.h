// Element types of a chunk's arrays, and loads from arrays that need not be aligned.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "narrows.h"

namespace nrw {

enum class ElementType : uint8_t {
  kF32 = NRW_F32,
  kF64 = NRW_F64,
  kI8 = NRW_I8,
  kI16 = NRW_I16,
  kI32 = NRW_I32,
  kI64 = NRW_I64,
  kU8 = NRW_U8,
  kU16 = NRW_U16,
  kU32 = NRW_U32,
  kU64 = NRW_U64,
  kBool = NRW_BOOL,
  kF16 = NRW_F16,
  kBf16 = NRW_BF16
};

// Calls use(T{}) with the C++ type. For bool that is a type of one byte, since a byte other than 0 and 1 must not be
// read as a bool.
enum class BoolByte : uint8_t {};
// IEEE 754 binary16, for which C++20 has no type.
struct Half {
  uint16_t bits;
  explicit operator float() const noexcept {
    const uint32_t sign = uint32_t{bits} >> 15 << 31, exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 0) return (sign != 0 ? -0x1.0p-24f : 0x1.0p-24f) * static_cast<float>(fraction);
    const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
  }
  explicit operator double() const noexcept { return static_cast<double>(static_cast<float>(*this)); }
};
// bfloat16: the upper half of a float.
struct UpperHalf {
  uint16_t bits;
  explicit operator float() const noexcept { return std::bit_cast<float>(uint32_t{bits} << 16); }
  explicit operator double() const noexcept { return static_cast<double>(static_cast<float>(*this)); }
};
template <class Use>
decltype(auto) with_type(ElementType type, Use&& use) {
  switch (type) {
    case ElementType::kF32:
      return use(float{});
    case ElementType::kF64:
      return use(double{});
    case ElementType::kI8:
      return use(int8_t{});
    case ElementType::kI16:
      return use(int16_t{});
    case ElementType::kI32:
      return use(int32_t{});
    case ElementType::kI64:
      return use(int64_t{});
    case ElementType::kU8:
      return use(uint8_t{});
    case ElementType::kU16:
      return use(uint16_t{});
    case ElementType::kU32:
      return use(uint32_t{});
    case ElementType::kU64:
      return use(uint64_t{});
    case ElementType::kF16:
      return use(Half{});
    case ElementType::kBf16:
      return use(UpperHalf{});
    case ElementType::kBool:
      break;
  }
  return use(BoolByte{});
}

inline size_t size_of(ElementType type) noexcept {
  return with_type(type, [](auto zero) { return sizeof zero; });
}

template <class T>
T load(const uint8_t* bytes, uint64_t index) noexcept {
  T value;
  std::memcpy(&value, bytes + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace nrw
