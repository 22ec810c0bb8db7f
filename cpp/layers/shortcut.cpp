#include "layers/shortcut.h"

#include <algorithm>

namespace nrw {

namespace {

constexpr size_t kRows = 16;  // a task

constexpr Field kFields[] = {
    {.name = "layers",
     .type = Field::Type::kLayers,
     .about = "the layers, one after the other, that the first values of a row go through; they "
              "end with as many values as go past them",
     .value = true,
     .example = "[\"relu\", {\"linear\": 64}]"},
    {.name = "size",
     .type = Field::Type::kCount,
     .about = "number of values, the last of a row, that go past the layers",
     .minimum = 1,
     .maximum = 16777216,
     .example = "64"}};

// Of the rows that go through the layers.
Shape through(const Settings& settings, const Shape& input) {
  settings.require(input.dimensions == 1, "layers",
                   "takes flat rows, but gets " + input.text() + "; flatten them first");
  const uint32_t past = settings.count("size");
  settings.require(past < input.size(), "size",
                   "must be less than the " + input.text() + " values of a row, got " + std::to_string(past));
  return Shape::flat(static_cast<uint32_t>(input.size()) - past);
}

Shape output(const Settings& settings, const Shape& input) {
  const Shape found = InnerPlan(settings, through(settings, input)).output();
  const Shape wanted = Shape::flat(settings.count("size"));
  settings.require(
      found == wanted, "layers",
      "must end with the " + wanted.text() + " values of size, to which they are added, got " + found.text());
  return wanted;
}

std::vector<TensorSpec> tensors(const Settings& settings, const Shape& input, const Shape& output) {
  return OuterLayer::tensors(settings, through(settings, input), output);
}

size_t workspace(const Settings& settings, const Shape& input, const Shape& output, uint32_t rows, unsigned threads) {
  const Shape inner = through(settings, input);
  return OuterLayer::workspace(settings, inner, output, rows, threads) + 2 * rows * inner.size() * sizeof(float);
}

Within within(const Settings& settings, const Shape& input) {
  const Shape inner = through(settings, input);
  return {.input = inner, .first = inner.size(), .past = settings.count("size"), .added = true};
}

LayerContext inner_context(const LayerContext& context) {
  LayerContext inner = context;
  inner.input = through(context.settings, context.input);
  return inner;
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<Shortcut>(context); }

}  // namespace

const LayerType shortcut_type = {
    .name = "shortcut",
    .about = "sends the first values of a row through a list of layers and adds the last ones to the result: f(a) + b",
    .fields = kFields,
    .output = output,
    .tensors = tensors,
    .workspace = workspace,
    .make = make,
    .within = within};

Shortcut::Shortcut(const LayerContext& context)
    : OuterLayer(inner_context(context)),
      through_(through(context.settings, context.input).size()),
      past_(context.output.size()) {}

void Shortcut::reserve(uint32_t rows) {
  OuterLayer::reserve(rows);
  a_.reserve(rows * through_);
  d_a_.reserve(rows * through_);
}

void Shortcut::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t width = through_ + past_, work = pass.rows * width;
  for_blocks(products_.pool(), pass.rows, kRows, work, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) std::copy_n(x + i * width, through_, a_.data() + i * through_);
  });
  const float* const f = inner_.forward(pass, a_.data());
  for_blocks(products_.pool(), pass.rows, kRows, pass.rows * past_, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const float* const b = x + i * width + through_;
      for (size_t j = 0; j < past_; ++j) y[i * past_ + j] = f[i * past_ + j] + b[j];
    }
  });
}

void Shortcut::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  const size_t width = through_ + past_;
  std::copy_n(d_y, pass.rows * past_, inner_.d_output());
  inner_.backward(pass, a_.data(), inner_.d_output(), d_x == nullptr ? nullptr : d_a_.data());
  if (d_x == nullptr) return;
  for_blocks(products_.pool(), pass.rows, kRows, pass.rows * width, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      std::copy_n(d_a_.data() + i * through_, through_, d_x + i * width);
      std::copy_n(d_y + i * past_, past_, d_x + i * width + through_);
    }
  });
}

}  // namespace nrw
