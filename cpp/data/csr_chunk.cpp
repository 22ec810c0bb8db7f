#include "data/csr_chunk.h"

#include <algorithm>
#include <future>
#include <system_error>

#include "base/status.h"
#include "data/messages.h"
#include "data/npy_chunk.h"
#include "data/npz.h"

namespace nrw {

namespace {

using Number = unsigned long long;  // for messages

// Each member starts at a cache line of the shared buffer.
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

// Whether indptr[0..rows] never decreases. It has no branches, so that it is vectorised.
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

Error cut_short_error(const std::string& path) {
  return Error(NRW_IO,
               format("%s: the file became shorter while it was read; restore it, then resume from the last checkpoint",
                      shown_path(path).c_str()));
}

// Returns what `read` returns. If the file became shorter meanwhile, that is the error, and not one that the zeros in
// its place caused.
template <class Read>
auto read_whole(const Mapping& file, const std::string& path, Read&& read) {
  const FileWatch watch = file.watch();  // `read` may move the mapping elsewhere
  try {
    auto result = read();
    if (watch.is_cut_short()) throw cut_short_error(path);
    return result;
  } catch (const Error&) {
    if (watch.is_cut_short()) throw cut_short_error(path);
    throw;
  }
}

// With fewer bytes to inflate than this, a second thread takes longer to start than it saves.
constexpr uint64_t kTwoThreads = 1 << 20;

// Where the bytes of a member are or will be.
struct Place {
  const NpzArray& array;
  const uint8_t* begin;  // of the member, header included
  uint8_t* inflated;     // the same if it is deflated, else null

  // Inflates and checks the member. see(values) gets all values, block by block and never a part of one, while the
  // block is in a cache.
  template <class See>
  void read(const std::string& path, See&& see) const {
    constexpr size_t kBlock = 128 << 10, kMapped = 2 << 20;  // multiples of every element's size
    const ZipMember& member = array.member;
    if (inflated != nullptr) inflate(member, inflated, path);
    const std::span<const uint8_t> all{begin, member.size};
    uint32_t crc = crc32_of(all.first(array.header_bytes));
    const std::span<const uint8_t> values = all.subspan(array.header_bytes);
    for (size_t at = 0; at < values.size(); at += kBlock) {
      if (inflated == nullptr && at % kMapped == 0) {
        Mapping::expect(values.subspan(at, std::min(kMapped, values.size() - at)));
      }
      const std::span<const uint8_t> block = values.subspan(at, std::min(kBlock, values.size() - at));
      crc = crc32_of(block, crc);
      see(block);
    }
    check_crc(member, crc, path);
  }
};

}  // namespace

std::shared_ptr<const Chunk> Chunk::open(const std::string& path, uint64_t budget_bytes) {
  Mapping file = Mapping::of_file(path);
  return read_whole(file, path, [&] {
    const std::span<const uint8_t> archive = file.bytes();
    if (is_npy(archive)) return from_npy(archive, std::move(file), path);
    return from_archive(archive, std::move(file), path, budget_bytes);
  });
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
  chunk->check_structure(chunk->take_arrays(csr, budget_bytes));
  if (chunk->info_.mapped == 0) chunk->file_ = Mapping();
  return chunk;
}

ChunkInfo Chunk::peek(const std::string& path) {
  const Mapping file = Mapping::of_file(path);
  return read_whole(file, path, [&] {
    if (is_npy(file.bytes())) return read_npy_matrix(file.bytes(), path).info;
    return info_of(read_csr_npz(file.bytes(), path));
  });
}

std::array<uint32_t, 3> Chunk::checksums(const std::string& path) {
  const Mapping file = Mapping::of_file(path);
  if (is_npy(file.bytes())) throw Error(NRW_INVALID_ARGUMENT, shown_path(path) + ": a .npy file has no checksums");
  const CsrNpz csr = read_csr_npz(file.bytes(), path);
  return {csr.data.member.crc32, csr.indices.member.crc32, csr.indptr.member.crc32};
}

bool Chunk::take_arrays(const CsrNpz& csr, uint64_t budget_bytes) {
  uint64_t bytes = 0;  // each member is at most 1,032 times the file, so this cannot wrap
  for (const NpzArray* array : {&csr.data, &csr.indices, &csr.indptr}) {
    if (array->member.deflated) bytes += padded(array->member.size);
  }
  if (budget_bytes != 0 && bytes > budget_bytes) {
    throw Error(
        NRW_OUT_OF_MEMORY,
        format("%s: arrays: need %.1f MB after decompression, but the budget is %.1f MB; use smaller chunks",
               shown_path(path_).c_str(), static_cast<double>(bytes) / 1e6, static_cast<double>(budget_bytes) / 1e6));
  }
  inflated_ = Mapping::anonymous(bytes);
  info_.bytes_held = bytes;
  uint8_t* next = inflated_.data();
  const auto place = [&](const NpzArray& array) {
    if (!array.member.deflated) {
      ++info_.mapped;
      return Place{array, array.member.compressed.data(), nullptr};
    }
    const Place place{array, next, next};
    next += padded(array.member.size);
    return place;
  };
  const Place data = place(csr.data), indices = place(csr.indices), indptr = place(csr.indptr);
  data_ = data.begin + csr.data.header_bytes;
  indices_ = indices.begin + csr.indices.header_bytes;
  indptr_ = indptr.begin + csr.indptr.header_bytes;

  const auto read_data = [&] { data.read(path_, [](std::span<const uint8_t>) {}); };
  bool within = true;
  const auto read_others = [&] {
    indices.read(path_, [&](std::span<const uint8_t> values) { within &= columns_within(values); });
    indptr.read(path_, [](std::span<const uint8_t>) {});
  };
  // Values and indices take about the same time to inflate, so they are inflated at the same time. If both are corrupt,
  // the error is that of data.npy.
  std::future<void> other;
  if (csr.data.member.deflated && csr.indices.member.deflated && bytes >= kTwoThreads) {
    try {
      other = std::async(std::launch::async, read_others);
    } catch (const std::system_error&) {  // no thread could be started, so both are read one after the other
    }
  }
  read_data();
  other.valid() ? other.get() : read_others();
  return within;
}

uint64_t Chunk::stored(uint64_t r) const {
  const uint64_t first = begin(r), end = begin(r + 1);
  if (first > end || end > info_.nnz) throw changed();
  return end - first;
}

Error Chunk::changed() const {
  if (cut_short()) return cut_short_error(path_);
  return Error(NRW_IO,
               format("%s: the file changed while it was read; restore it, then resume from the last checkpoint",
                      shown_path(path_).c_str()));
}

bool Chunk::columns_within(std::span<const uint8_t> values) const noexcept {
  return with_index_type(info_.indices_type, [&](auto zero) {
    using T = decltype(zero);
    return all_within<T>(values.data(), values.size() / sizeof(T), info_.columns);
  });
}

void Chunk::check_structure(bool columns_within) const {
  const std::string name = shown_path(path_) + ": ";
  std::string where = name + array_name("indptr");
  with_index_type(info_.indptr_type, [&](auto zero) {
    using T = decltype(zero);
    const auto value = [&](uint64_t r) { return std::to_string(load<T>(indptr_, r)); };
    if (load<T>(indptr_, 0) != 0) {
      throw Error(NRW_FORMAT, where + format(": row 0: must be 0, got %s", value(0).c_str()));
    }
    if (!rises<T>(indptr_, info_.rows)) {
      uint64_t r = 0;
      while (load<T>(indptr_, r + 1) >= load<T>(indptr_, r)) ++r;
      throw Error(NRW_FORMAT, where + format(": row %llu: decreases from %s to %s", Number{r}, value(r).c_str(),
                                             value(r + 1).c_str()));
    }
    if (static_cast<uint64_t>(load<T>(indptr_, info_.rows)) != info_.nnz) {
      throw Error(NRW_FORMAT, where + format(": last value: must be %llu, the number of stored entries, got %s%s",
                                             Number{info_.nnz}, value(info_.rows).c_str(),
                                             in_memory_ ? "" : "; call x.prune() before saving"));
    }
  });
  if (columns_within) return;
  where = name + array_name("indices");
  with_index_type(info_.indices_type, [&](auto zero) {
    using T = decltype(zero);
    uint64_t k = 0;
    while (load<T>(indices_, k) >= T{0} && static_cast<uint64_t>(load<T>(indices_, k)) < info_.columns) ++k;
    uint64_t low = 0, high = info_.rows;  // the row that holds entry k: begin(low) <= k < begin(high)
    while (high - low > 1) {
      const uint64_t middle = (low + high) / 2;
      (begin(middle) <= k ? low : high) = middle;
    }
    throw Error(NRW_FORMAT, where + format(": row %llu: column %s is not in [0, %llu)", Number{low},
                                           std::to_string(load<T>(indices_, k)).c_str(), Number{info_.columns}));
  });
}

}  // namespace nrw
