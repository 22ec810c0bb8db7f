// Chunks of arrays in memory: the same batches as from a file of the same matrix, a copy of their own, and everything
// that a caller may get wrong.
#include <cstdio>
#include <limits>

#include "check.h"
#include "data/cut.h"
#include "data/dense_cut.h"
#include "data_writer.h"

using namespace nrw;
using namespace nrw::test;

namespace {

// A matrix as a caller has it.
struct Owned {
  Bytes data, indices, indptr;
  MatrixArrays arrays;
};

Bytes whole_numbers(const std::vector<int64_t>& values, const std::string& descr) {
  return elements(std::vector<double>(values.begin(), values.end()), descr);
}

ElementType type_of(const std::string& descr) {
  constexpr std::pair<const char*, ElementType> kTypes[] = {
      {"<f4", ElementType::kF32}, {"<f8", ElementType::kF64}, {"|i1", ElementType::kI8}, {"<i2", ElementType::kI16},
      {"<i4", ElementType::kI32}, {"<i8", ElementType::kI64}, {"|u1", ElementType::kU8}, {"<u2", ElementType::kU16},
      {"<u4", ElementType::kU32}, {"<u8", ElementType::kU64}};
  for (const auto& [name, type] : kTypes) {
    if (descr == name) return type;
  }
  CHECK(false);
  return ElementType::kF32;
}

Owned sparse(const Matrix& matrix, const std::string& data = "<f4", const std::string& indices = "<i4",
             const std::string& indptr = "<i4") {
  Owned owned{
      elements(matrix.values, data), whole_numbers(matrix.indices, indices), whole_numbers(matrix.indptr, indptr), {}};
  owned.arrays = {"rows",
                  static_cast<uint64_t>(matrix.rows),
                  static_cast<uint64_t>(matrix.columns),
                  false,
                  type_of(data),
                  type_of(indices),
                  type_of(indptr),
                  owned.data,
                  owned.indices,
                  owned.indptr};
  return owned;
}

Owned dense(const std::vector<double>& values, uint64_t columns, const std::string& descr = "<f4") {
  Owned owned{elements(values, descr), {}, {}, {}};
  owned.arrays.name = "rows";
  owned.arrays.rows = values.size() / columns;
  owned.arrays.columns = columns;
  owned.arrays.dense = true;
  owned.arrays.data_type = type_of(descr);
  owned.arrays.data = owned.data;
  return owned;
}

template <class Made, class MadeBy>
Made cut_by(std::shared_ptr<const Chunk> chunk) {
  const std::vector<uint64_t> first_rows{7};
  const RowWindow window({std::move(chunk)}, first_rows);
  std::vector<uint32_t> rows(window.rows());
  for (uint32_t row = 0; row < rows.size(); ++row) rows[row] = row;
  Made batch;
  const CutOptions options;
  MadeBy(window, options).cut(rows, batch);
  return batch;
}

SparseBatch cut_all(std::shared_ptr<const Chunk> chunk) { return cut_by<SparseBatch, Cutter>(std::move(chunk)); }

DenseBatch cut_dense(std::shared_ptr<const Chunk> chunk) { return cut_by<DenseBatch, DenseCutter>(std::move(chunk)); }

std::string refusal(const MatrixArrays& arrays) {
  try {
    Chunk::from_arrays(arrays);
  } catch (const Error& error) {
    CHECK(error.code() == NRW_FORMAT);
    return error.what();
  }
  return "";
}

bool refused(const MatrixArrays& arrays, const std::string& expected) {
  const std::string message = refusal(arrays);
  if (message != expected) std::printf("expected '%s', got '%s'\n", expected.c_str(), message.c_str());
  return message == expected;
}

}  // namespace

TEST(memory_sparse_cuts_as_a_file_does) {
  const Matrix matrix = random_matrix(3, 40, 50, 6);
  const SparseBatch expected = cut_all(chunk_of(matrix));
  size_t compared = 0;
  for (const char* data : {"<f4", "<f8"}) {
    for (const char* indices : {"<i4", "<i8", "<u4", "<u8"}) {
      for (const char* indptr : {"<i4", "<i8", "<u4", "<u8"}) {
        const Owned owned = sparse(matrix, data, indices, indptr);
        const SparseBatch batch = cut_all(Chunk::from_arrays(owned.arrays));
        CHECK(batch.nnz() == expected.nnz() && batch.nnz() > 100);
        for (uint32_t k = 0; k < batch.nnz(); ++k) {
          CHECK(batch.column[k] == expected.column[k] && batch.target[k] == expected.target[k]);
        }
        ++compared;
      }
    }
  }
  CHECK(compared == 32);
}

TEST(memory_dense_of_every_type) {
  const std::vector<double> values{1, 0, 3, 4, 5, 6};
  size_t compared = 0;
  for (const char* type : {"<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8"}) {
    const DenseBatch batch = cut_dense(Chunk::from_arrays(dense(values, 3, type).arrays));
    CHECK(batch.rows == 2 && batch.columns == 3);
    for (size_t row = 0; row < 2; ++row) {
      for (size_t column = 0; column < 3; ++column) {
        CHECK(batch.target[column * batch.stride() + row] == static_cast<float>(values[row * 3 + column]));
        ++compared;
      }
    }
  }
  CHECK(compared == 60);
}

// What the caller does to its arrays later changes nothing.
TEST(memory_is_copied) {
  Owned owned = sparse(random_matrix(4, 20, 30, 4));
  const auto chunk = Chunk::from_arrays(owned.arrays);
  const SparseBatch before = cut_all(chunk);
  for (Bytes* bytes : {&owned.data, &owned.indices, &owned.indptr}) std::fill(bytes->begin(), bytes->end(), 0xFF);
  const SparseBatch after = cut_all(chunk);
  CHECK(before.nnz() == after.nnz() && before.nnz() > 20);
  for (uint32_t k = 0; k < before.nnz(); ++k) {
    CHECK(before.column[k] == after.column[k] && before.target[k] == after.target[k]);
  }
  CHECK(chunk->info().mapped == 0 && chunk->info().bytes_held >= owned.data.size() + owned.indices.size());
}

TEST(memory_without_rows_or_entries) {
  CHECK(Chunk::from_arrays(dense({}, 3).arrays)->info().rows == 0);
  Matrix matrix;
  matrix.columns = 5;
  CHECK(Chunk::from_arrays(sparse(matrix).arrays)->info().rows == 0);
  matrix.rows = 2;
  matrix.indptr = {0, 0, 0};
  CHECK(Chunk::from_arrays(sparse(matrix).arrays)->info().nnz == 0);
}

TEST(memory_hostile_structure) {
  Matrix matrix;
  matrix.rows = 3;
  matrix.columns = 4;
  matrix.indptr = {0, 2, 2, 3};
  matrix.indices = {0, 3, 1};
  matrix.values = {1, 2, 3};
  const auto with = [&](std::vector<int64_t> indptr, std::vector<int64_t> indices, const char* type = "<i4") {
    Matrix changed = matrix;
    changed.indptr = std::move(indptr);
    changed.indices = std::move(indices);
    return sparse(changed, "<f4", type, type);
  };
  CHECK(refusal(with({0, 2, 2, 3}, {0, 3, 1}).arrays).empty());
  CHECK(refused(with({1, 2, 2, 3}, {0, 3, 1}).arrays, "rows: indptr: row 0: must be 0, got 1"));
  CHECK(refused(with({0, 2, 1, 3}, {0, 3, 1}).arrays, "rows: indptr: row 1: decreases from 2 to 1"));
  CHECK(refused(with({0, 2, -1, 3}, {0, 3, 1}, "<i8").arrays, "rows: indptr: row 1: decreases from 2 to -1"));
  CHECK(refused(with({0, 2, 2, 2}, {0, 3, 1}).arrays,
                "rows: indptr: last value: must be 3, the number of stored entries, got 2"));
  CHECK(refused(with({0, 2, 2, 9}, {0, 3, 1}).arrays,
                "rows: indptr: last value: must be 3, the number of stored entries, got 9"));
  CHECK(refused(with({0, 2, 2, 3}, {0, 4, 1}).arrays, "rows: indices: row 0: column 4 is not in [0, 4)"));
  CHECK(refused(with({0, 2, 2, 3}, {0, 3, -1}).arrays, "rows: indices: row 2: column -1 is not in [0, 4)"));
  CHECK(refused(with({0, 2, 2, 3}, {0, 3}).arrays, "rows: indices: length: must be the length of data = 3, got 2"));
  CHECK(refused(with({0, 2, 3}, {0, 3, 1}).arrays, "rows: indptr: length: must be rows + 1 = 4, got 3"));
  CHECK(refused(with({}, {0, 3, 1}).arrays, "rows: indptr: length: must be rows + 1 = 4, got 0"));
}

TEST(memory_hostile_shapes_and_types) {
  const Owned good = dense({1, 2, 3, 4, 5, 6}, 3);
  const auto with = [&](auto&& change) {
    MatrixArrays arrays = good.arrays;
    change(arrays);
    return arrays;
  };
  using M = MatrixArrays;
  CHECK(refused(with([](M& m) { m.rows = 3; }), "rows: values: length: must be rows x columns = 9, got 6"));
  CHECK(refused(with([](M& m) { m.columns = 0; }), "rows: columns: must be 1 to 2^32 - 1, got 0"));
  CHECK(
      refused(with([](M& m) { m.rows = uint64_t{1} << 32; }), "rows: rows: must be at most 2^32 - 1, got 4294967296"));
  CHECK(refused(with([](M& m) { m.rows = m.columns = UINT32_MAX; }),
                "rows: values: length: must be rows x columns = 18446744065119617025, got 6"));
  CHECK(refused(with([](M& m) { m.data = m.data.first(23); }),
                "rows: values: length: must be rows x columns = 6, got 5"));
  CHECK(refused(with([](M& m) { m.dense = false, m.indices_type = ElementType::kF32; }),
                "rows: indices: type: must be an integer of 32 or 64 bits"));
  CHECK(refused(with([](M& m) { m.dense = false, m.indptr_type = ElementType::kI16; }),
                "rows: indptr: type: must be an integer of 32 or 64 bits"));
}

// A value that is none is named by its place, as in a file, when its batch is cut.
TEST(memory_names_values_that_are_none) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto message = [](const MatrixArrays& arrays) -> std::string {
    try {
      if (arrays.dense) {
        cut_dense(Chunk::from_arrays(arrays));
      } else {
        cut_all(Chunk::from_arrays(arrays));
      }
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string in_dense = message(dense({1, 2, 3, 4, nan, 6}, 3).arrays);
  CHECK(in_dense.starts_with("rows: row 1, column 1: ") && in_dense.find("nan") != std::string::npos);
  Matrix matrix = random_matrix(5, 4, 6, 3);
  for (double& value : matrix.values) value = nan;
  const std::string in_sparse = message(sparse(matrix).arrays);
  CHECK(in_sparse.starts_with("rows: ") && in_sparse.find("row ") != std::string::npos);
  CHECK(in_sparse.find("nan") != std::string::npos);
}
