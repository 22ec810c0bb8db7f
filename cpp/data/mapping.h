// Memory from mmap: a whole file, read-only, or anonymous pages, which are returned to the system when they are freed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "data/mapped_files.h"

namespace nrw {

// A mapped file that others may cut short; outlives the mapping.
struct FileWatch {
  CutShort read_beyond;  // null of anonymous pages, and of files for which there was no room: see watch_mapping
  std::string path;
  uint64_t device = 0, number = 0, size = 0;  // size 0: no file

  // Whether what was read until now may be zeros. Asks the system for the file's size: beyond its new end only whole
  // pages raise a signal; the rest of the last page reads as zeros without one. A file that was removed or replaced
  // under its name is still there whole for the mapping.
  bool is_cut_short() const noexcept;
};

class Mapping {
 public:
  Mapping() = default;
  // A whole regular file. If it becomes shorter while it is mapped, the missing part reads as zeros: see FileWatch.
  // Throws NRW_IO, and NRW_FORMAT if it is empty.
  static Mapping of_file(const std::string& path);
  // Throws NRW_OUT_OF_MEMORY.
  static Mapping anonymous(size_t bytes);

  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        watch_(std::exchange(other.watch_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(watch_, other.watch_);
    return *this;
  }
  ~Mapping();

  // A hint that these pages of a mapped file will be read soon, so that they are mapped at once and not one by one.
  static void expect(std::span<const uint8_t> bytes) noexcept;

  uint8_t* data() noexcept { return data_; }  // writable only if anonymous
  size_t size() const noexcept { return size_; }
  std::span<const uint8_t> bytes() const noexcept { return {data_, size_}; }
  const FileWatch& watch() const noexcept { return watch_; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  FileWatch watch_;
};

}  // namespace nrw
