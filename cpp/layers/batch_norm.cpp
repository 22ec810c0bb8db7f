#include "layers/batch_norm.h"

#include <algorithm>

namespace nrw {

namespace {

constexpr Field kFields[] = {{.name = "eps",
                              .type = Field::Type::kNumber,
                              .about = "small number added to the variance",
                              .fallback = "1e-05",
                              .minimum = 0,
                              .maximum = 1,
                              .above = true,
                              .value = true,
                              .example = "1e-05"},
                             {.name = "momentum",
                              .type = Field::Type::kNumber,
                              .about = "weight of a batch in the running statistics",
                              .fallback = "0.1",
                              .minimum = 0,
                              .maximum = 1,
                              .above = true,
                              .example = "0.1"}};

std::vector<TensorSpec> tensors(const Settings&, const Shape&, const Shape& output) {
  return {{.name = "weight", .sizes = {output.channels()}, .constant = 1},
          {.name = "bias", .sizes = {output.channels()}}};
}

size_t workspace(const Settings&, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return BatchNorm::workspace(output, rows);
}

constexpr size_t kLine = 64;      // narrower rows are taken together
constexpr size_t kPart = 8192;    // values that stay in the first-level cache
constexpr size_t kColumns = 256;  // of a task that adds up
constexpr size_t kFewest = 64;    // lines of a chunk whose sums a task makes
constexpr size_t kMostChunks = 32;
constexpr size_t kLines = 5;  // kept at once: mean, scale, shift, and two factors of the backward pass

size_t line_of(size_t width) noexcept { return std::max<size_t>(1, kLine / width) * width; }

// Of the lines of a batch: a function of sizes alone.
size_t chunks_of(size_t lines) noexcept { return std::clamp<size_t>(lines / kFewest, 1, kMostChunks); }

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<BatchNorm>(context); }

}  // namespace

const LayerType batch_norm_type = {
    .name = "batch_norm",
    .about =
        "normalises each column over the rows of a batch, then scales and shifts it; of signals and images each "
        "channel",
    .fields = kFields,
    .output = same_shape,
    .tensors = tensors,
    .workspace = workspace,
    .make = make,
    .torch = "nn.BatchNorm{axes}d({channels}, {eps}, {momentum})",
    .onnx = "BatchNormalization(x, weight, bias, running_mean, running_var; epsilon={eps})"};

BatchNorm::BatchNorm(const LayerContext& context)
    : products_(context.products),
      width_(context.output.channels()),
      places_(context.output.places()),
      line_(line_of(width_)),
      eps_(context.settings.number("eps")),
      momentum_(context.settings.number("momentum")),
      mean_(width_),
      var_(width_),
      lines_(kLines * line_) {
  const auto specs = tensors(context.settings, context.input, context.output);
  gamma_ = Parameter(specs[0]);
  beta_ = Parameter(specs[1]);
  running_mean_.name = "running_mean";
  running_mean_.value = AlignedBuffer<float>(width_);
  running_var_.name = "running_var";
  running_var_.value = AlignedBuffer<float>(width_);
  std::fill(running_var_.value.begin(), running_var_.value.end(), 1.0f);
  num_batches_tracked_.name = "num_batches_tracked";
  num_batches_tracked_.is_count = true;
}

size_t BatchNorm::workspace(const Shape& shape, uint32_t rows) noexcept {
  const size_t line = line_of(shape.channels()), lines = rows * shape.places() * shape.channels() / line;
  return (4 * size_t{shape.channels()} + kLines * line) * sizeof(float) +
         2 * (chunks_of(lines) + 1) * line * sizeof(double);
}

float BatchNorm::rstd(float var) const noexcept {
  return static_cast<float>(1 / std::sqrt(static_cast<double>(var) + eps_));
}

void BatchNorm::reserve(uint32_t rows) { sums_.reserve(2 * (chunks_of(rows * places_ * width_ / line_) + 1) * line_); }

void BatchNorm::repeat(const float* values, float* line) const noexcept {
  for (size_t j = 0; j < line_; j += width_) std::copy_n(values, width_, line + j);
}

template <class Block>
void BatchNorm::sum(size_t rows, Block&& block) noexcept {
  const size_t together = line_ / width_, lines = rows / together, rest = rows % together * width_;
  const size_t chunks = chunks_of(lines), blocks = (line_ + kColumns - 1) / kColumns;
  const auto of_chunk = [&](size_t chunk) { return sums_.data() + 2 * chunk * line_; };
  run_tasks(products_.pool(), chunks * blocks, 8 * rows * width_, [&](size_t task, unsigned) {
    const size_t chunk = task / blocks, first = task % blocks * kColumns, count = std::min(kColumns, line_ - first);
    const size_t begin = lines * chunk / chunks, end = lines * (chunk + 1) / chunks;
    double* const to = of_chunk(chunk) + first;
    std::fill_n(to, count, 0.0);
    std::fill_n(to + line_, count, 0.0);
    block(end - begin, count, first, begin * line_ + first, to, to + line_);
  });
  double* const all = of_chunk(0);
  for (size_t chunk = 1; chunk < chunks; ++chunk) {
    for (size_t j = 0; j < 2 * line_; ++j) all[j] += of_chunk(chunk)[j];
  }
  if (rest > 0) block(1, rest, 0, lines * line_, all, all + line_);
  for (size_t j = width_; j < line_; ++j) {
    all[j % width_] += all[j];
    all[line_ + j % width_] += all[line_ + j];
  }
}

template <class Body>
void BatchNorm::each_part(size_t rows, Body&& body) noexcept {
  const size_t values = rows * width_, some = std::max<size_t>(1, kPart / line_) * line_;
  for_blocks(products_.pool(), values, some, 8 * values, [&](size_t first, size_t count) {
    const size_t whole = count / line_ * line_;
    if (whole > 0) body(whole / line_, line_, first);
    if (count > whole) body(1, count - whole, first + whole);
  });
}

void BatchNorm::forward_with(const Pass& pass, const float* x, float* y, const After& after) noexcept {
  const Kernels& kernels = products_.kernels();
  const size_t rows = pass.rows * places_;
  float *const mean = line(0), *const scale = line(1), *const beta = line(2);
  if (pass.training) {
    batch_rows_ = rows;
    repeat(x, mean);
    sum(rows, [&](size_t lines, size_t count, size_t column, size_t first, double* sums, double* squares) {
      kernels.column_moments(lines, count, line_, x + first, mean + column, sums, squares);
    });
    const double n = static_cast<double>(rows);
    for (size_t j = 0; j < width_; ++j) {
      const double moved = sums_[j] / n, squares = sums_[line_ + j] / n;
      mean_[j] = static_cast<float>(static_cast<double>(x[j]) + moved);
      var_[j] = static_cast<float>(std::max(0.0, squares - moved * moved));
    }
  }
  const float* const var = pass.training ? var_.data() : running_var_.value.data();
  repeat(pass.training ? mean_.data() : running_mean_.value.data(), mean);
  for (size_t j = 0; j < width_; ++j) scale[j] = rstd(var[j]) * gamma_.value[j];
  for (size_t j = width_; j < line_; ++j) scale[j] = scale[j - width_];
  repeat(beta_.value.data(), beta);
  each_part(rows, [&](size_t lines, size_t count, size_t first) {
    kernels.normalise(lines, count, x + first, mean, scale, beta, y + first);
    after(first, lines * count, y);
  });
}

// d_beta += sum d_y, d_gamma += sum d_y xhat, d_x = gamma rstd (d_y - mean(d_y) - (x - mean) rstd mean(d_y xhat)).
void BatchNorm::backward_with(const Pass& pass, const float* x, const float* d_y, float* d_x,
                              const Before& before) noexcept {
  const Kernels& kernels = products_.kernels();
  const size_t rows = pass.rows * places_;
  float *const mean = line(0), *const scale = line(1), *const a = line(3), *const b = line(4);
  repeat(mean_.data(), mean);
  sum(rows, [&](size_t lines, size_t count, size_t column, size_t first, double* sums, double* sums_xhat) {
    kernels.column_products(lines, count, line_, d_y + first, x + first, mean + column, sums, sums_xhat);
  });
  const double n = static_cast<double>(rows);
  for (size_t j = 0; j < width_; ++j) {
    const float each = rstd(var_[j]);
    const double sum_xhat = sums_[line_ + j] * static_cast<double>(each);
    beta_.gradient[j] += static_cast<float>(sums_[j]);
    gamma_.gradient[j] += static_cast<float>(sum_xhat);
    scale[j] = each * gamma_.value[j];
    a[j] = static_cast<float>(sums_[j] / n);
    b[j] = static_cast<float>(sum_xhat * static_cast<double>(each) / n);
  }
  if (d_x == nullptr) return;
  for (float* const values : {scale, a, b}) {
    for (size_t j = width_; j < line_; ++j) values[j] = values[j - width_];
  }
  each_part(rows, [&](size_t lines, size_t count, size_t first) {
    kernels.normalise_backward(lines, count, x + first, d_y + first, mean, scale, a, b, d_x + first);
    before(first, lines * count, d_x);
  });
}

void BatchNorm::commit() noexcept {
  const double n = static_cast<double>(batch_rows_);
  const auto move = [&](float& running, double batch) {
    running = static_cast<float>((1 - momentum_) * running + momentum_ * batch);
  };
  for (uint32_t j = 0; j < width_; ++j) {
    move(running_mean_.value[j], mean_[j]);
    if (batch_rows_ > 1) move(running_var_.value[j], var_[j] * n / (n - 1));
  }
  num_batches_tracked_.count += 1;
}

}  // namespace nrw
