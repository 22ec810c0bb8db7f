// The shape of a row: {columns}, a signal {channels, length} or an image {channels, height, width}.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace nrw {

// Memory order of a row: channels last, that is {length, channels} and {height, width, channels}. Files, latent vectors
// and reconstructions that leave the engine have channels first.
struct Shape {
  static constexpr uint32_t kMostDimensions = 3;
  uint32_t dimensions = 1;
  std::array<uint32_t, kMostDimensions> sizes{};

  static Shape flat(uint32_t size) { return {1, {size}}; }
  static Shape signal(uint32_t channels, uint32_t length) { return {2, {channels, length}}; }
  static Shape image(uint32_t channels, uint32_t height, uint32_t width) { return {3, {channels, height, width}}; }

  uint64_t size() const noexcept {
    uint64_t product = 1;
    for (uint32_t i = 0; i < dimensions; ++i) product *= sizes[i];
    return product;
  }
  // A flat row has one place, at which its columns are the channels.
  uint32_t channels() const noexcept { return sizes[0]; }
  uint64_t places() const noexcept { return channels() == 0 ? 0 : size() / channels(); }
  // Whether channels last and channels first are the same order.
  bool one_order() const noexcept { return channels() == 1 || places() == 1; }
  std::string text() const;  // "16 x 14 x 14"

  bool operator==(const Shape&) const = default;
};

// to (columns x rows, its rows `to_pitch` floats apart) = the transpose of from (rows x columns, `from_pitch` apart).
void transpose(size_t rows, size_t columns, const float* from, size_t from_pitch, float* to, size_t to_pitch) noexcept;

// One row from channels first (channels x places) to channels last, and back.
void to_channels_last(const Shape& shape, const float* from, float* to) noexcept;
void to_channels_first(const Shape& shape, const float* from, float* to) noexcept;

}  // namespace nrw
