#include "model/input_weight.h"

#include <algorithm>
#include <cstring>

namespace nrw {

namespace {

class CaughtUpRows final : public TensorRows {
 public:
  CaughtUpRows(const Tensor& plain, SparseInput& input, ColumnWeights& w, ThreadPool& pool)
      : plain_(plain), input_(input), w_(w), pool_(pool) {}

  void read(size_t first, size_t rows, uint8_t* out) override {
    if (!input_.missed().any()) return read_rows(pool_, plain_, first, rows, out);
    constexpr size_t kColumns = 64, kRows = 64;
    const size_t columns = w_.columns;
    pool_.run((columns + kColumns - 1) / kColumns, [&](size_t block, unsigned) {
      float some[kRows];
      for (size_t top = 0; top < rows; top += kRows) {
        const size_t count = std::min(kRows, rows - top);
        for (size_t c = block * kColumns, end = std::min(columns, c + kColumns); c < end; ++c) {
          input_.read_row(w_, c, first + top, count, some);
          for (size_t r = 0; r < count; ++r) {
            std::memcpy(out + ((top + r) * columns + c) * sizeof(float), some + r, sizeof(float));
          }
        }
      }
    });
  }

  void write(size_t first, size_t rows, const uint8_t* in) override {
    input_.catch_up(w_);
    write_rows(pool_, plain_, first, rows, in);
  }

 private:
  const Tensor plain_;
  SparseInput& input_;
  ColumnWeights& w_;
  ThreadPool& pool_;
};

class LastSteps final : public TensorRows {
 public:
  explicit LastSteps(MissedSteps& missed) : missed_(missed) {}
  void read(size_t first, size_t rows, uint8_t* out) override {
    std::memcpy(out, missed_.last().data() + first, rows * sizeof(uint32_t));
  }
  void write(size_t first, size_t rows, const uint8_t* in) override {
    std::memcpy(missed_.last().data() + first, in, rows * sizeof(uint32_t));
  }

 private:
  MissedSteps& missed_;
};

class MissedRates final : public TensorRows {
 public:
  explicit MissedRates(MissedSteps& missed) : missed_(missed) {}
  void read(size_t first, size_t rows, uint8_t* out) override {
    const auto history = missed_.history();
    std::memcpy(out, history.data() + first, rows * sizeof(double));
  }
  void write(size_t first, size_t rows, const uint8_t* in) override {
    auto history = missed_.history();
    std::memcpy(history.data() + first, in, rows * sizeof(double));
    missed_.set_history(history);
  }

 private:
  MissedSteps& missed_;
};

}  // namespace

std::shared_ptr<TensorRows> caught_up_rows(const Tensor& plain, SparseInput& input, ColumnWeights& w,
                                           ThreadPool& pool) {
  return std::make_shared<CaughtUpRows>(plain, input, w, pool);
}

std::vector<Tensor> missed_tensors(const Tensor& plain, SparseInput& input) {
  MissedSteps& missed = input.missed();
  Tensor raw = plain, last, rates;
  raw.name = plain.name + ".raw";
  last.name = plain.name + ".last_step";
  last.view = FloatView::vector(nullptr, missed.last().size());
  last.sizes = {static_cast<uint32_t>(missed.last().size())};
  last.computed = std::make_shared<LastSteps>(missed);
  last.computed_type = NRW_U32;
  rates.name = plain.name + ".missed_rates";
  rates.view = FloatView::vector(nullptr, MissedSteps::kMost + 1);
  rates.sizes = {static_cast<uint32_t>(MissedSteps::kMost + 1)};
  rates.computed = std::make_shared<MissedRates>(missed);
  rates.computed_type = NRW_F64;
  raw.role = last.role = rates.role = NRW_ROLE_OPTIMIZER;
  return {raw, last, rates};
}

}  // namespace nrw
