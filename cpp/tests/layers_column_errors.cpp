// Squared errors by column through the moments of h, against the residual in double and against the tile-fused layer.
#include "layers/column_errors.h"

#include <algorithm>

#include "check.h"
#include "column_oracle.h"

using namespace nrw;
using namespace nrw::oracle;

namespace {

struct Case {
  std::vector<SparseBatch> batches;
  std::vector<std::vector<float>> h;
  ColumnWeights w;
  ColumnBias bias;
};

// Batches of 70, 128 and 3 rows.
Case make_case(uint32_t columns, uint32_t width, double density, bool biased) {
  Case c{.w = make_weights(columns, width, 0)};
  if (biased) c.bias = make_bias(columns, 0);
  for (const uint32_t rows : {70u, 128u, 3u}) {
    c.batches.push_back(make_batch(rows, columns, density, false, 7));
    c.h.push_back(make_dense(rows * width, 20 + rows));
  }
  return c;
}

// Every target becomes what the layer gives, but for a millionth.
void make_nearly_exact(Case& c) {
  for (size_t b = 0; b < c.batches.size(); ++b) {
    SparseBatch& batch = c.batches[b];
    const auto output = [&](size_t row, size_t column) {
      double o = c.bias.value.size() == 0 ? 0 : static_cast<double>(c.bias.value[column]);
      for (size_t k = 0; k < c.w.width; ++k)
        o += static_cast<double>(c.h[b][row * c.w.width + k]) * static_cast<double>(c.w.row(column)[k]);
      return static_cast<float>(o * (1 + 1e-6));
    };
    for (size_t t = 0; t < batch.touched; ++t)
      for (size_t e = batch.touched_ptr[t]; e < batch.touched_ptr[t + 1]; ++e)
        batch.csc_target[e] = output(batch.csc_row[e], batch.touched_col[t]);
    for (size_t i = 0; i < batch.rows; ++i)
      for (size_t e = batch.row_ptr[i]; e < batch.row_ptr[i + 1]; ++e) batch.target[e] = output(i, batch.column[e]);
  }
}

Matrix expected(const Case& c) {
  Matrix sse(c.w.columns, 0.0);
  for (size_t b = 0; b < c.batches.size(); ++b) {
    const Matrix r = residual(c.batches[b], Matrix(c.h[b].begin(), c.h[b].end()), c.w.width, plain(c.w, c.w.value),
                              plain(c.bias.value));
    for (size_t at = 0; at < r.size(); ++at) sse[at % c.w.columns] += r[at] * r[at];
  }
  return sse;
}

double total(const Matrix& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

struct Found {
  double total;
  Matrix sse;
};

Found find(const Case& c, const Kernels& kernels, unsigned threads) {
  ThreadPool pool(threads);
  ColumnErrors errors(kernels, pool, c.w, c.bias.value.size() == 0 ? nullptr : c.bias.value.data());
  for (size_t b = 0; b < c.batches.size(); ++b) errors.add(c.batches[b], c.h[b].data());
  Found found{0, Matrix(c.w.columns, 0.0)};
  found.total = errors.finish(found.sse.data());
  return found;
}

}  // namespace

TEST(column_errors_are_those_of_the_residual) {
  size_t count = 0;
  const Kernels* const* const tables = available_kernels(&count);
  for (size_t table = 0; table < count; ++table) {
    for (const uint32_t width : {1u, 31u, 32u, 63u, 130u}) {
      for (const bool biased : {true, false}) {
        const Case c = make_case(150, width, 0.2, biased);
        const Matrix want = expected(c);
        const Found found = find(c, *tables[table], 2);
        CHECK_CLOSE(found.total / total(want), 1, 1e-12);
        for (size_t j = 0; j < want.size(); ++j) CHECK_CLOSE(found.sse[j], want[j], 1e-12 * total(want));
      }
    }
  }
}

TEST(column_errors_agree_with_the_tiles) {
  const Case c = make_case(500, 40, 0.1, true);
  ThreadPool pool(2);
  SquaredError loss(kernels());
  TileOutput tile(kernels(), pool, loss);
  Matrix direct(500, 0.0);
  double sum = 0;
  for (size_t b = 0; b < c.batches.size(); ++b)
    sum += tile.evaluate(c.batches[b], c.h[b].data(), c.w, c.bias, direct.data()).squared_error;
  const Found found = find(c, kernels(), 2);
  CHECK_CLOSE(found.total / sum, 1, 1e-6);
  for (size_t j = 0; j < direct.size(); ++j) CHECK_CLOSE(found.sse[j] / direct[j], 1, 1e-6);
}

// An error 1e-12 of the signal, nearly all of which cancels.
TEST(column_errors_keep_their_digits_where_nearly_all_is_explained) {
  Case c = make_case(90, 33, 1.1, true);
  for (SparseBatch& batch : c.batches) batch = make_batch(batch.rows, 90, 1.1, false);
  make_nearly_exact(c);
  const Matrix want = expected(c);
  const Found found = find(c, kernels(), 2);
  CHECK(total(want) > 0);
  CHECK_CLOSE(found.total / total(want), 1, 1e-2);
}

TEST(column_errors_do_not_depend_on_threads) {
  const Case c = make_case(700, 130, 0.1, true);
  const Found one = find(c, kernels(), 1);
  for (const unsigned threads : {2u, 5u}) {
    const Found other = find(c, kernels(), threads);
    CHECK(one.total == other.total && one.sse == other.sse);
  }
}

TEST(column_errors_keep_what_is_not_finite) {
  Case c = make_case(50, 9, 0.3, true);
  c.h[1][5] = NAN;
  CHECK(std::isnan(find(c, kernels(), 2).total));
}

TEST(column_errors_are_for_many_rows_and_columns) {
  CHECK(ColumnErrors::worthwhile(40000, 4e7, 36601, 512));
  CHECK(!ColumnErrors::worthwhile(270, 3e5, 32738, 512));  // fewer rows than hidden units
  CHECK(!ColumnErrors::worthwhile(1e6, 1e7, 784, 512));    // about as many columns as hidden units
}
