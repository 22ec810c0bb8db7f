// The members of a zip archive, found by its central directory. Members may be in any order, stored or deflated, and
// use zip64 and data descriptors (the central directory has their sizes). Everything is checked against the archive's
// size.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nrw {

struct ZipMember {
  std::string name;
  bool deflated = false;
  uint64_t size = 0;                    // inflated
  uint32_t crc32 = 0;                   // of the inflated bytes
  std::span<const uint8_t> compressed;  // into the archive; the bytes themselves when stored
};

// The members with the names `wanted`, in that order. The archive must have each of them once. `path` is for messages.
// Throws NRW_FORMAT.
std::vector<ZipMember> read_zip(std::span<const uint8_t> archive, std::span<const char* const> wanted,
                                const std::string& path);

// Inflates a deflated member into `out` (member.size bytes). Throws NRW_FORMAT.
void inflate(const ZipMember& member, uint8_t* out, const std::string& path);

// The CRC-32 after `bytes`, if it is `before` for what comes before them (0 for nothing).
uint32_t crc32_of(std::span<const uint8_t> bytes, uint32_t before = 0) noexcept;

// Throws NRW_FORMAT unless the CRC-32 that the archive gives for the member is `found`, that of its content.
void check_crc(const ZipMember& member, uint32_t found, const std::string& path);

// The first bytes of a member: at least its first 10,000, or all if it is shorter. Only the compressed stream is
// checked.
std::vector<uint8_t> first_bytes(const ZipMember& member, const std::string& path);

}  // namespace nrw
