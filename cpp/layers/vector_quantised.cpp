#include "layers/vector_quantised.h"

#include <algorithm>

#include "layers/row_draws.h"

namespace nrw {

namespace {

constexpr size_t kVectors = 64;   // a task
constexpr size_t kColumns = 16;   // of sums, a task
constexpr double kLeast = 1e-20;  // a running number below it is none: a code that keeps its place

constexpr Field kFields[] = {
    {.name = "codes",
     .type = Field::Type::kCount,
     .about = "number of vectors in the codebook",
     .minimum = 1,
     .maximum = 65536,
     .value = true,
     .example = "512"},
    {.name = "commitment",
     .type = Field::Type::kNumber,
     .about = "what the squared distance of a vector from its code is multiplied by in the loss, to keep the encoder "
              "near the codebook; its sum is scaled by loss.reduction as the loss of a row is",
     .fallback = "0.25",
     .minimum = 0},
    {.name = "update",
     .type = Field::Type::kWord,
     .about = "ema: a code is the running mean of the vectors whose nearest code it is; gradient: the optimizer trains "
              "the codebook on the squared distance",
     .fallback = "\"ema\"",
     .words = "ema gradient"},
    {.name = "decay",
     .type = Field::Type::kNumber,
     .about = "weight of the past batches in the running means",
     .fallback = "0.99",
     .minimum = 0,
     .maximum = 1,
     .below = true,
     .only = "ema"},
    {.name = "restart",
     .type = Field::Type::kNumber,
     .about = "a code that has less than this share of an equal share of the vectors, in running means, becomes a "
              "vector of the batch; 0: never",
     .fallback = "0.1",
     .minimum = 0,
     .maximum = 1,
     .below = true,
     .only = "ema"},
};

bool is_trained(const Settings& settings) { return settings.word("update") == "gradient"; }

// Starting values as in the paper's code, within 1 / codes.
std::vector<TensorSpec> tensors(const Settings& settings, const Shape& input, const Shape&) {
  if (!is_trained(settings)) return {};
  const uint32_t codes = settings.count("codes");
  return {{.name = "codebook",
           .sizes = {codes, input.channels()},
           .start = TensorSpec::Start::kWeight,
           .fan_in = static_cast<double>(codes) * codes}};
}

size_t tasks_of(size_t vectors) noexcept { return (vectors + kVectors - 1) / kVectors; }

size_t workspace(const Settings& settings, const Shape& input, const Shape&, uint32_t rows, unsigned) {
  const size_t codes = settings.count("codes"), width = input.channels(), vectors = rows * input.places();
  const size_t book = codes * width, running = is_trained(settings) ? 0 : 3 * book + codes;
  return (vectors * (codes + 1) + 2 * codes + book + running + Products::packed_size(width, codes)) * sizeof(float) +
         tasks_of(vectors) * sizeof(double);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<VectorQuantised>(context); }

}  // namespace

const LayerType vector_quantised_type = {
    "vector_quantised",
    "replaces each row, or the channels of each place of a signal or an image, by the nearest vector of a codebook",
    kFields,
    same_shape,
    tensors,
    workspace,
    make};

VectorQuantised::VectorQuantised(const LayerContext& context)
    : products_(context.products),
      codes_(context.settings.count("codes")),
      width_(context.input.channels()),
      places_(context.input.places()),
      commitment_(context.settings.number("commitment")),
      by_gradient_(is_trained(context.settings)),
      decay_(context.settings.number("decay")),
      restart_(context.settings.number("restart")),
      seed_(context.seed),
      layer_(context.number) {
  const auto codes = static_cast<uint32_t>(codes_), width = static_cast<uint32_t>(width_);
  if (by_gradient_) {
    trained_ = Parameter(tensors(context.settings, context.input, context.output).front());
    return;
  }
  const auto hold = [](Buffer& buffer, const char* name, std::vector<uint32_t> sizes, size_t size) {
    buffer.name = name;
    buffer.sizes = std::move(sizes);
    buffer.value = AlignedBuffer<float>(size);
  };
  hold(running_, "codebook", {codes, width}, codes_ * width_);
  hold(counts_, "cluster_size", {codes}, codes_);
  hold(sums_, "cluster_sum", {codes, width}, codes_ * width_);
  num_batches_tracked_.name = "num_batches_tracked";
  num_batches_tracked_.is_count = true;
  // Steps count from 1, so these draws are none of theirs.
  const RowDraws draws(products_.kernels(), seed_, Purpose::kNoise, layer_, 0);
  for (size_t k = 0; k < codes_; ++k) draws.normals(k, width_, running_.value.data() + k * width_);
}

std::vector<Parameter*> VectorQuantised::parameters() {
  if (!by_gradient_) return {};
  return {&trained_};
}

std::vector<Buffer*> VectorQuantised::buffers() {
  if (by_gradient_) return {};
  return {&running_, &counts_, &sums_, &num_batches_tracked_};
}

void VectorQuantised::reserve(uint32_t rows) {
  const size_t vectors = rows * places_;
  products_.reserve(width_, codes_);
  products_of_.reserve(vectors * codes_);
  norms_.reserve(codes_);
  chosen_.reserve(vectors);
  batch_counts_.reserve(codes_);
  batch_sums_.reserve(codes_ * width_);
  if (!by_gradient_) drawn_.reserve(codes_ * width_);
  partial_.reserve(tasks_of(vectors));
}

// |z - e_j|^2 without |z|^2, which is the same for all codes.
void VectorQuantised::choose(const Pass& pass, size_t vectors, const float* x) noexcept {
  for (size_t k = 0; k < codes_; ++k) norms_[k] = static_cast<float>(products_.kernels().sum_squares(width_, code(k)));
  products_.multiply(vectors, codes_, width_, {x, width_, 1}, {codebook(), 1, width_}, products_of_.data(), false);
  for_blocks(products_.pool(), vectors, kVectors, 2 * vectors * codes_, [&](size_t first, size_t count) {
    double sum = 0;
    for (size_t i = first; i < first + count; ++i) {
      const float* const product = products_of_.data() + i * codes_;
      size_t best = 0;
      float least = norms_[0] - 2 * product[0];
      for (size_t k = 1; k < codes_; ++k) {
        const float distance = norms_[k] - 2 * product[k];
        if (distance < least) {
          least = distance;
          best = k;
        }
      }
      chosen_[i] = static_cast<uint32_t>(best);
      sum += pass.weight(i / places_) * squared_distance(width_, x + i * width_, code(best));
    }
    partial_[first / kVectors] = sum;
  });
}

// The number and the sum of the vectors of each code; where they make a gradient, by the rows' weights. A task takes
// some columns, so a sum has one order.
void VectorQuantised::sum_up(const Pass& pass, size_t vectors, const float* x) noexcept {
  std::fill_n(batch_counts_.data(), codes_, 0.0f);
  const float* const weights = by_gradient_ ? pass.row_weight : nullptr;
  for (size_t i = 0; i < vectors; ++i) batch_counts_[chosen_[i]] += weights == nullptr ? 1 : weights[i / places_];
  for_blocks(products_.pool(), width_, kColumns, vectors * width_, [&](size_t first, size_t count) {
    for (size_t k = 0; k < codes_; ++k) std::fill_n(batch_sums_.data() + k * width_ + first, count, 0.0f);
    for (size_t i = 0; i < vectors; ++i) {
      float* const sum = batch_sums_.data() + chosen_[i] * width_ + first;
      if (weights == nullptr) {
        products_.kernels().add(count, x + i * width_ + first, sum);
      } else {
        products_.kernels().axpy(count, weights[i / places_], x + i * width_ + first, sum);
      }
    }
  });
}

void VectorQuantised::draw_restarts(const Pass& pass, const float* x) noexcept {
  const RowDraws draws(products_.kernels(), seed_, Purpose::kNoise, layer_, pass.step);
  for (size_t k = 0; k < codes_; ++k) {
    const uint64_t word = draws.word(k);
    std::copy_n(x + (word * batch_vectors_ >> 32) * width_, width_, drawn_.data() + k * width_);
  }
}

void VectorQuantised::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t vectors = pass.rows * places_;
  choose(pass, vectors, x);
  for_blocks(products_.pool(), vectors, kVectors, vectors * width_, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) std::copy_n(code(chosen_[i]), width_, y + i * width_);
  });
  double sum = 0;
  for (size_t task = 0; task < tasks_of(vectors); ++task) sum += partial_[task];
  penalty_ = (by_gradient_ ? 1 + commitment_ : commitment_) * sum;
  if (!pass.training) return;
  batch_vectors_ = vectors;
  sum_up(pass, vectors, x);
  if (!by_gradient_ && restart_ > 0) draw_restarts(pass, x);
}

void VectorQuantised::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  if (by_gradient_) {
    const auto weight = static_cast<float>(pass.factor);
    for (size_t k = 0; k < codes_; ++k) {
      const size_t at = k * width_;
      if (batch_counts_[k] == 0) continue;
      code_gradient(width_, weight, batch_counts_[k], batch_sums_.data() + at, code(k), trained_.gradient.data() + at);
    }
  }
  if (d_x == nullptr) return;
  const size_t vectors = pass.rows * places_;
  const auto weight = static_cast<float>(pass.factor * commitment_);
  for_blocks(products_.pool(), vectors, kVectors, 4 * vectors * width_, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const size_t at = i * width_;
      const float cost = pass.row_weight == nullptr ? weight : weight * pass.row_weight[i / places_];
      straight_through(width_, cost, x + at, code(chosen_[i]), d_y + at, d_x + at);
    }
  });
}

void VectorQuantised::commit() noexcept {
  if (by_gradient_) return;
  const double share = static_cast<double>(batch_vectors_) / static_cast<double>(codes_);
  const double fresh = num_batches_tracked_.count == 0 ? 1 : 1 - decay_;
  const auto move = [&](float& running, float batch) {
    running = static_cast<float>((1 - fresh) * running + fresh * batch);
  };
  for (size_t k = 0; k < codes_; ++k) {
    float *const e = running_.value.data() + k * width_, *const sums = sums_.value.data() + k * width_;
    move(counts_.value[k], batch_counts_[k]);
    for (size_t j = 0; j < width_; ++j) move(sums[j], batch_sums_[k * width_ + j]);
    if (restart_ > 0 && counts_.value[k] < restart_ * share) {
      counts_.value[k] = static_cast<float>(share);
      for (size_t j = 0; j < width_; ++j) {
        e[j] = drawn_[k * width_ + j];
        sums[j] = static_cast<float>(share * e[j]);
      }
    } else if (counts_.value[k] >= kLeast) {
      for (size_t j = 0; j < width_; ++j) e[j] = sums[j] / counts_.value[k];
    }
  }
  num_batches_tracked_.count += 1;
}

}  // namespace nrw
