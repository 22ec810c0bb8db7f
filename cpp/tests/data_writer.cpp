#include "data_writer.h"

#include <libdeflate.h>

#include <algorithm>

#include "base/philox.h"
#include "check.h"

namespace nrw::test {

namespace {

template <class T>
void put(Bytes& out, T value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

void put(Bytes& out, const std::string& text) { out.insert(out.end(), text.begin(), text.end()); }
void put(Bytes& out, const Bytes& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

Bytes deflate(const Bytes& content) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  Bytes out(libdeflate_deflate_compress_bound(compressor, content.size()));
  out.resize(libdeflate_deflate_compress(compressor, content.data(), content.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

template <class T>
Bytes as(const std::vector<double>& values) {
  Bytes out;
  for (const double value : values) put(out, static_cast<T>(value));
  return out;
}

std::vector<double> doubles(const std::vector<int64_t>& values) { return {values.begin(), values.end()}; }

}  // namespace

Matrix random_matrix(uint64_t seed, int64_t rows, int64_t columns, int64_t per_row) {
  Matrix matrix;
  matrix.rows = rows;
  matrix.columns = columns;
  for (int64_t r = 0; r < rows; ++r) {
    const double share = static_cast<double>(per_row) / static_cast<double>(columns);
    for (int64_t c = 0; c < columns; ++c) {
      const auto words = draw(seed, Purpose::kInit, static_cast<uint64_t>(r), static_cast<uint64_t>(c));
      if (uniform(words[0], words[1]) >= share) continue;
      matrix.indices.push_back(c);
      matrix.values.push_back(0.25 * (1 + words[2] % 400));
    }
    matrix.indptr.push_back(static_cast<int64_t>(matrix.indices.size()));
  }
  return matrix;
}

std::string list_shape(size_t size) { return format("(%zu,)", size); }

Bytes elements(const std::vector<double>& values, const std::string& descr) {
  const std::string type = descr.substr(1);
  if (type == "f4") return as<float>(values);
  if (type == "f8") return as<double>(values);
  if (type == "i1") return as<int8_t>(values);
  if (type == "i2") return as<int16_t>(values);
  if (type == "i4") return as<int32_t>(values);
  if (type == "i8") return as<int64_t>(values);
  if (type == "u1" || type == "b1") return as<uint8_t>(values);
  if (type == "u2") return as<uint16_t>(values);
  if (type == "u4") return as<uint32_t>(values);
  CHECK(type == "u8");
  return as<uint64_t>(values);
}

Bytes npy(const std::string& descr, const std::string& shape, const Bytes& values, int version) {
  const size_t fixed = version == 1 ? 10 : 12;
  std::string text = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
  text.append((64 - (fixed + text.size() + 1) % 64) % 64, ' ');
  text += '\n';
  Bytes out;
  put(out, std::string("\x93NUMPY"));
  put(out, static_cast<uint8_t>(version));
  put(out, uint8_t{0});
  if (version == 1) {
    put(out, static_cast<uint16_t>(text.size()));
  } else {
    put(out, static_cast<uint32_t>(text.size()));
  }
  put(out, text);
  put(out, values);
  return out;
}

Bytes zip(const std::vector<Member>& members, bool zip64_end, const std::string& comment) {
  constexpr uint32_t kElsewhere = 0xFFFFFFFF;
  Bytes out, directory;
  for (const Member& member : members) {
    const Bytes stored = member.deflated ? deflate(member.content) : member.content;
    const uint32_t crc = member.crc32.value_or(libdeflate_crc32(0, member.content.data(), member.content.size()));
    const uint64_t size = member.size.value_or(member.content.size());
    const uint64_t compressed = member.compressed.value_or(stored.size()), offset = out.size();
    const uint16_t method = member.method != 0xFFFF ? member.method : member.deflated ? 8 : 0;
    const uint16_t flags = static_cast<uint16_t>(member.flags | (member.descriptor ? 8 : 0));
    const auto common = [&](Bytes& header, bool local) {
      const bool empty = local && member.descriptor;
      put(header, uint16_t{45});
      put(header, flags);
      put(header, method);
      put(header, uint32_t{0});  // time and date
      put(header, empty ? 0 : crc);
      put(header, empty ? 0 : member.zip64 ? kElsewhere : static_cast<uint32_t>(compressed));
      put(header, empty ? 0 : member.zip64 ? kElsewhere : static_cast<uint32_t>(size));
      put(header, static_cast<uint16_t>(member.name.size()));
      put(header, static_cast<uint16_t>(!member.zip64 ? 0 : local ? 20 : 36));
    };
    put(out, uint32_t{0x04034b50});
    common(out, true);
    put(out, member.name);
    if (member.zip64) {
      put(out, uint16_t{1});
      put(out, uint16_t{16});
      put(out, size);
      put(out, compressed);
    }
    put(out, stored);
    if (member.descriptor) {
      put(out, uint32_t{0x08074b50});
      put(out, crc);
      put(out, static_cast<uint32_t>(compressed));
      put(out, static_cast<uint32_t>(size));
    }
    put(directory, uint32_t{0x02014b50});
    put(directory, uint16_t{45});
    common(directory, false);
    put(directory, uint16_t{0});  // comment
    put(directory, uint16_t{0});  // disk
    put(directory, uint16_t{0});
    put(directory, uint32_t{0});
    put(directory, member.zip64 ? kElsewhere : static_cast<uint32_t>(offset));
    put(directory, member.name);
    if (member.zip64) {
      put(directory, uint16_t{0x7875});  // another field in front
      put(directory, uint16_t{4});
      put(directory, uint32_t{7});
      put(directory, uint16_t{1});
      put(directory, uint16_t{24});
      put(directory, size);
      put(directory, compressed);
      put(directory, offset);
    }
  }
  const uint64_t start = out.size(), count = members.size();
  put(out, directory);
  if (zip64_end) {
    const uint64_t record = out.size();
    put(out, uint32_t{0x06064b50});
    put(out, uint64_t{44});
    put(out, uint32_t{0x002D002D});
    put(out, uint64_t{0});  // disks
    put(out, count);
    put(out, count);
    put(out, uint64_t{directory.size()});
    put(out, start);
    put(out, uint32_t{0x07064b50});
    put(out, uint32_t{0});
    put(out, record);
    put(out, uint32_t{1});
  }
  put(out, uint32_t{0x06054b50});
  put(out, uint32_t{0});
  put(out, zip64_end ? uint16_t{0xFFFF} : static_cast<uint16_t>(count));
  put(out, zip64_end ? uint16_t{0xFFFF} : static_cast<uint16_t>(count));
  put(out, zip64_end ? kElsewhere : static_cast<uint32_t>(directory.size()));
  put(out, zip64_end ? kElsewhere : static_cast<uint32_t>(start));
  put(out, static_cast<uint16_t>(comment.size()));
  put(out, comment);
  return out;
}

std::vector<Member> members_of(const Matrix& matrix, const std::string& data, const std::string& indices,
                               const std::string& indptr, bool deflated) {
  const auto array = [](const std::string& type, const std::vector<double>& values) {
    return npy(type, list_shape(values.size()), elements(values, type));
  };
  const std::vector<double> shape{static_cast<double>(matrix.rows), static_cast<double>(matrix.columns)};
  return {{"indices.npy", array(indices, doubles(matrix.indices)), deflated},
          {"indptr.npy", array(indptr, doubles(matrix.indptr)), deflated},
          {"format.npy", npy("|S3", "()", {'c', 's', 'r'}), deflated},
          {"shape.npy", npy("<i8", "(2,)", elements(shape, "<i8")), deflated},
          {"data.npy", array(data, matrix.values), deflated}};
}

std::shared_ptr<const Chunk> chunk_of(Bytes archive, uint64_t budget, const char* name) {
  struct Kept {
    Bytes bytes;
    std::shared_ptr<const Chunk> chunk;
  };
  const auto kept = std::make_shared<Kept>();
  kept->bytes = std::move(archive);
  kept->chunk = Chunk::from_archive(kept->bytes, Mapping(), name, budget);
  return {kept, kept->chunk.get()};
}

std::shared_ptr<const Chunk> chunk_of(const Matrix& matrix, const std::string& data) {
  return chunk_of(zip(members_of(matrix, data)));
}

void open_bytes(const Bytes& archive, uint64_t budget) { Chunk::from_archive(archive, Mapping(), "test.npz", budget); }

std::string error_of(const Bytes& archive, uint64_t budget) {
  try {
    open_bytes(archive, budget);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace nrw::test
