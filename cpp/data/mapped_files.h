// Mapped files that others may cut short. Reading a page that the file no longer has raises SIGBUS; of a watched
// mapping such pages then read as zeros and the watch says so, so that the reader can go on to where it asks.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace nrw {

// Whether a mapping was read beyond the end of its file. Outlives the mapping.
using CutShort = std::shared_ptr<std::atomic<bool>>;

// Watches [data, data + size) from now on; installs the handler at the first call. Faults elsewhere go to the handler
// that was there before. Null where there is no room for one more: then it is not watched.
CutShort watch_mapping(const void* data, size_t size);

// Before the pages are unmapped, and when nobody reads them any more.
void unwatch_mapping(const void* data) noexcept;

}  // namespace nrw
