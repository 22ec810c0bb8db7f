#include "layers/dictionary.h"

#include <cmath>

namespace nrw {

namespace {

constexpr size_t kUnits = 64, kRows = 8;  // a task

constexpr Field kFields[] = {{.name = "size",
                              .type = Field::Type::kCount,
                              .about = "number of outputs; `output` is the width of the data",
                              .minimum = 1,
                              .maximum = 16777216,
                              .words = "output",
                              .value = true,
                              .example = "\"output\""},
                             {.name = "bias",
                              .type = Field::Type::kFlag,
                              .about = "whether a bias is added, which a sparse_code before it subtracts from its "
                                       "input; output layer: column_means starts it at the column means of the "
                                       "training rows",
                              .fallback = "true",
                              .words = "column_means"}};

Shape output(const Settings& settings, const Shape& input) {
  settings.require(input.one_order(), "size", "needs flat rows, got " + input.text() + ": put a flatten before it");
  return Shape::flat(settings.count("size"));
}

bool has_bias(const Settings& settings) { return settings.is_word("bias") || settings.flag("bias"); }

std::vector<TensorSpec> tensors(const Settings& settings, const Shape& input, const Shape& output) {
  const auto units = static_cast<uint32_t>(input.size()), out = static_cast<uint32_t>(output.size());
  std::vector<TensorSpec> all{{.name = "weight",
                               .sizes = {units, out},
                               .start = TensorSpec::Start::kWeight,
                               .fan_in = static_cast<double>(out),
                               .fan_out = static_cast<double>(units)}};
  if (has_bias(settings)) all.push_back({.name = "bias", .sizes = {out}});
  return all;
}

size_t space_floats(size_t out) noexcept { return out * kPanel; }

size_t workspace(const Settings&, const Shape& input, const Shape& output, uint32_t rows, unsigned threads) {
  const size_t entries = std::max<size_t>(input.size(), rows);
  return threads * (2 * entries + space_floats(output.size())) * sizeof(float) + rows * output.size() * sizeof(float) +
         UnitCode::bytes(input.size(), 0, 0);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<Dictionary>(context); }

}  // namespace

const LayerType dictionary_type = {
    .name = "dictionary",
    .about = "a sum of directions of length 1, one for each unit of the code, weighted by its values, plus a bias",
    .fields = kFields,
    .output = output,
    .tensors = tensors,
    .workspace = workspace,
    .make = make};

Dictionary::Dictionary(const LayerContext& context)
    : products_(context.products),
      sparse_(sparse_kernels(context.products.kernels())),
      units_(context.input.size()),
      out_(context.output.size()),
      has_bias_(has_bias(context.settings)) {
  const auto specs = tensors(context.settings, context.input, context.output);
  weight_ = Parameter(specs[0]);
  if (has_bias_) bias_ = Parameter(specs[1]);
}

std::vector<Parameter*> Dictionary::parameters() {
  if (!has_bias_) return {&weight_};
  return {&weight_, &bias_};
}

bool Dictionary::take_code(Layer& before) {
  auto* const code = dynamic_cast<SparseCode*>(&before);
  if (code == nullptr || code->inputs() != out_) return false;
  before_ = code;
  code->decoded_with(has_bias_ ? &bias_ : nullptr);
  return true;
}

void Dictionary::reserve(uint32_t rows) {
  const unsigned threads = products_.pool().size();
  entries_ = std::max<size_t>(entries_, std::max<size_t>(units_, rows));
  list_.reserve(threads * entries_);
  values_.reserve(threads * entries_);
  space_.reserve(threads * space_floats(out_));
  partial_.reserve((rows + kRows - 1) / kRows);
  if (before_ == nullptr) return;
  by_unit_.reserve(units_, rows, before_->code_capacity());
  squares_by_task_.reserve((units_ + kUnits - 1) / kUnits);
  if (before_->aux_capacity() == 0) return;
  aux_by_unit_.reserve(units_, rows, before_->aux_capacity());
  d_aux_.reserve(size_t{rows} * out_);
}

void Dictionary::normalise(size_t unit) noexcept {
  float* const w = weight_.value.data() + unit * out_;
  const double squares = products_.kernels().sum_squares(out_, w);
  if (!(squares > 0)) return;
  const auto scale = static_cast<float>(1 / std::sqrt(squares));
  for (size_t p = 0; p < out_; ++p) w[p] *= scale;
}

void Dictionary::normalise_all() noexcept {
  for_blocks(products_.pool(), units_, kUnits, 3 * units_ * out_, [&](size_t first, size_t count) {
    for (size_t u = first; u < first + count; ++u) normalise(u);
  });
}

// Where the update was made within the backward pass, the directions have been given their length there.
void Dictionary::commit() noexcept {
  if (!weight_.updated_within) normalise_all();
}

void Dictionary::update_within(const OptimizerStep* step) noexcept {
  weight_.updated_within = step != nullptr && before_ != nullptr;
  squares_ = 0;
  if (!weight_.updated_within) return;
  step_ = *step;
  step_.learning_rate = static_cast<float>(static_cast<double>(step->learning_rate) * weight_.rate);
}

void Dictionary::update(size_t unit, const float* gradient) noexcept {
  const auto moment = [&](AlignedBuffer<float>& all) { return all.size() == 0 ? nullptr : &all[unit * out_]; };
  products_.kernels().update(out_, step_, gradient, weight_.value.data() + unit * out_, moment(weight_.moment1),
                             moment(weight_.moment2));
  normalise(unit);
}

void Dictionary::started() noexcept {
  normalise_all();
  if (before_ != nullptr) std::copy(weight_.value.begin(), weight_.value.end(), before_->weight().value.begin());
}

double Dictionary::use_gradient(size_t unit, float* gradient) noexcept {
  const float* const w = weight_.value.data() + unit * out_;
  const double squares = products_.kernels().sum_squares(out_, w);
  if (squares > 0) {
    products_.kernels().axpy(out_, static_cast<float>(-sparse_.dot(out_, gradient, w) / squares), w, gradient);
  }
  if (!weight_.updated_within) {
    products_.kernels().add(out_, gradient, weight_.gradient.data() + unit * out_);
    return 0;
  }
  const double own = products_.kernels().sum_squares(out_, gradient);
  update(unit, gradient);
  return own;
}

void Dictionary::bias_gradient(size_t rows, const float* d_y) noexcept {
  if (has_bias_) products_.add_column_sums(rows, out_, d_y, bias_.gradient.data());
}

void Dictionary::forward(const Pass& pass, const float* x, float* y) noexcept {
  penalty_ = 0;
  run_tasks(products_.pool(), (pass.rows + kRows - 1) / kRows, 2 * pass.rows * units_,
            [&](size_t task, unsigned worker) {
              uint32_t* const list = list_.data() + worker * entries_;
              float* const values = values_.data() + worker * entries_;
              for (size_t i = task * kRows; i < std::min<size_t>(pass.rows, (task + 1) * kRows); ++i) {
                size_t count = 0;
                for (size_t u = 0; u < units_; ++u) {
                  if (x[i * units_ + u] == 0) continue;
                  list[count] = static_cast<uint32_t>(u);
                  values[count++] = x[i * units_ + u];
                }
                sparse_.gather(out_, count, list, values, weight_.value.data(), out_, false, y + i * out_);
                if (has_bias_) products_.kernels().add(out_, bias_.value.data(), y + i * out_);
              }
            });
}

void Dictionary::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const size_t rows = pass.rows, tasks = (units_ + kUnits - 1) / kUnits;
  static_assert(kUnits == kPanel);
  run_tasks(products_.pool(), tasks, 2 * rows * units_ * out_, [&](size_t task, unsigned worker) {
    uint32_t* const list = list_.data() + worker * entries_;
    float* const values = values_.data() + worker * entries_;
    float* const space = space_.data() + worker * space_floats(out_);
    const size_t first = task * kUnits, some = std::min(kUnits, units_ - first);
    for (size_t u = first; u < first + some; ++u) {
      size_t count = 0;
      for (size_t i = 0; i < rows; ++i) {
        if (x[i * units_ + u] == 0) continue;
        list[count] = static_cast<uint32_t>(i);
        values[count++] = x[i * units_ + u];
      }
      if (count == 0) continue;
      sparse_.gather(out_, count, list, values, d_y, out_, false, space);
      use_gradient(u, space);
    }
    if (d_x == nullptr) return;
    products_.kernels().pack_b(out_, some, weight_.value.data() + first * out_, 1, out_, space);
    products_.kernels().gemm(rows, some, out_, d_y, out_, 1, space, d_x + first, units_, false);
  });
  bias_gradient(rows, d_y);
}

void Dictionary::decode(const Pass& pass, float* y) noexcept {
  const RowCode& code = before_->code();
  penalty_ = 0;
  for_blocks(products_.pool(), pass.rows, kRows, 2 * code.entries() * out_, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const size_t at = i * code.capacity;
      sparse_.gather(out_, code.count[i], code.unit.data() + at, code.value.data() + at, weight_.value.data(), out_,
                     false, y + i * out_);
      if (has_bias_) products_.kernels().add(out_, bias_.value.data(), y + i * out_);
    }
  });
  has_aux_ = pass.training && before_->aux_capacity() > 0 && before_->make_aux_code(pass);
  if (has_aux_) aux_term(pass, y);
}

// d_aux = 2 aux_weight factor weight (e' - e).
void Dictionary::aux_term(const Pass& pass, const float* y) noexcept {
  const RowCode& code = before_->aux_code();
  const float* const x = before_->input();
  const double weight = before_->aux_weight();
  run_tasks(products_.pool(), (pass.rows + kRows - 1) / kRows, 2 * code.entries() * out_, [&](size_t task, unsigned) {
    double sum = 0;
    for (size_t i = task * kRows; i < std::min<size_t>(pass.rows, (task + 1) * kRows); ++i) {
      const size_t at = i * code.capacity;
      float* const d = d_aux_.data() + i * out_;
      sparse_.gather(out_, code.count[i], code.unit.data() + at, code.value.data() + at, weight_.value.data(), out_,
                     false, d);
      for (size_t p = 0; p < out_; ++p) d[p] -= x[i * out_ + p] - y[i * out_ + p];
      sum += pass.weight(i) * products_.kernels().sum_squares(out_, d);
      const auto scale = static_cast<float>(2 * weight * pass.factor * pass.weight(i));
      for (size_t p = 0; p < out_; ++p) d[p] *= scale;
    }
    partial_[task] = sum;
  });
  double sum = 0;
  for (size_t task = 0; task < (pass.rows + kRows - 1) / kRows; ++task) sum += partial_[task];
  penalty_ = weight * sum;
}

void Dictionary::value_gradients(RowCode& code, const float* d_y) noexcept {
  for_blocks(products_.pool(), code.rows, kRows, 2 * code.entries() * out_, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const size_t at = i * code.capacity;
      for (size_t e = at; e < at + code.count[i]; ++e) {
        code.d_value[e] = products_.kernels().dot(out_, weight_.value.data() + code.unit[e] * out_, d_y + i * out_);
      }
    }
  });
}

void Dictionary::backward_to_code(const Pass& pass, const float* d_y) noexcept {
  RowCode &code = before_->code(), &aux = before_->aux_code();
  value_gradients(code, d_y);
  by_unit_.make(code, units_);
  if (has_aux_) {
    value_gradients(aux, d_aux_.data());
    aux_by_unit_.make(aux, units_);
  }
  const size_t tasks = (units_ + kUnits - 1) / kUnits, work = 4 * by_unit_.begin[units_] * out_;
  const bool within = weight_.updated_within;
  run_tasks(products_.pool(), tasks, within ? units_ * out_ : work, [&](size_t task, unsigned worker) {
    float* const space = space_.data() + worker * space_floats(out_);
    double squares = 0;
    for (size_t u = task * kUnits; u < std::min(units_, (task + 1) * kUnits); ++u) {
      bool any = false;
      const auto add = [&](const UnitCode& of, const float* d) {
        const size_t begin = of.begin[u], count = of.entries(u);
        if (count == 0) return;
        sparse_.gather(out_, count, of.row.data() + begin, of.value.data() + begin, d, out_, any, space);
        any = true;
      };
      add(by_unit_, d_y);
      if (has_aux_) add(aux_by_unit_, d_aux_.data());
      if (any) squares += use_gradient(u, space);
      if (!any && within) update(u, nullptr);
    }
    squares_by_task_[task] = squares;
  });
  squares_ = 0;
  for (size_t task = 0; within && task < tasks; ++task) squares_ += squares_by_task_[task];
  bias_gradient(pass.rows, d_y);
}

}  // namespace nrw
