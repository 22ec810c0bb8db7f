#include "layers/mask_tokens.h"

#include <algorithm>
#include <cmath>

#include "layers/row_draws.h"

namespace nrw {

namespace {

constexpr size_t kRows = 8;  // a task

constexpr Field kFields[] = {
    {.name = "share",
     .type = Field::Type::kNumber,
     .about = "share of the tokens of a row that are hidden in training, at least one and not all of them",
     .minimum = 0,
     .maximum = 1,
     .above = true,
     .below = true,
     .value = true,
     .example = "0.5"},
    {.name = "length",
     .type = Field::Type::kAxes,
     .about = "places of a token; for an image one number, or one for each axis; the last ones may have fewer",
     .fallback = "1",
     .minimum = 1,
     .maximum = 16777216,
     .example = "16"},
    {.name = "fill",
     .type = Field::Type::kWord,
     .about = "what stands in hidden places; zero: 0; learned: a trained value for each channel, which starts at 0",
     .fallback = "\"zero\"",
     .words = "zero learned"},
};

bool is_learned(const Settings& settings) { return settings.word("fill") == "learned"; }

size_t divided(size_t n, size_t by) noexcept { return (n + by - 1) / by; }

struct Tokens {
  size_t across = 1, wide = 1, tall = 1, width = 1;  // tokens in a line; places of a token and of a line
  size_t count = 1;
  size_t of(size_t place) const noexcept { return place / width / tall * across + place % width / wide; }
};

Tokens tokens_of(const Settings& settings, const Shape& input) {
  settings.require(input.dimensions > 1, "share",
                   "is for signals and images, but these rows are flat: give the data a shape, such as [1, " +
                       std::to_string(input.size()) + "], or put an unflatten before it");
  const std::vector<uint32_t> length = settings.axes("length", input.dimensions - 1);
  const bool image = input.dimensions == 3;
  Tokens t;
  t.width = input.sizes[image ? 2 : 1];
  t.wide = length.back();
  t.tall = image ? length.front() : 1;
  t.across = divided(t.width, t.wide);
  t.count = t.across * (image ? divided(input.sizes[1], t.tall) : 1);
  settings.require(t.count > 1, "length",
                   "makes a single token of a row of shape " + input.text() + ", so that none could be hidden alone");
  return t;
}

Shape output(const Settings& settings, const Shape& input) {
  tokens_of(settings, input);
  return input;
}

std::vector<TensorSpec> tensors(const Settings& settings, const Shape& input, const Shape&) {
  if (!is_learned(settings)) return {};
  return {{.name = "token", .sizes = {input.channels()}}};
}

size_t tasks_of(size_t rows) noexcept { return divided(rows, kRows); }

size_t workspace(const Settings& settings, const Shape& input, const Shape&, uint32_t rows, unsigned) {
  return rows * (tokens_of(settings, input).count * 2 * sizeof(uint64_t) + input.places()) +
         tasks_of(rows) * input.channels() * sizeof(double);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<MaskTokens>(context); }

}  // namespace

const LayerType mask_tokens_type = {.name = "mask_tokens",
                                    .about =
                                        "hides a share of each row's tokens in training: spans of places of a signal, "
                                        "or tiles of an image, with all their "
                                        "channels",
                                    .fields = kFields,
                                    .output = output,
                                    .tensors = tensors,
                                    .workspace = workspace,
                                    .make = make,
                                    .noise = true,
                                    .torch = "nn.Identity()",
                                    .onnx = "x"};

MaskTokens::MaskTokens(const LayerContext& context)
    : products_(context.products),
      channels_(context.input.channels()),
      places_(context.input.places()),
      seed_(context.seed),
      layer_(context.number),
      learned_(is_learned(context.settings)) {
  const Tokens tokens = tokens_of(context.settings, context.input);
  for (size_t place = 0; place < places_; ++place) token_of_.push_back(static_cast<uint32_t>(tokens.of(place)));
  tokens_ = tokens.count;
  set_amount(context.settings.number("share"));
  if (learned_) token_ = Parameter(tensors(context.settings, context.input, context.output).front());
}

void MaskTokens::set_amount(double amount) noexcept {
  const double wanted = std::round(amount * static_cast<double>(tokens_));
  count_ = std::clamp<size_t>(static_cast<size_t>(wanted), 1, tokens_ - 1);
}

std::vector<Parameter*> MaskTokens::parameters() {
  if (!learned_) return {};
  return {&token_};
}

void MaskTokens::reserve(uint32_t rows) {
  words_.reserve(2 * rows * tokens_);
  hidden_.reserve(rows * places_);
  if (learned_) partial_.reserve(tasks_of(rows) * channels_);
}

void MaskTokens::draw_row(const RowDraws& draws, uint64_t row_id, uint64_t* words, uint8_t* hidden) const noexcept {
  draws.for_words(row_id, tokens_, [&](size_t first, size_t count, const uint32_t* drawn) {
    for (size_t k = 0; k < count; ++k) words[first + k] = uint64_t{drawn[k]} << 32 | (first + k);
  });
  uint64_t* const ordered = words + tokens_;
  std::copy_n(words, tokens_, ordered);
  std::nth_element(ordered, ordered + count_, ordered + tokens_);
  for (size_t place = 0; place < places_; ++place) hidden[place] = words[token_of_[place]] < ordered[count_];
}

void MaskTokens::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t width = places_ * channels_, n = pass.rows * width;
  if (!pass.training) {
    std::copy_n(x, n, y);
    return;
  }
  const RowDraws draws(products_.kernels(), seed_, Purpose::kNoise, layer_, pass.step);
  for_blocks(products_.pool(), pass.rows, kRows, 8 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      uint8_t* const hidden = hidden_.data() + i * places_;
      draw_row(draws, pass.row_id[i], words_.data() + 2 * i * tokens_, hidden);
      for (size_t place = 0; place < places_; ++place) {
        const size_t at = i * width + place * channels_;
        if (hidden[place] == 0) {
          std::copy_n(x + at, channels_, y + at);
        } else if (learned_) {
          std::copy_n(token_.value.data(), channels_, y + at);
        } else {
          std::fill_n(y + at, channels_, 0.0f);
        }
      }
    }
  });
}

void MaskTokens::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  const size_t width = places_ * channels_;
  for_blocks(products_.pool(), pass.rows, kRows, 2 * pass.rows * width, [&](size_t first, size_t count) {
    double* const sums = learned_ ? partial_.data() + first / kRows * channels_ : nullptr;
    if (learned_) std::fill_n(sums, channels_, 0.0);
    for (size_t i = first; i < first + count; ++i) {
      for (size_t place = 0; place < places_; ++place) {
        const size_t at = i * width + place * channels_;
        const bool hidden = hidden_[i * places_ + place] != 0;
        for (size_t c = 0; hidden && learned_ && c < channels_; ++c) sums[c] += static_cast<double>(d_y[at + c]);
        for (size_t c = 0; d_x != nullptr && c < channels_; ++c) d_x[at + c] = hidden ? 0 : d_y[at + c];
      }
    }
  });
  for (size_t c = 0; learned_ && c < channels_; ++c) {
    double sum = 0;
    for (size_t task = 0; task < tasks_of(pass.rows); ++task) sum += partial_[task * channels_ + c];
    token_.gradient[c] += static_cast<float>(sum);
  }
}

}  // namespace nrw
