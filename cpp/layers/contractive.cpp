#include "layers/contractive.h"

#include "layers/row_draws.h"

namespace nrw {

namespace {

constexpr size_t kRows = 8;  // a task

constexpr Field kFields[] = {
    {.name = "layers",
     .type = Field::Type::kLayers,
     .about = "the layers, one after the other, whose Jacobian is kept small: the whole encoder, or a part of it",
     .value = true,
     .example = "[{\"linear\": 64}, \"tanh\"]"},
    {.name = "weight",
     .type = Field::Type::kNumber,
     .about = "what the squared Frobenius norm of the Jacobian of a row is multiplied by in the loss; it is scaled by "
              "loss.reduction as the loss of a row is",
     .fallback = "0.1",
     .minimum = 0},
    {.name = "step",
     .type = Field::Type::kNumber,
     .about = "the size of the random steps by which the Jacobian is estimated, in the units of the values; small "
              "against the range over which the layers curve",
     .fallback = "0.01",
     .minimum = 1e-4,
     .maximum = 1000},
};

Shape output(const Settings& settings, const Shape& input) { return InnerPlan(settings, input).output(); }

size_t tasks_of(size_t rows) noexcept { return (rows + kRows - 1) / kRows; }

size_t workspace(const Settings& settings, const Shape& input, const Shape& output, uint32_t rows, unsigned threads) {
  return OuterLayer::workspace(settings, input, output, 2 * rows, threads) +
         rows * ((4 * input.size() + output.size() + 4) * sizeof(float) + 2 * sizeof(uint64_t)) +
         tasks_of(rows) * sizeof(double);
}

Within within(const Settings&, const Shape& input) { return {.input = input}; }

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<Contractive>(context); }

}  // namespace

const LayerType contractive_type = {.name = "contractive",
                                    .about =
                                        "a list of layers, and in training the squared Frobenius norm of their "
                                        "Jacobian in the loss, estimated by one random "
                                        "step a row; it takes about twice the time of the layers",
                                    .fields = kFields,
                                    .output = output,
                                    .tensors = OuterLayer::tensors,
                                    .workspace = workspace,
                                    .make = make,
                                    .within = within};

Contractive::Contractive(const LayerContext& context)
    : OuterLayer(context),
      inputs_(context.input.size()),
      outputs_(context.output.size()),
      weight_(context.settings.number("weight")),
      step_(context.settings.number("step")),
      seed_(context.seed),
      layer_(context.number) {}

void Contractive::reserve(uint32_t rows) {
  const size_t both = 2 * size_t{rows};
  inner_.reserve(2 * rows);
  x_.reserve(both * inputs_);
  d_x_.reserve(both * inputs_);
  difference_.reserve(rows * outputs_);
  row_id_.reserve(both);
  row_weight_.reserve(both);
  row_category_.reserve(both);
  partial_.reserve(tasks_of(rows));
}

Pass Contractive::doubled(const Pass& pass) const noexcept {
  Pass both = pass;
  both.rows = 2 * pass.rows;
  both.row_id = row_id_.data();
  both.row_weight = row_weight_.data();
  both.row_category = pass.row_category == nullptr ? nullptr : row_category_.data();
  return both;
}

void Contractive::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t m = pass.rows, n = m * inputs_;
  penalty_ = 0;
  if (!pass.training) {
    std::copy_n(inner_.forward(pass, x), m * outputs_, y);
    return;
  }
  const RowDraws draws(products_.kernels(), seed_, Purpose::kNoise, layer_, pass.step);
  const auto step = static_cast<float>(step_);
  for_blocks(products_.pool(), m, kRows, 64 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const size_t at = i * inputs_;
      float* const moved = x_.data() + n + at;
      draws.normals(pass.row_id[i], inputs_, moved);
      for (size_t j = 0; j < inputs_; ++j) {
        x_[at + j] = x[at + j];
        moved[j] = x[at + j] + step * moved[j];
      }
      row_id_[i] = row_id_[m + i] = pass.row_id[i];
      row_weight_[i] = static_cast<float>(pass.weight(i));
      row_weight_[m + i] = 0;
      if (pass.row_category != nullptr) row_category_[i] = row_category_[m + i] = pass.row_category[i];
    }
  });
  const float* const f = inner_.forward(doubled(pass), x_.data());
  const float* const moved = f + m * outputs_;
  for_blocks(products_.pool(), m, kRows, 4 * m * outputs_, [&](size_t first, size_t count) {
    double sum = 0;
    for (size_t i = first; i < first + count; ++i) {
      double squares = 0;
      for (size_t j = i * outputs_; j < (i + 1) * outputs_; ++j) {
        y[j] = f[j];
        difference_[j] = moved[j] - f[j];
        squares += static_cast<double>(difference_[j]) * static_cast<double>(difference_[j]);
      }
      sum += pass.weight(i) * squares;
    }
    partial_[first / kRows] = sum;
  });
  double sum = 0;
  for (size_t task = 0; task < tasks_of(m); ++task) sum += partial_[task];
  penalty_ = weight_ / (step_ * step_) * sum;
}

void Contractive::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  const size_t m = pass.rows, n = m * inputs_;
  const double scale = 2 * pass.factor * weight_ / (step_ * step_);
  float* const d_f = inner_.d_output();
  float* const d_moved = d_f + m * outputs_;
  for_blocks(products_.pool(), m, kRows, 4 * m * outputs_, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const auto pull = static_cast<float>(scale * pass.weight(i));
      for (size_t j = i * outputs_; j < (i + 1) * outputs_; ++j) {
        d_moved[j] = pull * difference_[j];
        d_f[j] = d_y[j] - d_moved[j];
      }
    }
  });
  inner_.backward(doubled(pass), x_.data(), d_f, d_x == nullptr ? nullptr : d_x_.data());
  if (d_x == nullptr) return;
  for_blocks(products_.pool(), n, 4096, 2 * n, [&](size_t first, size_t count) {
    for (size_t j = first; j < first + count; ++j) d_x[j] = d_x_[j] + d_x_[n + j];
  });
}

}  // namespace nrw
