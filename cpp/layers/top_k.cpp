#include "layers/top_k.h"

#include <algorithm>
#include <functional>

#include "base/status.h"
#include "layers/ordered_key.h"

namespace nrw {

namespace {

constexpr size_t kRows = 4;  // a task

constexpr Field kRowFields[] = {{.name = "k",
                                 .type = Field::Type::kCount,
                                 .about = "number of values of a row that are kept",
                                 .minimum = 1,
                                 .maximum = 16777216,
                                 .value = true,
                                 .example = "32"}};
constexpr Field kBatchFields[] = {{.name = "k",
                                   .type = Field::Type::kCount,
                                   .about = "mean number of values of a row that are kept",
                                   .minimum = 1,
                                   .maximum = 16777216,
                                   .value = true,
                                   .example = "32"},
                                  {.name = "momentum",
                                   .type = Field::Type::kNumber,
                                   .about = "weight of a batch in the threshold that evaluation keeps values by",
                                   .fallback = "0.1",
                                   .minimum = 0,
                                   .maximum = 1,
                                   .above = true,
                                   .example = "0.1"}};

Shape output(const Settings& settings, const Shape& input) {
  settings.require(settings.count("k") <= input.size(), "k",
                   format("must be at most the number of values of a row, %llu, got %u",
                          static_cast<unsigned long long>(input.size()), settings.count("k")));
  return input;
}

size_t workspace(const Settings&, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return rows * output.size() * (sizeof(uint32_t) + 1);
}
size_t batch_workspace(const Settings&, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  const size_t n = rows * output.size();
  return n + BatchSelection::bytes(n);
}

template <bool of_batch>
std::unique_ptr<Layer> make(const LayerContext& context) {
  return std::make_unique<TopK>(context, of_batch);
}

}  // namespace

const LayerType top_k_type = {
    .name = "top_k",
    .about = "keeps the largest values of each row and sets the others to 0; after relu only values above 0 are left",
    .fields = kRowFields,
    .output = output,
    .tensors = no_tensors,
    .workspace = workspace,
    .make = make<false>,
    .few_values = true};
const LayerType batch_top_k_type = {
    .name = "batch_top_k",
    .about =
        "keeps the largest values of a batch in training, and those from a running threshold on else, and sets the "
        "others to 0",
    .fields = kBatchFields,
    .output = output,
    .tensors = no_tensors,
    .workspace = batch_workspace,
    .make = make<true>,
    .few_values = true};

void select_largest(size_t n, size_t k, const float* x, uint32_t* keys, uint8_t* kept) noexcept {
  for (size_t i = 0; i < n; ++i) keys[i] = ordered_key(x[i]);
  const auto kth = keys + (k - 1);
  std::nth_element(keys, kth, keys + n, std::greater<>());
  const uint32_t least = *kth;
  // Those equal to the k-th are as many as are left of k.
  size_t equal = k - static_cast<size_t>(std::count_if(keys, kth, [&](uint32_t key) { return key > least; }));
  for (size_t i = 0; i < n; ++i) {
    const uint32_t key = ordered_key(x[i]);
    kept[i] = key > least;
    if (key == least && equal > 0) {
      kept[i] = 1;
      --equal;
    }
  }
}

TopK::TopK(const LayerContext& context, bool of_batch)
    : products_(context.products),
      of_a_batch_(context.products.pool()),
      width_(context.output.size()),
      k_(context.settings.count("k")),
      of_batch_(of_batch),
      momentum_(of_batch ? context.settings.number("momentum") : 0) {
  threshold_.name = "threshold";
  threshold_.value = AlignedBuffer<float>(1);
  num_batches_tracked_.name = "num_batches_tracked";
  num_batches_tracked_.is_count = true;
}

std::vector<Buffer*> TopK::buffers() {
  if (!of_batch_) return {};
  return {&threshold_, &num_batches_tracked_};
}

void TopK::reserve(uint32_t rows) {
  kept_.reserve(rows * width_);
  if (of_batch_) {
    of_a_batch_.reserve(rows * width_);
  } else {
    keys_.reserve(rows * width_);
  }
}

void TopK::select(const Pass& pass, const float* x) noexcept {
  const size_t n = pass.rows * width_;
  if (!of_batch_) {
    for_blocks(products_.pool(), pass.rows, kRows, 16 * n, [&](size_t first, size_t count) {
      for (size_t at = first * width_; at < (first + count) * width_; at += width_) {
        select_largest(width_, k_, x + at, keys_.data() + at, kept_.data() + at);
      }
    });
  } else if (pass.training) {
    smallest_ = of_a_batch_.select(n, k_ * pass.rows, x, kept_.data());
  } else {
    const float threshold = threshold_.value[0];
    for_blocks(products_.pool(), n, 4096, 2 * n, [&](size_t first, size_t count) {
      for (size_t i = first; i < first + count; ++i) kept_[i] = !(x[i] < threshold);
    });
  }
}

void TopK::forward(const Pass& pass, const float* x, float* y) noexcept {
  select(pass, x);
  const size_t n = pass.rows * width_;
  for_blocks(products_.pool(), n, 4096, 2 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) y[i] = kept_[i] != 0 ? x[i] : 0;
  });
}

void TopK::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  if (d_x == nullptr) return;
  const size_t n = pass.rows * width_;
  for_blocks(products_.pool(), n, 4096, 2 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) d_x[i] = kept_[i] != 0 ? d_y[i] : 0;
  });
}

// The first batch's value is taken as it is.
void TopK::commit() noexcept {
  if (!of_batch_) return;
  const double momentum = num_batches_tracked_.count == 0 ? 1 : momentum_;
  threshold_.value[0] = static_cast<float>((1 - momentum) * threshold_.value[0] + momentum * smallest_);
  num_batches_tracked_.count += 1;
}

}  // namespace nrw
