// The members of a zip archive, read through its central directory: any order, zip64, data descriptors (the central
// directory has the sizes), members that are stored or deflated. Everything is checked against the archive's size.
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

// The members among `wanted`, in the order of `wanted`; all must be there, once. `path` is for messages. Throws
// NRW_FORMAT.
std::vector<ZipMember> read_zip(std::span<const uint8_t> archive, std::span<const char* const> wanted,
                                const std::string& path);

// Inflates a deflated member into `out` (member.size bytes). Throws NRW_FORMAT.
void inflate(const ZipMember& member, uint8_t* out, const std::string& path);

// The CRC-32 of what had `before` (0 for nothing) with `bytes` after it.
uint32_t crc32_of(std::span<const uint8_t> bytes, uint32_t before = 0) noexcept;

// Throws NRW_FORMAT unless the member's CRC-32 is `found`, that of its content.
void check_crc(const ZipMember& member, uint32_t found, const std::string& path);

// The first bytes of a member, at least its first 10,000 (or all, if it is shorter); nothing is checked but the stream.
std::vector<uint8_t> first_bytes(const ZipMember& member, const std::string& path);

}  // namespace nrw
