// An array that owns its memory, aligned to 64 bytes (a cache line, an AVX-512 register). Elements are zeroed. Large
// buffers ask the system for huge pages. Throws nrw::Error(NRW_OUT_OF_MEMORY).
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

namespace nrw {

void* allocate_aligned(size_t bytes);  // zeroed; nullptr for 0 bytes
void free_aligned(void* memory) noexcept;

template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size) : data_(static_cast<T*>(allocate_aligned(size * sizeof(T)))), size_(size) {}
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~AlignedBuffer() { free_aligned(data_); }

  // Grows to at least `size` elements; the content is lost when it grows. Never shrinks.
  void reserve(size_t size) {
    if (size > size_) *this = AlignedBuffer(size);
  }
  void zero() noexcept {
    if (size_ != 0) std::memset(static_cast<void*>(data_), 0, size_ * sizeof(T));
  }
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  size_t size() const noexcept { return size_; }
  size_t bytes() const noexcept { return size_ * sizeof(T); }
  T& operator[](size_t i) noexcept { return data_[i]; }
  const T& operator[](size_t i) const noexcept { return data_[i]; }
  T* begin() noexcept { return data_; }
  T* end() noexcept { return data_ + size_; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace nrw
