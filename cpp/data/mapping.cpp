#include "data/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/status.h"
#include "data/messages.h"

namespace nrw {

namespace {

struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
};

[[noreturn]] void io_error(const std::string& path, const char* action, int code) {
  const std::string reason = std::generic_category().message(code);
  throw Error(NRW_IO, format("%s: cannot %s (%s)", shown_path(path).c_str(), action, reason.c_str()));
}

}  // namespace

Mapping Mapping::of_file(const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    throw Error(NRW_INVALID_ARGUMENT, format("%s: the path contains a zero byte", shown_path(path).c_str()));
  }
  // Nonblocking, so that a pipe in place of a file gives an error and does not wait.
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.value < 0) io_error(path, "open", errno);
  struct stat status;
  if (fstat(file.value, &status) != 0) io_error(path, "read", errno);
  if (S_ISDIR(status.st_mode)) io_error(path, "read", EISDIR);
  if (!S_ISREG(status.st_mode)) {
    throw Error(NRW_IO, format("%s: cannot read: it is not a regular file", shown_path(path).c_str()));
  }
  if (status.st_size == 0) throw Error(NRW_FORMAT, format("%s: the file is empty", shown_path(path).c_str()));
  const size_t size = static_cast<size_t>(status.st_size);
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
  if (data == MAP_FAILED) io_error(path, "map", errno);
  madvise(data, size, MADV_WILLNEED);  // the whole file is read when it is opened; later, rows are read in any order
  Mapping mapping;
  mapping.data_ = static_cast<uint8_t*>(data);
  mapping.size_ = size;
  mapping.watch_ = {watch_mapping(data, size), path, static_cast<uint64_t>(status.st_dev),
                    static_cast<uint64_t>(status.st_ino), size};
  return mapping;
}

bool FileWatch::is_cut_short() const noexcept {
  if (read_beyond != nullptr && read_beyond->load()) return true;
  struct stat now;
  if (size == 0 || stat(path.c_str(), &now) != 0) return false;
  return static_cast<uint64_t>(now.st_dev) == device && static_cast<uint64_t>(now.st_ino) == number &&
         static_cast<uint64_t>(now.st_size) < size;
}

Mapping Mapping::anonymous(size_t bytes) {
  Mapping mapping;
  if (bytes == 0) return mapping;
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    throw Error(NRW_OUT_OF_MEMORY,
                format("there is not enough memory for a chunk of %.1f MB", static_cast<double>(bytes) / 1e6));
  }
#ifdef MADV_HUGEPAGE
  madvise(data, bytes, MADV_HUGEPAGE);
#endif
  mapping.data_ = static_cast<uint8_t*>(data);
  mapping.size_ = bytes;
  return mapping;
}

void Mapping::expect(std::span<const uint8_t> bytes) noexcept {
#ifdef MADV_POPULATE_READ  // Linux 5.14; if the kernel refuses it, pages are mapped one fault after another
  constexpr uintptr_t kPage = 4096;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(bytes.data()) / kPage * kPage;
  const uintptr_t end = reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size();
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ);
#endif
}

Mapping::~Mapping() {
  if (data_ == nullptr) return;
  if (watch_.read_beyond != nullptr) unwatch_mapping(data_);
  munmap(data_, size_);
}

}  // namespace nrw
