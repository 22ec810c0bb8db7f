// Principal components against the eigenvectors of the covariance matrix in double.
#include "model/pca.h"

#include <cmath>
#include <cstring>

#include "base/status.h"
#include "check.h"
#include "dense_form.h"
#include "memory_source.h"
#include "model/symmetric_eigen.h"

using namespace nrw;
using namespace nrw::check;

namespace {

constexpr uint32_t kColumns = 30;

// Rows of four strong directions and noise, two thirds of them zeros.
std::vector<std::vector<float>> made_rows(size_t count) {
  std::vector<std::vector<float>> rows(count, std::vector<float>(kColumns));
  const auto unit = [](uint64_t stream, uint64_t index) { return uniform(draw(5, Purpose::kInit, stream, index)[0]); };
  for (size_t i = 0; i < count; ++i) {
    for (uint32_t j = 0; j < kColumns; ++j) {
      double value = 0.3 * static_cast<double>(unit(1, i * kColumns + j));
      for (uint32_t r = 0; r < 4; ++r) {
        value += (5 - r) * static_cast<double>(unit(2 + r, i)) * static_cast<double>(unit(9 + r, j));
      }
      if (unit(20, i * kColumns + j) < 0.34f) rows[i][j] = static_cast<float>(value);
    }
  }
  return rows;
}

struct Found {
  std::vector<float> mean, components;
  std::vector<double> variances;
};

Found find(const std::vector<std::vector<float>>& rows, uint32_t components, uint32_t more, int passes,
           unsigned threads = 1, bool dense = false) {
  Pca pca(kColumns, components, more, 3, threads);
  for (int pass = 0; pass <= passes; ++pass) {
    if (pass > 0) pca.next_pass();
    for (size_t first = 0; first < rows.size(); first += 32) {
      const std::vector<std::vector<float>> some(rows.begin() + static_cast<long>(first),
                                                 rows.begin() + static_cast<long>(std::min(first + 32, rows.size())));
      const SparseBatch batch = make_batch(some, kColumns, first, first / 32);
      if (dense) {
        pca.add(dense_form(batch));
      } else {
        pca.add(batch);
      }
    }
  }
  Found found{std::vector<float>(kColumns), std::vector<float>(components * kColumns), std::vector<double>(components)};
  pca.result(found.mean.data(), found.components.data(), found.variances.data());
  return found;
}

// By definition.
SymmetricEigen exact(const std::vector<std::vector<float>>& rows) {
  std::vector<double> mean(kColumns), covariance(kColumns * kColumns);
  for (const auto& row : rows) {
    for (uint32_t j = 0; j < kColumns; ++j) mean[j] += static_cast<double>(row[j]) / static_cast<double>(rows.size());
  }
  for (const auto& row : rows) {
    for (uint32_t a = 0; a < kColumns; ++a) {
      for (uint32_t b = 0; b < kColumns; ++b) {
        covariance[a * kColumns + b] += (static_cast<double>(row[a]) - mean[a]) *
                                        (static_cast<double>(row[b]) - mean[b]) /
                                        (static_cast<double>(rows.size()) - 1);
      }
    }
  }
  return SymmetricEigen(kColumns, covariance);
}

}  // namespace

TEST(symmetric_eigenvectors_are_those_of_the_matrix) {
  constexpr size_t n = 7;
  std::vector<double> a(n * n);
  for (size_t r = 0; r < n; ++r) {
    for (size_t c = 0; c <= r; ++c) a[r * n + c] = 1.0 / static_cast<double>(r + c + 1);  // Hilbert's
  }
  const SymmetricEigen eigen(n, a);
  CHECK_CLOSE(eigen.values[0], 1.660885338926931, 1e-13);
  CHECK_CLOSE(eigen.values[6], 3.4938986e-9, 1e-14);
  for (size_t k = 0; k < n; ++k) {
    CHECK(k == 0 || eigen.values[k] <= eigen.values[k - 1]);
    for (size_t r = 0; r < n; ++r) {
      double product = 0;
      for (size_t c = 0; c < n; ++c) product += a[std::max(r, c) * n + std::min(r, c)] * eigen.vectors[k * n + c];
      CHECK_CLOSE(product, eigen.values[k] * eigen.vectors[k * n + r], 1e-14);
    }
  }
}

TEST(pca_is_the_eigenvectors_of_the_covariance) {
  const auto rows = made_rows(203);
  const SymmetricEigen wanted = exact(rows);
  for (const bool dense : {false, true}) {
    const Found found = find(rows, 5, 10, 25, 2, dense);
    for (size_t k = 0; k < 5; ++k) {
      CHECK_CLOSE(found.variances[k], wanted.values[k], 1e-5 * wanted.values[k]);
      double cosine = 0, square = 0;
      for (size_t j = 0; j < kColumns; ++j) {
        const double value = found.components[k * kColumns + j];
        cosine += value * wanted.vectors[k * kColumns + j];
        square += value * value;
      }
      CHECK_CLOSE(square, 1, 1e-5);
      CHECK_CLOSE(std::fabs(cosine), 1, 1e-4);
    }
    for (size_t j = 0; j < kColumns; ++j) {
      double mean = 0;
      for (const auto& row : rows) mean += static_cast<double>(row[j]) / 203;
      CHECK_CLOSE(found.mean[j], mean, 1e-6);
    }
  }
}

TEST(pca_of_few_passes_has_nearly_all_of_the_variance) {
  const auto rows = made_rows(203);
  const SymmetricEigen wanted = exact(rows);
  const Found found = find(rows, 8, 10, 4);
  double got = 0, most = 0;
  for (size_t k = 0; k < 8; ++k) got += found.variances[k], most += wanted.values[k];
  CHECK(got <= most * (1 + 1e-6));
  CHECK(got > most * 0.99);
}

TEST(pca_has_the_same_bits_with_any_threads) {
  const auto rows = made_rows(150);
  for (const bool dense : {false, true}) {
    const Found one = find(rows, 4, 6, 3, 1, dense);
    for (const unsigned threads : {2u, 5u}) {
      const Found more = find(rows, 4, 6, 3, threads, dense);
      CHECK(one.components == more.components && one.mean == more.mean && one.variances == more.variances);
    }
  }
}

// Three different rows have a rank of two about their mean.
TEST(pca_beyond_the_rank_is_zero) {
  auto rows = made_rows(3);
  for (size_t i = 0; i < 3; ++i) rows.push_back(std::vector<float>(rows[i]));
  const Found found = find(rows, 5, 5, 3);
  CHECK(found.variances[1] > 1e-3);
  for (size_t k = 2; k < 5; ++k) {
    CHECK_CLOSE(found.variances[k], 0, 1e-8);
    for (size_t j = 0; j < kColumns; ++j) CHECK(std::isfinite(found.components[k * kColumns + j]));
  }
}
