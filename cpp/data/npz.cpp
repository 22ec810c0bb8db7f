#include "data/npz.h"

#include <vector>

#include "base/status.h"
#include "data/messages.h"
#include "data/npy.h"

namespace nrw {

namespace {

using Number = unsigned long long;  // for messages

std::string place(const ZipMember& member, const std::string& path) {
  return shown_path(path) + ": " + member.name + ": ";
}

NpyHeader header_of(const ZipMember& member, const std::string& path) {
  return parse_npy_header(first_bytes(member, path), place(member, path));
}

void check_size(const ZipMember& member, const NpyHeader& header, size_t item, const std::string& where) {
  const uint64_t values = member.size - header.bytes, count = header.count();
  if (count > values / item || count * item != values) {
    throw Error(NRW_FORMAT, where + format("shape: declares %llu values of %zu bytes, but the member has %llu bytes",
                                           Number{count}, item, Number{values}));
  }
}

NpzArray array_of(ZipMember&& member, const std::string& path) {
  const std::string where = place(member, path);
  const NpyHeader header = header_of(member, path);
  NpzArray array;
  array.type = element_type(header, where);
  if (header.shape.size() != 1) {
    throw Error(NRW_FORMAT, where + format("shape: must have 1 dimension, got %zu", header.shape.size()));
  }
  check_size(member, header, size_of(array.type), where);
  array.count = header.count();
  array.header_bytes = header.bytes;
  array.member = std::move(member);
  return array;
}

void require_index_type(const NpzArray& array, const std::string& path) {
  switch (array.type) {
    case ElementType::kI32:
    case ElementType::kI64:
    case ElementType::kU32:
    case ElementType::kU64:
      return;
    default:
      throw Error(NRW_FORMAT, place(array.member, path) + "descr: must be an integer of 32 or 64 bits");
  }
}

// Reads and checks a small member (shape or format).
std::vector<uint8_t> small_member(const ZipMember& member, const std::string& path) {
  constexpr uint64_t kMost = 1 << 16;
  if (member.size > kMost) {
    throw Error(NRW_FORMAT, place(member, path) + format("size: %llu bytes are too many", Number{member.size}));
  }
  std::vector<uint8_t> bytes(member.compressed.begin(), member.compressed.end());
  if (member.deflated) {
    bytes.assign(member.size, 0);
    inflate(member, bytes.data(), path);
  }
  check_crc(member, crc32_of(bytes), path);
  return bytes;
}

// A string scalar: bytes ('|S3') or unicode ('<U3', '>U3'), padded with zeros.
void require_csr(const ZipMember& member, const std::string& path) {
  const std::string where = place(member, path);
  const std::vector<uint8_t> bytes = small_member(member, path);
  const NpyHeader header = parse_npy_header(bytes, where);
  const char kind = header.descr.size() > 1 ? header.descr[1] : '\0';
  if (kind != 'S' && kind != 'U') {
    throw Error(NRW_FORMAT, where + format("descr: must be a string, got '%s'", shown_text(header.descr).c_str()));
  }
  if (header.count() != 1) throw Error(NRW_FORMAT, where + "shape: must be a single string");
  std::string text;
  for (size_t i = header.bytes; i < bytes.size(); ++i) {
    if (bytes[i] != 0) text += static_cast<char>(bytes[i]);
  }
  if (text != "csr") {
    throw Error(NRW_FORMAT,
                where + format("format: must be 'csr', got '%s'; save x.tocsr() instead", shown_text(text).c_str()));
  }
}

struct Shape {
  uint64_t rows, columns;
};

Shape shape_of(const ZipMember& member, const std::string& path) {
  const std::string where = place(member, path);
  const std::vector<uint8_t> bytes = small_member(member, path);
  const NpyHeader header = parse_npy_header(bytes, where);
  const ElementType type = element_type(header, where);
  if (header.shape.size() != 1 || header.shape[0] != 2) throw Error(NRW_FORMAT, where + "shape: must have 2 values");
  check_size(member, header, size_of(type), where);
  const auto value = [&](size_t index, const char* name) {
    return with_type(type, [&](auto zero) -> uint64_t {
      using T = decltype(zero);
      if constexpr (std::is_integral_v<T>) {
        const T loaded = load<T>(bytes.data() + header.bytes, index);
        if (loaded < T{0}) throw Error(NRW_FORMAT, where + format("%s: must not be negative", name));
        const uint64_t size = static_cast<uint64_t>(loaded);
        if (size > UINT32_MAX) {
          throw Error(NRW_FORMAT, where + format("%s: must be at most 2^32 - 1, got %llu", name, Number{size}));
        }
        return size;
      } else {
        throw Error(NRW_FORMAT, where + "descr: must be an integer");
      }
    });
  };
  return {value(0, "rows"), value(1, "columns")};
}

}  // namespace

CsrNpz read_csr_npz(std::span<const uint8_t> archive, const std::string& path) {
  constexpr const char* kMembers[] = {"format.npy", "shape.npy", "data.npy", "indices.npy", "indptr.npy"};
  // The format is read first and alone, since a matrix of another format need not have the other members.
  require_csr(read_zip(archive, std::span(kMembers).first(1), path)[0], path);
  std::vector<ZipMember> members = read_zip(archive, kMembers, path);
  const Shape shape = shape_of(members[1], path);
  CsrNpz csr;
  csr.rows = shape.rows;
  csr.columns = shape.columns;
  csr.data = array_of(std::move(members[2]), path);
  csr.indices = array_of(std::move(members[3]), path);
  csr.indptr = array_of(std::move(members[4]), path);
  require_index_type(csr.indices, path);
  require_index_type(csr.indptr, path);
  if (csr.indptr.count != csr.rows + 1) {
    throw Error(NRW_FORMAT, place(csr.indptr.member, path) + format("shape: must be rows + 1 = %llu, got %llu",
                                                                    Number{csr.rows + 1}, Number{csr.indptr.count}));
  }
  if (csr.indices.count != csr.data.count) {
    throw Error(NRW_FORMAT,
                place(csr.indices.member, path) + format("shape: must be %llu, the length of data.npy, got %llu",
                                                         Number{csr.data.count}, Number{csr.indices.count}));
  }
  return csr;
}

}  // namespace nrw
