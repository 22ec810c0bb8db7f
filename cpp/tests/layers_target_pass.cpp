#include "layers/target_pass.h"

#include "check.h"
#include "factored_steps.h"

using namespace nrw;

// Z = 0.5 Y V, K = Y Y^T and V += Y^T U against sums in double. Columns have a value in anything from none to all of
// the rows, so that both ways to K are taken.
TEST(target_pass_is_its_definition) {
  constexpr size_t kStride = 48;
  size_t compared = 0;
  for (const uint32_t rows : {1u, 7u, 40u, 67u}) {
    for (const double density : {0.05, 0.4, 0.95}) {
      const Step s = make_step(rows, {.rows = rows, .columns = 130, .density = density});
      const size_t columns = s.batch.columns;
      std::vector<float> update(rows * kStride);
      for (size_t i = 0; i < update.size(); ++i) update[i] = static_cast<float>(unit(7, i)) - 0.5f;
      std::vector<double> first;
      for (const unsigned threads : {1u, 3u}) {
        ThreadPool pool(threads);
        TargetPass pass(kernels(), pool);
        ColumnWeights v;
        v.columns = static_cast<uint32_t>(columns);
        v.width = v.stride = kStride;
        v.value = AlignedBuffer<float>(columns * kStride);
        std::vector<float> before(columns * kStride);
        for (size_t i = 0; i < before.size(); ++i) v.value[i] = before[i] = static_cast<float>(unit(8, i)) - 0.5f;
        std::vector<double> z(rows * kStride, NAN), k(rows * rows, NAN);
        pass.run(s.batch, v, update.data(), 0.5, z.data(), k.data());
        const auto y = [&](size_t i, size_t j) { return s.dense[i * columns + j]; };
        for (size_t i = 0; i < rows; ++i) {
          for (size_t other = 0; other < rows; ++other, ++compared) {
            double sum = 0;
            for (size_t j = 0; j < columns; ++j) sum += y(i, j) * y(other, j);
            CHECK_CLOSE(k[i * rows + other], sum, 1e-13 * (1 + sum));
          }
          for (size_t c = 0; c < kStride; ++c) {
            double sum = 0;
            for (size_t j = 0; j < columns; ++j) sum += 0.5 * y(i, j) * static_cast<double>(before[j * kStride + c]);
            CHECK_CLOSE(z[i * kStride + c], sum, 3e-5);
          }
        }
        for (size_t j = 0; j < columns; ++j) {
          for (size_t c = 0; c < kStride; ++c) {
            double sum = static_cast<double>(before[j * kStride + c]);
            for (size_t i = 0; i < rows; ++i) sum += y(i, j) * static_cast<double>(update[i * kStride + c]);
            CHECK_CLOSE(v.row(j)[c], sum, 3e-5);
          }
        }
        std::vector<double> all = z;
        all.insert(all.end(), k.begin(), k.end());
        all.insert(all.end(), v.value.begin(), v.value.end());
        if (first.empty()) first = all;
        CHECK(all == first);  // the same bits with any number of threads
      }
    }
  }
  CHECK(compared > 0);
}
