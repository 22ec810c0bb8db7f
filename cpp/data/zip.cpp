#include "data/zip.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "data/element_type.h"
#include "data/messages.h"

namespace nrw {

namespace {

using Bytes = std::span<const uint8_t>;

// Layouts: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 (local header) to 4.3.16 (end of central directory).
constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50, kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr uint16_t kZip64Extra = 1, kEncrypted = 1, kStored = 0, kDeflated = 8;
// Deflate encodes at most 258 bytes in 2 bits.
constexpr uint64_t kMaxRatio = 1032;

template <class T>
T at(Bytes bytes, size_t offset) noexcept {  // little-endian, like every machine that the engine is built for
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct Directory {
  Bytes bytes;
  uint64_t entries = 0;
};

class Reader {
 public:
  Reader(Bytes archive, const std::string& path) : archive_(archive), path_(path) {}

  [[noreturn]] void fail(const char* where, const std::string& what) const {
    throw Error(NRW_FORMAT, format("%s: %s: %s", shown_path(path_).c_str(), where, what.c_str()));
  }

  Directory directory() const {
    const size_t end = find_end();
    uint64_t entries = at<uint16_t>(archive_, end + 10), size = at<uint32_t>(archive_, end + 12),
             offset = at<uint32_t>(archive_, end + 16);
    uint32_t disk = at<uint16_t>(archive_, end + 4);
    uint64_t limit = end;  // where the directory must have ended
    if (end >= kLocatorBytes && at<uint32_t>(archive_, end - kLocatorBytes) == kEnd64Locator) {
      limit = at<uint64_t>(archive_, end - kLocatorBytes + 8);
      if (limit > end - kLocatorBytes || end - kLocatorBytes - limit < kEnd64Bytes ||
          at<uint32_t>(archive_, limit) != kEnd64) {
        fail("zip directory", format("the zip64 record is not at byte %llu", static_cast<unsigned long long>(limit)));
      }
      disk = at<uint32_t>(archive_, limit + 16);
      entries = at<uint64_t>(archive_, limit + 32);
      size = at<uint64_t>(archive_, limit + 40);
      offset = at<uint64_t>(archive_, limit + 48);
    }
    if (disk != 0) fail("zip directory", "archives in several parts are not supported");
    if (offset > limit || size > limit - offset || entries > size / kCentralBytes) {
      fail("zip directory", format("%llu entries in %llu bytes at byte %llu do not fit the file",
                                   static_cast<unsigned long long>(entries), static_cast<unsigned long long>(size),
                                   static_cast<unsigned long long>(offset)));
    }
    return {archive_.subspan(offset, size), entries};
  }

  // The member of a central directory entry: `entry` is its fixed part, `extra` its extra fields.
  ZipMember member(Bytes entry, std::string_view name, Bytes extra) const {
    ZipMember member;
    member.name = name;
    const char* where = member.name.c_str();
    const uint16_t flags = at<uint16_t>(entry, 8), method = at<uint16_t>(entry, 10);
    member.crc32 = at<uint32_t>(entry, 16);
    uint64_t compressed = at<uint32_t>(entry, 20), offset = at<uint32_t>(entry, 42);
    member.size = at<uint32_t>(entry, 24);
    read_zip64(extra, member.size, compressed, offset, where);
    if (flags & kEncrypted) fail(where, "the member is encrypted");
    if (method != kStored && method != kDeflated) {
      fail(where, format("compression method %u is not supported; save the matrix with scipy.sparse.save_npz", method));
    }
    member.deflated = method == kDeflated;
    if (offset > archive_.size() || archive_.size() - offset < kLocalBytes ||
        at<uint32_t>(archive_, offset) != kLocalHeader) {
      fail(where, format("offset: the member is not at byte %llu", static_cast<unsigned long long>(offset)));
    }
    const size_t name_bytes = at<uint16_t>(archive_, offset + 26), extra_bytes = at<uint16_t>(archive_, offset + 28);
    const Bytes rest = archive_.subspan(offset + kLocalBytes);
    if (rest.size() < name_bytes + extra_bytes || name_bytes != name.size() ||
        !std::equal(name.begin(), name.end(), rest.begin(), [](char a, uint8_t b) { return uint8_t(a) == b; })) {
      fail(where, "the header of the member has another name");
    }
    const Bytes content = rest.subspan(name_bytes + extra_bytes);
    if (compressed > content.size()) {
      fail(where, format("compressed size: declares %llu bytes, but the file has only %zu left; it may be incomplete",
                         static_cast<unsigned long long>(compressed), content.size()));
    }
    if (member.deflated ? member.size / kMaxRatio > compressed : member.size != compressed) {
      fail(where, format("size: %llu bytes cannot come from %llu compressed bytes",
                         static_cast<unsigned long long>(member.size), static_cast<unsigned long long>(compressed)));
    }
    member.compressed = content.first(compressed);
    return member;
  }

 private:
  // The end record is followed by a comment of up to 65,535 bytes.
  size_t find_end() const {
    const size_t size = archive_.size();
    for (size_t back = kEndBytes; back <= std::min(size, kEndBytes + 65535); ++back) {
      const size_t end = size - back;
      if (at<uint32_t>(archive_, end) == kEnd && at<uint16_t>(archive_, end + 20) == back - kEndBytes) return end;
    }
    fail("zip directory", "not found, so the file is not an .npz file or is incomplete");
  }

  // A size of 2^32 - 1 means that the next value of the zip64 field is the size.
  void read_zip64(Bytes extra, uint64_t& size, uint64_t& compressed, uint64_t& offset, const char* where) const {
    constexpr uint64_t kElsewhere = 0xFFFFFFFF;
    if (size != kElsewhere && compressed != kElsewhere && offset != kElsewhere) return;
    while (extra.size() >= 4) {
      const uint16_t id = at<uint16_t>(extra, 0), bytes = at<uint16_t>(extra, 2);
      extra = extra.subspan(4);
      if (bytes > extra.size()) break;
      if (id != kZip64Extra) {
        extra = extra.subspan(bytes);
        continue;
      }
      size_t used = 0;
      for (uint64_t* value : {&size, &compressed, &offset}) {
        if (*value != kElsewhere) continue;
        if (used + 8 > bytes) fail(where, "the zip64 field is too short");
        *value = at<uint64_t>(extra, used);
        used += 8;
      }
      return;
    }
    fail(where, "the zip64 field is missing");
  }

  Bytes archive_;
  const std::string& path_;
};

[[noreturn]] void broken(const ZipMember& member, const std::string& path, const char* what) {
  throw Error(NRW_FORMAT, format("%s: %s: %s", shown_path(path).c_str(), member.name.c_str(), what));
}

libdeflate_result decompress(const ZipMember& member, uint8_t* out, size_t size) {
  struct Free {
    void operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
  };
  const std::unique_ptr<libdeflate_decompressor, Free> decompressor(libdeflate_alloc_decompressor());
  if (!decompressor) throw Error(NRW_OUT_OF_MEMORY, "there is not enough memory for a decompressor");
  return libdeflate_deflate_decompress(decompressor.get(), member.compressed.data(), member.compressed.size(), out,
                                       size, nullptr);
}

}  // namespace

std::vector<ZipMember> read_zip(Bytes archive, std::span<const char* const> wanted, const std::string& path) {
  const Reader reader(archive, path);
  const Directory directory = reader.directory();
  std::vector<ZipMember> members(wanted.size());
  Bytes rest = directory.bytes;
  for (uint64_t entry = 0; entry < directory.entries; ++entry) {
    if (rest.size() < kCentralBytes || at<uint32_t>(rest, 0) != kCentralHeader) {
      reader.fail("zip directory", format("entry %llu is corrupt", static_cast<unsigned long long>(entry)));
    }
    const Bytes fixed = rest.first(kCentralBytes);
    const size_t name = at<uint16_t>(fixed, 28), extra = at<uint16_t>(fixed, 30), comment = at<uint16_t>(fixed, 32);
    rest = rest.subspan(kCentralBytes);
    if (rest.size() < name + extra + comment) {
      reader.fail("zip directory", "an entry ends beyond the end of the directory");
    }
    const std::string_view text(reinterpret_cast<const char*>(rest.data()), name);
    const auto found = std::find(wanted.begin(), wanted.end(), text);
    if (found != wanted.end()) {
      ZipMember& member = members[static_cast<size_t>(found - wanted.begin())];
      if (!member.name.empty()) reader.fail(*found, "the archive has this member twice");
      member = reader.member(fixed, text, rest.subspan(name, extra));
    }
    rest = rest.subspan(name + extra + comment);
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (members[i].name.empty()) {
      reader.fail(wanted[i], "the member is missing, so the file is not a matrix saved by scipy.sparse.save_npz");
    }
  }
  return members;
}

void inflate(const ZipMember& member, uint8_t* out, const std::string& path) {
  switch (decompress(member, out, member.size)) {
    case LIBDEFLATE_SUCCESS:
      return;
    case LIBDEFLATE_SHORT_OUTPUT:
      broken(member, path, "size: the content has fewer bytes than declared");
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      broken(member, path, "size: the content has more bytes than declared");
    default:
      broken(member, path, "the compressed data are corrupt");
  }
}

uint32_t crc32_of(Bytes bytes, uint32_t before) noexcept {
  return libdeflate_crc32(before, bytes.data(), bytes.size());
}

void check_crc(const ZipMember& member, uint32_t found, const std::string& path) {
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  if (found != member.crc32) broken(member, path, "CRC-32: the content does not match its checksum");
#endif
}

std::vector<uint8_t> first_bytes(const ZipMember& member, const std::string& path) {
  // libdeflate writes in order and stops at the first match or stored block that does not fit. These have at most 258
  // and 65,535 bytes, so at least the first 10,000 bytes are complete.
  constexpr uint64_t kFirst = 128 << 10;
  const size_t size = static_cast<size_t>(std::min(member.size, kFirst));
  if (!member.deflated) return {member.compressed.begin(), member.compressed.begin() + static_cast<ptrdiff_t>(size)};
  std::vector<uint8_t> bytes(size);
  if (decompress(member, bytes.data(), size) == LIBDEFLATE_BAD_DATA) {
    broken(member, path, "the compressed data are corrupt");
  }
  return bytes;
}

}  // namespace nrw
