#include "layers/target_pass.h"

#include <algorithm>
#include <cstring>

namespace nrw {

namespace {
constexpr size_t kParts = 16;              // most parts of the touched columns; their sums are added in order
constexpr size_t kPartEntries = 6000;      // least entries of a part, where there are more than four
constexpr size_t kBlockBytes = 512 << 10;  // of V: stays in the second-level cache between reading and writing
constexpr size_t kBlockEntries = 4096;     // most entries of a block, but for one very long column

constexpr size_t kMirrorRows = 16;
constexpr size_t kCollected = kPanel64;  // columns that go to K by dense products at once

size_t collected_doubles(size_t rows) noexcept {
  return kCollected * (rows + (rows + kPanel64 - 1) / kPanel64 * kPanel64);
}

size_t part_count(size_t nnz) noexcept { return std::clamp(nnz / kPartEntries, size_t{4}, kParts); }

void prefetch_row(const float* row, size_t floats) noexcept {
  for (size_t k = 0; k < floats; k += 16) __builtin_prefetch(row + k, 1);
}
}  // namespace

// K += A^T A over the collected columns A (rows of collected, m values each).
void TargetPass::add_collected(size_t rows, Collected& collected, double* k) const noexcept {
  if (collected.count == 0) return;
  doubles_.pack(collected.count, rows, collected.columns, rows, 1, collected.packed);
  doubles_.gemm(rows, rows, collected.count, collected.columns, 1, rows, collected.packed, k, rows, 1);
  collected.count = 0;
}

// Z += Y V over the full columns, then their V += Y^T update.
void TargetPass::add_full(ColumnWeights& v, Part& part) const noexcept {
  FullColumns& full = part.full;
  for (size_t i = 0; i < full.count(); ++i) {
    std::memcpy(full.weights(i), v.row(full.column(i)), v.stride * sizeof(float));
  }
  full.add_outputs(part.z);
  if (part.update) {
    full.make_weights(packed_update_.data(), true);
    for (size_t i = 0; i < full.count(); ++i) {
      std::memcpy(v.row(full.column(i)), full.weights(i), v.stride * sizeof(float));
    }
  }
  full.clear();
}

// Z += Y V and K += Y Y^T (upper triangle) for touched columns [first, last), but for what is left in collected and
// full. The block's other entries are brought into row order first, so that each row of Z is summed in registers.
// scratch: rows + 1 cursors, then columns and values by row.
void TargetPass::block(const SparseBatch& batch, ColumnWeights& v, size_t first, size_t last,
                       Part& part) const noexcept {
  double* const k = part.k;
  uint32_t* const scratch = part.scratch;
  Collected& collected = part.collected;
  const uint32_t rows = batch.rows;
  const uint32_t* const ptr = batch.touched_ptr.data();
  const uint32_t* const row = batch.csc_row.data();
  const float* const y = batch.csc_target.data();
  const uint32_t begin = ptr[first], entries = ptr[last] - begin;
  uint32_t* const cursor = scratch;
  uint32_t* const column = scratch + rows + 1;
  float* const value = reinterpret_cast<float*>(column + entries);
  std::memset(cursor, 0, (rows + 1) * sizeof(uint32_t));
  for (size_t t = first; t < last; ++t) {
    if (FullColumns::full(batch, t)) continue;
    for (uint32_t at = ptr[t]; at < ptr[t + 1]; ++at) ++cursor[row[at] + 1];
  }
  for (uint32_t i = 0; i < rows; ++i) cursor[i + 1] += cursor[i];
  for (size_t t = first; t < last; ++t) {
    const uint32_t here = ptr[t], count = ptr[t + 1] - here;
    if (FullColumns::full(batch, t)) {
      part.full.add(batch, t, y);
      if (part.full.no_room()) add_full(v, part);
    } else {
      for (uint32_t at = here; at < here + count; ++at) {
        const uint32_t to = cursor[row[at]]++;
        column[to] = batch.touched_col[t];
        value[to] = y[at];
      }
    }
    if (FullColumns::in_most(count, rows)) {
      double* const whole = collected.columns + collected.count * rows;
      std::memset(whole, 0, rows * sizeof(double));
      for (uint32_t at = here; at < here + count; ++at) whole[row[at]] = static_cast<double>(y[at]);
      if (++collected.count == kCollected) add_collected(rows, collected, k);
      continue;
    }
    for (uint32_t at = here; at < here + count; ++at) {
      double* const sums = k + size_t{row[at]} * rows;
      const double own = static_cast<double>(y[at]);
      for (uint32_t other = at; other < here + count; ++other) sums[row[other]] += own * static_cast<double>(y[other]);
    }
  }
  for (uint32_t i = 0, from = 0; i < rows; ++i) {  // now cursor[i] is where row i ends
    if (cursor[i] != from) {
      sparse_.gather(v.stride, cursor[i] - from, column + from, value + from, v.value.data(), v.stride, true,
                     part.z + i * v.stride);
    }
    from = cursor[i];
  }
}

void TargetPass::run(const SparseBatch& batch, ColumnWeights& v, const float* update, double scale, double* z,
                     double* k) {
  const size_t rows = batch.rows, stride = v.stride, cells = rows * stride, nnz = batch.nnz();
  const size_t parts = part_count(nnz);
  const uint32_t* const ptr = batch.touched_ptr.data();
  const size_t scratch = rows + 1 + 2 * (kBlockEntries + rows);  // a column has at most `rows` entries
  z_parts_.reserve(kParts * cells);
  k_parts_.reserve(kParts * rows * rows);
  scratch_.reserve(pool_.size() * scratch);
  collected_.reserve(pool_.size() * collected_doubles((rows + 7) / 8 * 8));
  const size_t full_floats = FullColumns::floats(rows, stride);
  full_.reserve(pool_.size() * full_floats);
  if (update != nullptr) FullColumns::pack_outputs(kernels_, rows, stride, update, packed_update_);
  const size_t block_columns = std::max<size_t>(16, kBlockBytes / (stride * sizeof(float)));
  pool_.run(parts, [&](size_t part, unsigned worker) {
    // Parts of about as many entries each, cut between columns.
    const auto begin = [&](size_t p) {
      if (p == parts) return size_t{batch.touched};
      return static_cast<size_t>(std::lower_bound(ptr, ptr + batch.touched, static_cast<uint32_t>(nnz * p / parts)) -
                                 ptr);
    };
    float* const z_part = z_parts_.data() + part * cells;
    double* const k_part = k_parts_.data() + part * rows * rows;
    double* const columns = collected_.data() + worker * collected_doubles((rows + 7) / 8 * 8);
    FullColumns full(kernels_, rows, stride, full_.data() + worker * full_floats);
    Collected collected{columns, columns + kCollected * ((rows + 7) / 8 * 8), 0};
    Part sums{z_part, k_part, scratch_.data() + worker * scratch, collected, full, update != nullptr};
    std::memset(z_part, 0, cells * sizeof(float));
    std::memset(k_part, 0, rows * rows * sizeof(double));
    for (size_t first = begin(part), end = begin(part + 1); first < end;) {
      size_t last = first + 1;
      while (last < end && last - first < block_columns && ptr[last + 1] - ptr[first] <= kBlockEntries) ++last;
      block(batch, v, first, last, sums);
      for (size_t t = first; t < last; ++t) {
        // A row of the next block for each of this one: memory is read while this block is worked on.
        if (const size_t ahead = t + (last - first); ahead < end) prefetch_row(v.row(batch.touched_col[ahead]), stride);
        if (update == nullptr || FullColumns::full(batch, t)) continue;
        sparse_.gather(stride, ptr[t + 1] - ptr[t], batch.csc_row.data() + ptr[t], batch.csc_target.data() + ptr[t],
                       update, stride, true, v.row(batch.touched_col[t]));
      }
      first = last;
    }
    add_collected(rows, collected, k_part);
    if (full.count() != 0) add_full(v, sums);
  });
  pool_.run(rows, [&](size_t i, unsigned) {
    double* const out = z + i * stride;
    for (size_t c = 0; c < stride; ++c) out[c] = static_cast<double>(z_parts_[i * stride + c]);
    for (size_t part = 1; part < parts; ++part) {
      const float* const add = z_parts_.data() + part * cells + i * stride;
      for (size_t c = 0; c < stride; ++c) out[c] += static_cast<double>(add[c]);
    }
    for (size_t c = 0; c < stride; ++c) out[c] *= scale;
    double* const sums = k + i * rows;
    for (size_t j = i; j < rows; ++j) sums[j] = k_parts_[i * rows + j];
    for (size_t part = 1; part < parts; ++part) {
      const double* const add = k_parts_.data() + (part * rows + i) * rows;
      for (size_t j = i; j < rows; ++j) sums[j] += add[j];
    }
  });
  pool_.run((rows + kMirrorRows - 1) / kMirrorRows, [&](size_t task, unsigned) {
    for (size_t i = task * kMirrorRows; i < std::min(rows, (task + 1) * kMirrorRows); ++i)
      for (size_t j = 0; j < i; ++j) k[i * rows + j] = k[j * rows + i];
  });
}

size_t TargetPass::bytes(size_t rows, size_t stride, unsigned threads) noexcept {
  return kParts * rows * (stride * sizeof(float) + rows * sizeof(double)) +
         threads * FullColumns::floats(rows, stride) * sizeof(float) + rows * (stride + kPanel) * sizeof(float) +
         threads * collected_doubles(rows + 7) * sizeof(double) +
         threads * (rows + 1 + 2 * (kBlockEntries + rows)) * sizeof(uint32_t);
}

}  // namespace nrw
