#include "data/csr_chunk.h"

#include "base/status.h"
#include "data/messages.h"
#include "data/npy_chunk.h"
#include "data/npz.h"

namespace nrw {

namespace {

using Number = unsigned long long;  // for messages

// Members start on a cache line of the shared buffer.
uint64_t padded(uint64_t bytes) noexcept { return (bytes + 63) / 64 * 64; }

ChunkInfo info_of(const CsrNpz& csr) {
  ChunkInfo info;
  info.rows = csr.rows;
  info.columns = csr.columns;
  info.nnz = csr.data.count;
  info.data_type = csr.data.type;
  info.indices_type = csr.indices.type;
  info.indptr_type = csr.indptr.type;
  return info;
}

// Calls use(T{}) with the integer type of an index array.
template <class Use>
decltype(auto) with_index_type(ElementType type, Use&& use) {
  switch (type) {
    case ElementType::kI32:
      return use(int32_t{});
    case ElementType::kI64:
      return use(int64_t{});
    case ElementType::kU32:
      return use(uint32_t{});
    default:
      return use(uint64_t{});
  }
}

// Whether indptr[0..rows] never falls. Branch-free, so that it vectorises.
template <class T>
bool rises(const uint8_t* indptr, uint64_t rows) noexcept {
  unsigned falls = 0;
  for (uint64_t r = 0; r < rows; ++r) falls |= load<T>(indptr, r + 1) < load<T>(indptr, r);
  return falls == 0;
}

template <class T>
bool all_within(const uint8_t* indices, uint64_t nnz, uint64_t columns) noexcept {
  unsigned outside = 0;
  if constexpr (sizeof(T) == 4) {
    // A negative 32-bit index is at least 2^31 when it is read as unsigned.
    const uint64_t limit = std::is_signed_v<T> && columns > (uint64_t{1} << 31) ? uint64_t{1} << 31 : columns;
    if (limit == 0) return nnz == 0;
    const uint32_t last = static_cast<uint32_t>(limit - 1);
    for (uint64_t k = 0; k < nnz; ++k) outside |= load<uint32_t>(indices, k) > last;
  } else {
    for (uint64_t k = 0; k < nnz; ++k) outside |= load<uint64_t>(indices, k) >= columns;
  }
  return outside == 0;
}

}  // namespace

std::shared_ptr<const Chunk> Chunk::open(const std::string& path, uint64_t budget_bytes) {
  Mapping file = Mapping::of_file(path);
  const std::span<const uint8_t> archive = file.bytes();
  if (is_npy(archive)) return from_npy(archive, std::move(file), path);
  return from_archive(archive, std::move(file), path, budget_bytes);
}

std::shared_ptr<const Chunk> Chunk::from_archive(std::span<const uint8_t> archive, Mapping owner,
                                                 const std::string& path, uint64_t budget_bytes) {
  const std::shared_ptr<Chunk> chunk(new Chunk);
  chunk->path_ = path;
  const CsrNpz csr = read_csr_npz(archive, path);
  chunk->info_ = info_of(csr);
  chunk->wide_indices_ = size_of(csr.indices.type) == 8;
  chunk->wide_indptr_ = size_of(csr.indptr.type) == 8;
  chunk->file_ = std::move(owner);
  chunk->take_arrays(csr, budget_bytes);
  chunk->check_structure();
  if (chunk->info_.mapped == 0) chunk->file_ = Mapping();
  return chunk;
}

ChunkInfo Chunk::peek(const std::string& path) {
  const Mapping file = Mapping::of_file(path);
  if (is_npy(file.bytes())) return read_npy_matrix(file.bytes(), path).info;
  return info_of(read_csr_npz(file.bytes(), path));
}

void Chunk::take_arrays(const CsrNpz& csr, uint64_t budget_bytes) {
  uint64_t bytes = 0;  // each member is at most 1,032 times the file, so this cannot wrap
  for (const NpzArray* array : {&csr.data, &csr.indices, &csr.indptr}) {
    if (array->member.deflated) bytes += padded(array->member.size);
  }
  if (budget_bytes != 0 && bytes > budget_bytes) {
    throw Error(
        NRW_OUT_OF_MEMORY,
        format("%s: arrays: %.1f MB when inflated, the budget is %.1f MB; use smaller chunks",
               shown_path(path_).c_str(), static_cast<double>(bytes) / 1e6, static_cast<double>(budget_bytes) / 1e6));
  }
  inflated_ = Mapping::anonymous(bytes);
  info_.bytes_held = bytes;
  uint8_t* next = inflated_.data();
  const auto take = [&](const NpzArray& array) {
    const ZipMember& member = array.member;
    const uint8_t* begin = member.compressed.data();
    if (member.deflated) {
      inflate(member, next, path_);
      begin = next;
      next += padded(member.size);
    } else {
      ++info_.mapped;
    }
    check_crc(member, {begin, member.size}, path_);
    return begin + array.header_bytes;
  };
  data_ = take(csr.data);
  indices_ = take(csr.indices);
  indptr_ = take(csr.indptr);
}

void Chunk::check_structure() const {
  const std::string where = shown_path(path_);
  with_index_type(info_.indptr_type, [&](auto zero) {
    using T = decltype(zero);
    const auto value = [&](uint64_t r) { return std::to_string(load<T>(indptr_, r)); };
    if (load<T>(indptr_, 0) != 0) {
      throw Error(NRW_FORMAT, where + format(": indptr.npy: row 0: must be 0, got %s", value(0).c_str()));
    }
    if (!rises<T>(indptr_, info_.rows)) {
      uint64_t r = 0;
      while (load<T>(indptr_, r + 1) >= load<T>(indptr_, r)) ++r;
      throw Error(NRW_FORMAT, where + format(": indptr.npy: row %llu: falls from %s to %s", Number{r}, value(r).c_str(),
                                             value(r + 1).c_str()));
    }
    if (static_cast<uint64_t>(load<T>(indptr_, info_.rows)) != info_.nnz) {
      throw Error(NRW_FORMAT, where + format(": indptr.npy: last value: must be the %llu stored entries, got %s; "
                                             "call x.prune() before saving",
                                             Number{info_.nnz}, value(info_.rows).c_str()));
    }
  });
  with_index_type(info_.indices_type, [&](auto zero) {
    using T = decltype(zero);
    if (all_within<T>(indices_, info_.nnz, info_.columns)) return;
    uint64_t k = 0;
    while (load<T>(indices_, k) >= T{0} && static_cast<uint64_t>(load<T>(indices_, k)) < info_.columns) ++k;
    uint64_t low = 0, high = info_.rows;  // the row that holds entry k: begin(low) <= k < begin(high)
    while (high - low > 1) {
      const uint64_t middle = (low + high) / 2;
      (begin(middle) <= k ? low : high) = middle;
    }
    throw Error(NRW_FORMAT, where + format(": indices.npy: row %llu: column %s is not in [0, %llu)", Number{low},
                                           std::to_string(load<T>(indices_, k)).c_str(), Number{info_.columns}));
  });
}

}  // namespace nrw
