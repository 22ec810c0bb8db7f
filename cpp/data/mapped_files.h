// Mapped files that may become shorter while they are read. Reading a page beyond the new end raises SIGBUS. In a
// watched mapping such pages read as zeros instead, and the watch says so, so that the reader can report it.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace nrw {

// Whether a mapping was read beyond the end of its file. It may outlive the mapping.
using CutShort = std::shared_ptr<std::atomic<bool>>;

// Watches [data, data + size). The first call installs the signal handler; faults elsewhere go to the handler that was
// there before. Returns null if the table is full; the mapping is not watched then.
CutShort watch_mapping(const void* data, size_t size);

// Ends the watch. Call it when nobody reads the pages any more and before they are unmapped.
void unwatch_mapping(const void* data) noexcept;

}  // namespace nrw
