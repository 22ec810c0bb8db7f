// Memory from mmap: a whole file, read-only, or anonymous pages, which are returned to the system when they are freed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "data/mapped_files.h"

namespace nrw {

class Mapping {
 public:
  Mapping() = default;
  // A whole regular file. If it becomes shorter while it is mapped, the missing part reads as zeros: see cut_short.
  // Throws NRW_IO, and NRW_FORMAT if it is empty.
  static Mapping of_file(const std::string& path);
  // Throws NRW_OUT_OF_MEMORY.
  static Mapping anonymous(size_t bytes);

  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        cut_short_(std::move(other.cut_short_)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(cut_short_, other.cut_short_);
    return *this;
  }
  ~Mapping();

  // A hint that these pages of a mapped file will be read soon, so that they are mapped at once and not one by one.
  static void expect(std::span<const uint8_t> bytes) noexcept;

  uint8_t* data() noexcept { return data_; }  // writable only if anonymous
  size_t size() const noexcept { return size_; }
  std::span<const uint8_t> bytes() const noexcept { return {data_, size_}; }
  // Whether the file was read beyond its end because it became shorter. Null for anonymous pages.
  const CutShort& cut_short() const noexcept { return cut_short_; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  CutShort cut_short_;
};

}  // namespace nrw
