// Cutting batches against a plain model of it: maps from column to value.
#include "data/cut.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/philox.h"
#include "check.h"
#include "data/shuffle.h"
#include "data/split.h"
#include "data_writer.h"

using namespace nrw;
using namespace nrw::test;

namespace {

using Row = std::map<uint32_t, float>;

RowWindow window_of(std::vector<std::shared_ptr<const Chunk>> chunks) {
  std::vector<uint64_t> first_rows;
  for (size_t i = 0; i < chunks.size(); ++i) first_rows.push_back(1000 * i + 7);
  return RowWindow(std::move(chunks), first_rows);
}

std::vector<uint32_t> count_to(uint64_t n) {
  std::vector<uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

// All rows of one chunk.
SparseBatch cut_all(const std::shared_ptr<const Chunk>& chunk, const CutOptions& options = {}) {
  const RowWindow window = window_of({chunk});
  SparseBatch batch;
  Cutter(window, options).cut(count_to(window.rows()), batch);
  return batch;
}

std::vector<Row> rows_of(const SparseBatch& batch) {
  std::vector<Row> rows(batch.rows);
  for (uint32_t r = 0; r < batch.rows; ++r) {
    for (uint32_t k = batch.row_ptr[r]; k < batch.row_ptr[r + 1]; ++k) rows[r][batch.column[k]] = batch.target[k];
  }
  return rows;
}

std::vector<Row> rows_of(const Matrix& matrix) {
  std::vector<Row> rows(static_cast<size_t>(matrix.rows));
  for (size_t r = 0; r < rows.size(); ++r) {
    for (int64_t k = matrix.indptr[r]; k < matrix.indptr[r + 1]; ++k) {
      const auto entry = static_cast<size_t>(k);
      rows[r][static_cast<uint32_t>(matrix.indices[entry])] += static_cast<float>(matrix.values[entry]);
    }
    std::erase_if(rows[r], [](const auto& entry) { return entry.second == 0; });
  }
  return rows;
}

// What SparseBatch promises: ascending columns, no zeros, and the same entries once more by column.
void check_batch(const SparseBatch& batch) {
  std::vector<std::tuple<uint32_t, uint32_t, float, float>> by_row, by_column;
  bool good = batch.row_ptr[0] == 0;
  for (uint32_t r = 0; r < batch.rows; ++r) {
    good = good && batch.row_ptr[r] <= batch.row_ptr[r + 1];
    for (uint32_t k = batch.row_ptr[r]; k < batch.row_ptr[r + 1]; ++k) {
      good = good && batch.column[k] < batch.columns && batch.target[k] != 0;
      good = good && (k == batch.row_ptr[r] || batch.column[k - 1] < batch.column[k]);
      by_row.emplace_back(batch.column[k], r, batch.target[k], batch.inputs()[k]);
    }
  }
  CHECK(good);
  good = batch.touched_ptr[0] == 0 && batch.touched_ptr[batch.touched] == batch.nnz();
  for (uint32_t t = 0; t < batch.touched; ++t) {
    good = good && batch.touched_ptr[t] < batch.touched_ptr[t + 1];
    good = good && (t == 0 || batch.touched_col[t - 1] < batch.touched_col[t]);
    for (uint32_t k = batch.touched_ptr[t]; k < batch.touched_ptr[t + 1]; ++k) {
      by_column.emplace_back(batch.touched_col[t], batch.csc_row[k], batch.csc_target[k], batch.csc_inputs()[k]);
    }
  }
  CHECK(good);
  CHECK(std::is_sorted(by_column.begin(), by_column.end()));
  std::sort(by_row.begin(), by_row.end());
  CHECK(by_row == by_column);
}

Matrix one_row(std::vector<int64_t> indices, std::vector<double> values) {
  Matrix matrix;
  matrix.rows = 1;
  matrix.columns = 10;
  matrix.indptr = {0, static_cast<int64_t>(indices.size())};
  matrix.indices = std::move(indices);
  matrix.values = std::move(values);
  return matrix;
}

CutOptions with(std::vector<Transform> transforms) {
  CutOptions options;
  options.transforms = std::move(transforms);
  return options;
}

std::string cut_error(const Matrix& matrix, const char* type, const CutOptions& options = {}) {
  try {
    cut_all(chunk_of(matrix, type), options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST(cut_sorted_rows_come_out_as_they_are) {
  for (const int64_t columns : {1, 3, 64, 65, 1000, 20000}) {
    const Matrix matrix = random_matrix(11, 40, columns, std::min<int64_t>(columns, 12));
    for (const char* type : {"<f4", "<f8"}) {
      const SparseBatch batch = cut_all(chunk_of(matrix, type));
      CHECK(batch.nnz() == matrix.indices.size() && batch.nnz() > 0);
      CHECK(!batch.masked && batch.row_id[39] == 46);
      check_batch(batch);
      CHECK(rows_of(batch) == rows_of(matrix));
    }
  }
}

TEST(cut_unsorted_rows_are_sorted_duplicates_added_and_zeros_dropped) {
  Matrix matrix;
  matrix.rows = 60;
  matrix.columns = 30;
  for (int64_t r = 0; r < matrix.rows; ++r) {
    for (uint64_t k = 0; k < static_cast<uint64_t>(r); ++k) {
      const auto words = draw(12, Purpose::kInit, static_cast<uint64_t>(r), k);
      matrix.indices.push_back(words[0] % 30);
      matrix.values.push_back(static_cast<double>(words[1] % 5) - 2);  // sums of 0 and zeros are among them
    }
    matrix.indptr.push_back(static_cast<int64_t>(matrix.indices.size()));
  }
  for (const char* type : {"<f4", "<f8", "|i1", "<i2", "<i4", "<i8"}) {
    const SparseBatch batch = cut_all(chunk_of(zip(members_of(matrix, type, "<i8", "<i8"))));
    check_batch(batch);
    CHECK(batch.nnz() > 300 && batch.nnz() < matrix.indices.size());
    CHECK(rows_of(batch) == rows_of(matrix));
  }
}

TEST(cut_duplicates_are_summed_in_double_and_bools_ored) {
  const SparseBatch sum = cut_all(chunk_of(one_row({3, 1, 3, 3}, {1e8, 5, 1, -1e8})));
  CHECK(sum.nnz() == 2 && sum.target[0] == 5 && sum.target[1] == 1);
  const SparseBatch either = cut_all(chunk_of(one_row({3, 3, 4}, {1, 1, 1}), "|b1"));
  CHECK(either.nnz() == 2 && either.target[0] == 1 && either.target[1] == 1);
  const SparseBatch bytes = cut_all(chunk_of(one_row({1, 2}, {7, 0}), "|b1"));
  CHECK(bytes.nnz() == 1 && bytes.target[0] == 1);
}

TEST(cut_rounds_wide_values) {
  CHECK(cut_all(chunk_of(one_row({0}, {16777217}), "<i4")).target[0] == 16777216.0f);
  CHECK(cut_all(chunk_of(one_row({0}, {9007199254740993.0}), "<i8")).target[0] == 9007199254740992.0f);
  CHECK(cut_all(chunk_of(one_row({0}, {0.1}), "<f8")).target[0] == 0.1f);
  CHECK(cut_all(chunk_of(one_row({0, 1}, {1e-60, 2}), "<f8")).nnz() == 1);  // becomes 0
}

TEST(cut_refuses_values_that_are_not_finite) {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::nan("");
  for (const char* type : {"<f4", "<f8"}) {
    CHECK(cut_error(one_row({2, 5}, {1, nan}), type) ==
          "test.npz: row 0, column 5: a value of nan is not a finite 32-bit float");
    CHECK(cut_error(one_row({2, 5}, {-infinity, nan}), type).find("column 2: a value of -inf is not") !=
          std::string::npos);
  }
  CHECK(cut_error(one_row({2}, {1e300}), "<f8").find("column 2: a value of 1e+300 is not") != std::string::npos);
  CHECK(cut_error(one_row({2, 2}, {FLT_MAX, FLT_MAX}), "<f4").find("a value of inf is the sum of several") !=
        std::string::npos);
  const CutOptions log1p = with({{TransformKind::kLog1p}});
  CHECK(cut_error(one_row({2, 7}, {1, -3}), "<f4", log1p).find("column 7: ") != std::string::npos);
  CHECK(cut_error(one_row({2, 7}, {1, -1}), "<f4", log1p)
            .find("column 7: a value of -1 cannot be transformed by log1p") != std::string::npos);
}

TEST(cut_with_a_column_map_moves_columns_and_names_those_of_the_file) {
  CutOptions options;
  options.column_map = {3, 0, 7, 1, 2, 6, 5, 4};
  const Matrix row = one_row({0, 2, 5, 7}, {1, 2, 3, 4});
  const SparseBatch batch = cut_all(chunk_of(row), options);
  check_batch(batch);
  CHECK(batch.nnz() == 4);
  const uint32_t columns[] = {3, 4, 6, 7};
  const float values[] = {1, 4, 3, 2};
  for (size_t k = 0; k < 4; ++k) CHECK(batch.column[k] == columns[k] && batch.target[k] == values[k]);
  options.transforms = {{TransformKind::kLog1p}};
  CHECK(cut_error(one_row({0, 7}, {1, -3}), "<f4", options)
            .find("column 7: a value of -3 cannot be transformed by log1p") != std::string::npos);
}

TEST(cut_transforms_in_order) {
  const Matrix matrix = one_row({1, 4, 6}, {1, 2, 5});
  const auto values = [&](std::vector<Transform> transforms) {
    const SparseBatch batch = cut_all(chunk_of(matrix), with(std::move(transforms)));
    check_batch(batch);
    return std::vector<float>(batch.target.data(), batch.target.data() + batch.nnz());
  };
  using Values = std::vector<float>;
  const Transform size{TransformKind::kLibrarySize, 16}, log1p{TransformKind::kLog1p}, half{TransformKind::kScale, 0.5},
      clip{TransformKind::kClip, -1, 3}, binary{TransformKind::kBinarize, 1.5};
  CHECK(values({size}) == (Values{2, 4, 10}));
  const Values logs = values({log1p});
  CHECK(logs.size() == 3);
  for (size_t i = 0; i < 3; ++i) CHECK_CLOSE(logs[i], std::log1p(matrix.values[i]), 3e-7);
  CHECK(values({half}) == (Values{0.5, 1, 2.5}));
  CHECK(values({clip}) == (Values{1, 2, 3}));
  CHECK(values({binary}) == (Values{1, 1}));
  CHECK(values({clip, half, size}) == (Values{16.0f / 6, 32.0f / 6, 8}));  // the sum of the row before: 3
  CHECK(values({size, clip}) == (Values{2, 3, 3}));
  CHECK(values({{TransformKind::kScale, 0}}).empty());
  const SparseBatch negative = cut_all(chunk_of(one_row({1, 2}, {-2, 2})), with({size}));
  CHECK(negative.target[0] == -2 && negative.target[1] == 2);  // sums to 0: stays
}

TEST(cut_log1p_is_within_three_units_in_the_last_place) {
  std::vector<float> values;
  for (uint64_t bits = 0; bits < 0x7F800000; bits += 10007)
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  for (uint64_t bits = 0x80000000; bits < 0xBF800000; bits += 10007) {
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  std::vector<float> results = values;
  Transform{TransformKind::kLog1p}.apply(results.data(), results.size());
  size_t wrong = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double exact = std::log1p(static_cast<double>(values[i]));
    const float size = std::fabs(static_cast<float>(exact));
    const double unit = static_cast<double>(std::nextafter(size, INFINITY)) - static_cast<double>(size);
    wrong += !(std::fabs(static_cast<double>(results[i]) - exact) <= 3 * unit);
  }
  CHECK(values.size() > 300000 && wrong == 0);
}

TEST(cut_transform_parameters_are_checked) {
  CHECK(Transform::checked(1, 0, 0).kind == TransformKind::kLog1p);
  const double nan = std::nan("");
  for (const double kind : {-1.0, NRW_POLARITY + 1.0, 0.5, nan})
    CHECK_THROWS(Transform::checked(kind, 1, 1), NRW_INVALID_ARGUMENT);
  for (const double target : {0.0, -1.0, nan, 1e300})
    CHECK_THROWS(Transform::checked(0, target, 0), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(Transform::checked(2, nan, 0), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(Transform::checked(3, 0.1, 1), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(Transform::checked(3, -1, -0.1), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(Transform::checked(4, -1, 0), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(Transform::checked(NRW_ROW_SHAPE, 0, 4), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(Transform::checked(NRW_FLIP, 2, 0.5), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(Transform::checked(NRW_FLIP, 0, 1.5), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(Transform::checked(NRW_SHIFT, 0.5, 0), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(Transform::checked(NRW_GAIN, 2, 1), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(Transform::checked(NRW_NOISE, -1, 0), NRW_INVALID_ARGUMENT);
}

TEST(cut_mask_is_a_function_of_seed_epoch_row_and_column) {
  const Matrix matrix = random_matrix(13, 200, 300, 60);
  CutOptions options;
  options.mask_rate = 0.3;
  options.seed = 5;
  const auto chunk = chunk_of(matrix);
  const SparseBatch batch = cut_all(chunk, options);
  check_batch(batch);
  CHECK(batch.masked);
  CHECK(rows_of(batch) == rows_of(matrix));  // targets keep what inputs lose
  std::map<std::pair<uint64_t, uint32_t>, float> inputs;
  size_t dropped = 0;
  for (uint32_t r = 0; r < batch.rows; ++r) {
    for (uint32_t k = batch.row_ptr[r]; k < batch.row_ptr[r + 1]; ++k) {
      CHECK(batch.input[k] == 0 || batch.input[k] == batch.target[k]);
      dropped += batch.input[k] == 0;
      inputs[{batch.row_id[r], batch.column[k]}] = batch.input[k];
    }
  }
  const double nnz = batch.nnz(), share = static_cast<double>(dropped) / nnz;
  CHECK_CLOSE(share, 0.3, 5 * std::sqrt(0.21 / nnz));
  // The same rows in another batch and order lose the same entries.
  const RowWindow window = window_of({chunk});
  SparseBatch other;
  Cutter cutter(window, options);
  cutter.cut(std::vector<uint32_t>{17, 3, 150}, other);
  size_t compared = 0, different = 0;
  for (uint32_t r = 0; r < other.rows; ++r) {
    for (uint32_t k = other.row_ptr[r]; k < other.row_ptr[r + 1]; ++k, ++compared) {
      different += inputs.at({other.row_id[r], other.column[k]}) != other.input[k];
    }
  }
  CHECK(compared > 100 && different == 0);
  for (const uint32_t seed : {5, 6}) {
    CutOptions changed = options;
    changed.seed = seed;
    changed.epoch = seed == 5 ? 1 : 0;
    const SparseBatch again = cut_all(chunk, changed);
    CHECK(!std::equal(again.input.data(), again.input.data() + again.nnz(), batch.input.data()));
  }
}

TEST(cut_inputs_have_transforms_of_their_own) {
  const Matrix matrix = random_matrix(17, 40, 300, 20);
  const auto chunk = chunk_of(matrix);
  CutOptions targets, inputs, both;
  targets.transforms = both.transforms = {{TransformKind::kScale, 0.5}};
  both.input_transforms = {{TransformKind::kLibrarySize, 100}, {TransformKind::kScale, 0.3}};
  inputs.transforms = {{TransformKind::kScale, 0.5}, both.input_transforms[0], both.input_transforms[1]};
  for (const double mask_rate : {0.0, 0.3}) {
    both.mask_rate = inputs.mask_rate = mask_rate;
    const SparseBatch got = cut_all(chunk, both), target = cut_all(chunk, targets), input = cut_all(chunk, inputs);
    check_batch(got);
    CHECK(got.masked && rows_of(got) == rows_of(target) && got.nnz() == input.nnz());
    CHECK(std::equal(got.inputs(), got.inputs() + got.nnz(), input.inputs()));
    CHECK(std::equal(got.csc_inputs(), got.csc_inputs() + got.nnz(), input.csc_inputs()));
  }
  both.input_transforms = {{TransformKind::kScale, 1e38}, {TransformKind::kScale, 1e38}};
  CHECK_THROWS(cut_all(chunk, both), NRW_FORMAT);
}

TEST(cut_rows_of_several_chunks_in_any_order) {
  const Matrix a = random_matrix(14, 5, 20, 6), b = random_matrix(15, 8, 20, 6);
  Matrix empty;
  empty.columns = 20;
  const RowWindow window = window_of({chunk_of(a), chunk_of(empty), chunk_of(b)});
  CHECK(window.rows() == 13 && window.columns() == 20);
  SparseBatch batch;
  const CutOptions options;
  Cutter cutter(window, options);
  cutter.cut(std::vector<uint32_t>{12, 0, 5, 4}, batch);
  check_batch(batch);
  const std::vector<Row> from_a = rows_of(a), from_b = rows_of(b);
  CHECK(rows_of(batch) == (std::vector<Row>{from_b[7], from_a[0], from_b[0], from_a[4]}));
  const std::vector<uint64_t> ids(batch.row_id.data(), batch.row_id.data() + 4);
  CHECK(ids == (std::vector<uint64_t>{2014, 7, 2007, 11}));
  CHECK_THROWS(window_of({}), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(window_of({chunk_of(a), chunk_of(one_row({1}, {1}))}), NRW_INVALID_ARGUMENT);
}

// The same cutter and batch again and again: nothing of the batch before shines through. Narrow data (one block of
// columns, all counters read), wide data (marked columns, blocks with gaps between them) and the widest that there is.
TEST(cut_reuses_its_buffers) {
  for (const int64_t columns : {40ll, 4097ll * 40, 4294967295ll}) {
    Matrix matrix = random_matrix(16, 30, 40, 9);
    matrix.columns = columns;
    for (int64_t& index : matrix.indices) index *= columns / 40;
    const RowWindow window = window_of({chunk_of(zip(members_of(matrix, "<f4", "<u4")))});
    CutOptions options;
    options.mask_rate = 0.2;
    Cutter cutter(window, options);
    SparseBatch batch;
    const std::vector<Row> rows = rows_of(matrix);
    for (const uint32_t first : {0u, 20u, 29u, 3u}) {
      std::vector<uint32_t> chosen;
      std::vector<Row> expected;
      for (uint32_t r = first; r < 30 && r < first + 12; ++r) {
        chosen.push_back(r);
        expected.push_back(rows[r]);
      }
      cutter.cut(chosen, batch);
      check_batch(batch);
      CHECK(rows_of(batch) == expected);
    }
    cutter.cut({}, batch);
    CHECK(batch.rows == 0 && batch.nnz() == 0 && batch.touched == 0);
  }
}

// Batches of several blocks of columns, by counters and by marks, with an uneven last block.
TEST(cut_orders_large_batches_by_column) {
  struct Shape {
    int64_t rows, columns, per_row;
  };
  for (const auto& [rows, columns, per_row] :
       {Shape{50, 5001, 600}, Shape{1, 30000, 9000}, Shape{300, 700, 200}, Shape{40, 2000003, 700}}) {
    const Matrix matrix = random_matrix(static_cast<uint64_t>(columns), rows, columns, per_row);
    const RowWindow window = window_of({chunk_of(matrix)});
    for (const double mask_rate : {0.0, 0.3}) {
      CutOptions options;
      options.mask_rate = mask_rate;
      SparseBatch batch;
      Cutter(window, options).cut(count_to(window.rows()), batch);
      check_batch(batch);
      CHECK(rows_of(batch) == rows_of(matrix));
      CHECK(batch.nnz() > 0);
    }
  }
}

TEST(cut_empty_rows) {
  Matrix matrix;
  matrix.rows = 3;
  matrix.columns = 4;
  matrix.indptr = {0, 0, 0, 0};
  const SparseBatch batch = cut_all(chunk_of(matrix), with({{TransformKind::kLibrarySize, 10}}));
  check_batch(batch);
  CHECK(batch.rows == 3 && batch.nnz() == 0 && batch.touched == 0);
}

TEST(split_is_a_function_of_seed_and_row) {
  std::vector<uint8_t> all(30000), part(100), other(30000);
  split_rows(3, 0, 30000, 0.7, 0.2, all.data());
  split_rows(3, 12345, 100, 0.7, 0.2, part.data());
  split_rows(4, 0, 30000, 0.7, 0.2, other.data());
  CHECK(std::equal(part.begin(), part.end(), all.begin() + 12345));
  CHECK(all != other);
  const double shares[] = {0.7, 0.2, 0.1};
  for (uint8_t which : {0, 1, 2}) {
    const double share = static_cast<double>(std::count(all.begin(), all.end(), which)) / 30000;
    CHECK_CLOSE(share, shares[which], 5 * std::sqrt(shares[which] * (1 - shares[which]) / 30000));
  }
  split_rows(3, 0, 30000, 0, 1, all.data());
  CHECK(std::count(all.begin(), all.end(), 1) == 30000);
}

TEST(shuffle_is_a_permutation_by_seed_epoch_and_stream) {
  const auto shuffled = [](uint64_t n, uint64_t seed, uint32_t epoch, uint32_t stream) {
    std::vector<uint32_t> rows = count_to(n);
    shuffle(rows, seed, epoch, stream);
    return rows;
  };
  for (const uint64_t n : {0, 1, 2, 1000}) {
    std::vector<uint32_t> rows = shuffled(n, 1, 2, 3);
    CHECK(rows == shuffled(n, 1, 2, 3));
    std::sort(rows.begin(), rows.end());
    CHECK(rows == count_to(n));
  }
  const std::vector<uint32_t> rows = shuffled(1000, 1, 2, 3);
  CHECK(rows != shuffled(1000, 2, 2, 3) && rows != shuffled(1000, 1, 3, 3) && rows != shuffled(1000, 1, 2, 4));
  // Each of the 24 orders of 4 rows about as often: chi-squared with 23 degrees of freedom, below 70 but for 1 in 10^6.
  std::map<std::vector<uint32_t>, int> counts;
  for (uint32_t epoch = 0; epoch < 24000; ++epoch) ++counts[shuffled(4, 9, epoch, 0)];
  CHECK(counts.size() == 24);
  double chi = 0;
  for (const auto& [order, count] : counts) chi += (count - 1000.0) * (count - 1000.0) / 1000;
  CHECK(chi < 70);
}
