// Dense .npy files: every type, what is refused and how, and batches cut from them against those of the same matrix in
// CSR.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "check.h"
#include "data/batch_creator.h"
#include "data/dense_cut.h"
#include "data/to_floats.h"
#include "data_writer.h"

using namespace nrw;
using namespace nrw::test;

namespace {

std::shared_ptr<const Chunk> dense_chunk(const Bytes& file) {
  const auto kept = std::make_shared<Bytes>(file);
  const auto chunk = Chunk::from_npy(*kept, Mapping(), "test.npy");
  return {chunk.get(), [kept, chunk](const Chunk*) {}};
}

std::string shape_of(uint64_t rows, uint64_t columns) {
  return format("(%llu, %llu)", static_cast<unsigned long long>(rows), static_cast<unsigned long long>(columns));
}

Bytes dense_file(const std::vector<double>& values, uint64_t columns, const std::string& descr) {
  return npy(descr, shape_of(values.size() / columns, columns), elements(values, descr));
}

std::string refusal(const Bytes& file) {
  try {
    Chunk::from_npy(file, Mapping(), "test.npy");
  } catch (const Error& error) {
    CHECK(error.code() == NRW_FORMAT);
    return error.what();
  }
  return "";
}

// One line that begins with the file and contains `part`.
bool refused(const Bytes& file, const std::string& part) {
  const std::string message = refusal(file);
  const bool good = message.starts_with("test.npy: ") && message.find('\n') == std::string::npos &&
                    message.find(part) != std::string::npos && message.size() < 400;
  if (!good) std::printf("expected '%s', got '%s'\n", part.c_str(), message.c_str());
  return good;
}

RowWindow window_of(std::shared_ptr<const Chunk> chunk) {
  const std::vector<uint64_t> first_rows{7};
  return RowWindow({std::move(chunk)}, first_rows);
}

template <class Made, class MadeBy>
Made cut_by(const std::shared_ptr<const Chunk>& chunk, const CutOptions& options) {
  const RowWindow window = window_of(chunk);
  std::vector<uint32_t> rows(window.rows());
  std::iota(rows.begin(), rows.end(), 0u);
  Made batch;
  MadeBy(window, options).cut(rows, batch);
  return batch;
}

DenseBatch cut_all(const std::shared_ptr<const Chunk>& chunk, const CutOptions& options = {}) {
  return cut_by<DenseBatch, DenseCutter>(chunk, options);
}

SparseBatch cut_sparse(const std::shared_ptr<const Chunk>& chunk, const CutOptions& options) {
  return cut_by<SparseBatch, Cutter>(chunk, options);
}

// Of a dense batch, row by row.
std::vector<float> by_row(const DenseBatch& batch, const float* values) {
  std::vector<float> all;
  for (size_t row = 0; row < batch.rows; ++row) {
    for (size_t column = 0; column < batch.columns; ++column) {
      all.push_back(values[column * batch.stride() + row]);
    }
  }
  return all;
}

std::vector<float> by_row_of_sparse(const SparseBatch& batch, const float* values) {
  std::vector<float> all(size_t{batch.rows} * batch.columns);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    for (uint32_t k = batch.row_ptr[row]; k < batch.row_ptr[row + 1]; ++k) {
      all[size_t{row} * batch.columns + batch.column[k]] = values[k];
    }
  }
  return all;
}

// The matrix of random_matrix in both forms.
struct Both {
  std::shared_ptr<const Chunk> sparse, dense;
};
Both both(uint64_t seed, int64_t rows, int64_t columns) {
  const Matrix matrix = random_matrix(seed, rows, columns, columns / 3);
  std::vector<double> values(static_cast<size_t>(rows * columns));
  for (int64_t row = 0; row < rows; ++row) {
    const size_t r = static_cast<size_t>(row);
    for (int64_t k = matrix.indptr[r]; k < matrix.indptr[r + 1]; ++k) {
      const size_t entry = static_cast<size_t>(k);
      values[static_cast<size_t>(row * columns + matrix.indices[entry])] = matrix.values[entry];
    }
  }
  return {chunk_of(matrix), dense_chunk(dense_file(values, static_cast<uint64_t>(columns), "<f4"))};
}

}  // namespace

TEST(dense_every_type) {
  const std::vector<double> values{0, 1, 2, 3, 4, 5};
  for (const char* descr : {"<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "|b1"}) {
    const auto chunk = dense_chunk(dense_file(values, 3, descr));
    CHECK(chunk->dense() && chunk->info().rows == 2 && chunk->info().columns == 3 && chunk->info().nnz == 6);
    CHECK(chunk->info().mapped == 1 && chunk->info().bytes_held == 0);
    const DenseBatch batch = cut_all(chunk);
    CHECK(batch.nnz() == 6 && batch.row_id[1] == 8);
    std::vector<float> expected(values.begin(), values.end());
    if (descr[1] == 'b') expected = {0, 1, 1, 1, 1, 1};
    CHECK(by_row(batch, batch.target.data()) == expected);
  }
}

TEST(dense_half_floats) {
  const uint16_t bits[] = {0x0000, 0x3C00, 0xC000, 0x3555, 0x0001, 0x83FF, 0x7BFF, 0x0400};
  const float expected[] = {0, 1, -2, 0.333251953125f, 0x1p-24f, -1023 * 0x1p-24f, 65504, 0x1p-14f};
  Bytes bytes(sizeof bits);
  std::memcpy(bytes.data(), bits, sizeof bits);
  const DenseBatch batch = cut_all(dense_chunk(npy("<f2", "(1, 8)", bytes)));
  for (size_t i = 0; i < 8; ++i) CHECK(batch.target[i * batch.stride()] == expected[i]);
  CHECK(std::isinf(static_cast<float>(Half{0x7C00})) && std::isnan(static_cast<float>(Half{0x7E00})));
}

// Vectors of words against one value at a time: every 16-bit pattern, every length and place of a value that is not
// finite.
TEST(dense_words_to_floats) {
  const auto bits_of = [](float x) { return std::bit_cast<uint32_t>(x); };
  for (const ElementType type : {ElementType::kF16, ElementType::kBf16}) {
    const auto one = [&](uint16_t word) {
      return type == ElementType::kF16 ? static_cast<float>(Half{word}) : static_cast<float>(UpperHalf{word});
    };
    size_t finite = 0;
    for (uint32_t first = 0; first < 65536; first += 16) {
      uint16_t words[16];
      float out[16];
      for (uint32_t i = 0; i < 16; ++i) words[i] = static_cast<uint16_t>(first + i);
      const bool good = to_floats(type, reinterpret_cast<const uint8_t*>(words), 16, out);
      CHECK(good == std::all_of(words, words + 16, [&](uint16_t word) { return std::isfinite(one(word)); }));
      for (size_t i = 0; good && i < 16; ++i, ++finite) CHECK(bits_of(out[i]) == bits_of(one(words[i])));
    }
    CHECK(finite == (type == ElementType::kF16 ? 2 * 31 * 1024u : 2 * 255 * 128u));
    const uint16_t infinite = type == ElementType::kF16 ? 0xFC00 : 0x7F80;
    for (size_t n = 0; n < 20; ++n) {
      std::vector<uint8_t> bytes(2 * n + 1);
      std::vector<uint16_t> words(n);
      for (size_t i = 0; i < n; ++i) words[i] = static_cast<uint16_t>(0x8001 + 0x7F * i);
      for (size_t bad = 0; bad <= n; ++bad) {  // n: none
        auto some = words;
        if (bad < n) some[bad] = infinite;
        std::memcpy(bytes.data() + 1, some.data(), 2 * n);  // not aligned
        std::vector<float> out(n + 1, 7.0f);
        CHECK(to_floats(type, bytes.data() + 1, n, out.data()) == (bad == n) && out[n] == 7);
        for (size_t i = 0; bad == n && i < n; ++i) CHECK(bits_of(out[i]) == bits_of(one(words[i])));
      }
    }
  }
  const float floats[] = {1, -0.0f, std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::quiet_NaN()};
  float out[4];
  CHECK(to_floats(ElementType::kF32, reinterpret_cast<const uint8_t*>(floats), 3, out));
  CHECK(std::memcmp(out, floats, 3 * sizeof(float)) == 0);
  CHECK(!to_floats(ElementType::kF32, reinterpret_cast<const uint8_t*>(floats), 4, out));
  const double doubles[] = {0.5, 1e300};
  CHECK(to_floats(ElementType::kF64, reinterpret_cast<const uint8_t*>(doubles), 1, out) && out[0] == 0.5f);
  CHECK(!to_floats(ElementType::kF64, reinterpret_cast<const uint8_t*>(doubles), 2, out));
}

TEST(dense_rows_to_columns) {
  for (const size_t rows : {1u, 15u, 16u}) {
    for (size_t columns = 1; columns < 12; ++columns) {
      std::vector<float> in(rows * columns), out(columns * 20, -1);
      std::iota(in.begin(), in.end(), 0.0f);
      to_columns(rows, columns, in.data(), 20, out.data());
      for (size_t c = 0; c < columns; ++c) {
        for (size_t r = 0; r < 20; ++r) CHECK(out[c * 20 + r] == (r < rows ? in[r * columns + c] : -1));
      }
    }
  }
}

TEST(dense_refuses_shapes_and_orders) {
  const Bytes twelve = elements(std::vector<double>(12, 1.0), "<f4");
  CHECK(refused(npy("<f4", "(12,)", twelve), "shape: must be rows x columns, got (12,); save a[:, None]"));
  CHECK(refused(npy("<f4", "()", Bytes(4)), "shape: must be rows x columns, got ()"));
  CHECK(refused(npy("<f4", "(2, 3, 2)", twelve), "got (2, 3, 2); save a.reshape(len(a), -1)"));
  CHECK(refused(npy("<f4", "(12, 0)", Bytes()), "(12, 0) has no columns"));
  CHECK(refused(npy(">f4", "(3, 4)", twelve), "big-endian"));
  CHECK(refused(npy("<c8", "(3, 4)", twelve), "'<c8' is not supported"));
  CHECK(refused(npy("|O", "(3, 4)", twelve), "pickled"));
  Bytes fortran = npy("<f4", "(3, 4)", twelve);
  const std::string no = "False", yes = "True ";
  const auto at = std::search(fortran.begin(), fortran.end(), no.begin(), no.end());
  std::copy(yes.begin(), yes.end(), at);
  CHECK(refused(fortran, "fortran_order: the array is stored column by column; save numpy.ascontiguousarray(a)"));
}

TEST(dense_refuses_hostile_sizes) {
  const Bytes four = elements({1, 2, 3, 4}, "<f4");
  CHECK(refused(npy("<f4", "(2, 3)", four), "(2, 3) of '<f4' needs 24 bytes, but the file has 16"));
  CHECK(refused(npy("<f4", "(1, 3)", four), "needs 12 bytes, but the file has 16"));
  CHECK(refused(npy("<f4", "(4294967295, 4294967295)", four), "needs"));
  CHECK(refused(npy("<f8", "(4294967295, 536870913)", four), "needs"));
  CHECK(refused(npy("<f4", "(4294967296, 1)", four), "must have sizes below 2^32"));
  CHECK(refused(npy("<f4", "(1, 18446744073709551615)", four), "must have sizes below 2^32"));
  CHECK(refused(npy("<f4", "(1, 99999999999999999999)", four), "sizes below 2^64"));
  CHECK(refused(npy("<f4", "(-1, 4)", four), "shape: must be a tuple of sizes"));
  CHECK(refused(Bytes{0x93, 'N', 'U', 'M', 'P', 'Y'}, "is not that of a .npy array"));
  Bytes file = npy("<f4", "(2, 2)", four);
  CHECK(refusal(file).empty());
  for (size_t size = 0; size < file.size(); ++size) {
    CHECK(!refusal(Bytes(file.begin(), file.begin() + static_cast<long>(size))).empty());
  }
}

TEST(dense_batches_are_those_of_the_same_sparse_rows) {
  for (const auto [rows, columns] : {std::array<int64_t, 2>{1, 1}, {16, 9}, {33, 70}, {40, 5}}) {
    const Both chunks = both(static_cast<uint64_t>(columns), rows, columns);
    CutOptions options;
    options.seed = 5;
    options.epoch = 3;
    for (const auto& [mask_rate, own] : {std::pair{0.0, false}, {0.4, false}, {0.0, true}, {0.4, true}}) {
      options.mask_rate = mask_rate;
      for (const auto& transforms : {std::vector<Transform>{},
                                     {{TransformKind::kScale, 0.5}, {TransformKind::kLog1p}},
                                     {{TransformKind::kClip, 0, 20}, {TransformKind::kBinarize, 3}}}) {
        options.transforms = transforms;
        options.input_transforms =
            own ? std::vector<Transform>{{TransformKind::kClip, 0, 2}} : std::vector<Transform>{};
        const SparseBatch sparse = cut_sparse(chunks.sparse, options);
        const DenseBatch dense = cut_all(chunks.dense, options);
        CHECK(dense.masked == (mask_rate > 0 || own) && dense.rows == sparse.rows && dense.columns == sparse.columns);
        CHECK(by_row(dense, dense.target.data()) == by_row_of_sparse(sparse, sparse.target.data()));
        CHECK(by_row(dense, dense.inputs()) == by_row_of_sparse(sparse, sparse.inputs()));
      }
    }
    options.input_transforms.clear();
    options.transforms = {{TransformKind::kLibrarySize, 100}};  // sums in another order
    const SparseBatch sparse = cut_sparse(chunks.sparse, options);
    const DenseBatch dense = cut_all(chunks.dense, options);
    const auto a = by_row(dense, dense.target.data()), b = by_row_of_sparse(sparse, sparse.target.data());
    CHECK(a.size() == b.size());
    for (size_t i = 0; i < a.size(); ++i) CHECK_CLOSE(a[i], b[i], 1e-5 * (1 + std::fabs(b[i])));
  }
}

TEST(dense_batches_are_the_same_with_any_workers) {
  const Both chunks = both(4, 50, 20);
  std::vector<uint32_t> rows(50);
  std::iota(rows.begin(), rows.end(), 0u);
  const std::vector<uint64_t> first_rows{0};
  std::vector<std::vector<float>> expected;
  for (const uint32_t workers : {1u, 3u}) {
    BatchOptions options;
    options.batch_size = 8;
    options.shuffle = true;
    options.preload = workers + 1;
    options.workers = workers;
    options.cut.mask_rate = 0.2;
    BatchCreator creator({chunks.dense}, first_rows, rows, options);
    size_t number = 0;
    while (const Batch* batch = creator.next()) {
      auto values = by_row(batch->dense(), batch->dense().inputs());
      values.insert(values.end(), batch->row_id.data(), batch->row_id.data() + batch->rows);
      if (workers == 1) expected.push_back(values);
      CHECK(number < expected.size() && values == expected[number]);
      ++number;
    }
    CHECK(number == 7);
    CHECK(creator.info().ready_bytes == 0);
  }
}

TEST(dense_values_that_are_not_finite_are_named) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto message = [](const std::vector<double>& values, const char* descr, const CutOptions& options = {}) {
    try {
      cut_all(dense_chunk(dense_file(values, 2, descr)), options);
    } catch (const Error& error) {
      CHECK(error.code() == NRW_FORMAT);
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message({1, 2, 3, inf}, "<f4") == "test.npy: row 1, column 1: a value of inf is not a finite 32-bit float");
  CHECK(message({1, 2, 1e300, 4}, "<f8") ==
        "test.npy: row 1, column 0: a value of 1e+300 is not a finite 32-bit float");
  CHECK(message({std::nan(""), 2}, "<f8").find("row 0, column 0: a value of nan") != std::string::npos ||
        message({std::nan(""), 2}, "<f8").find("row 0, column 0: a value of -nan") != std::string::npos);
  CutOptions log;
  log.transforms = {{TransformKind::kLog1p}};
  CHECK(message({0, -1}, "<f4", log).find("row 0, column 1: a value of -1 cannot be transformed by log1p") !=
        std::string::npos);
}

TEST(dense_and_sparse_chunks_do_not_share_a_window) {
  const Both chunks = both(4, 5, 20);
  const std::vector<uint64_t> first_rows{0, 5};
  CHECK_THROWS(RowWindow({chunks.sparse, chunks.dense}, first_rows), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(RowWindow({chunks.dense, chunks.sparse}, first_rows), NRW_INVALID_ARGUMENT);
}
