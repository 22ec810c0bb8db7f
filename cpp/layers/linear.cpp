#include "layers/linear.h"

#include "layers/reordered.h"

namespace nrw {

namespace {

size_t panels(size_t n) noexcept { return (n + kPanel - 1) / kPanel; }

// One panel of a packed B (k x n).
void pack_panel(const Kernels& kernels, size_t k, size_t n, MatrixView b, size_t panel, float* packed) noexcept {
  const size_t first = panel * kPanel;
  kernels.pack_b(k, std::min(kPanel, n - first), b.data + first * b.column_stride, b.row_stride, b.column_stride,
                 packed + first * k);
}

// C's block = A B, or += with accumulate: of B packed, or of a small one as it is.
void multiply_block(const Kernels& kernels, const Blocks& blocks, size_t task, size_t k, MatrixView a, bool small,
                    MatrixView b, const float* packed, float* c, bool accumulate) noexcept {
  const size_t row = blocks.row(task), column = blocks.column(task);
  const float* const a_rows = a.data + row * a.row_stride;
  float* const c_block = c + row * blocks.n + column;
  if (small) {
    kernels.small_gemm(blocks.rows(task), blocks.n, k, a_rows, a.row_stride, a.column_stride, b.data, b.row_stride,
                       b.column_stride, c_block, blocks.n, accumulate);
  } else {
    kernels.gemm(blocks.rows(task), blocks.columns(task), k, a_rows, a.row_stride, a.column_stride, packed + column * k,
                 c_block, blocks.n, accumulate);
  }
}

constexpr Field kFields[] = {
    {.name = "size",
     .type = Field::Type::kSize,
     .about = "number of outputs, or their shape; `output` is the width of the data",
     .minimum = 1,
     .maximum = 16777216,
     .words = "output",
     .value = true,
     .example = "64"},
    {.name = "bias",
     .type = Field::Type::kFlag,
     .about = "whether a bias is added; output layer: column_means adds a bias that starts at the column means of the "
              "training rows",
     .fallback = "true",
     .words = "column_means"},
    {.name = "init",
     .type = Field::Type::kWord,
     .about = "how the weight is initialised; default: as in PyTorch",
     .fallback = "\"default\"",
     .words = "default kaiming_uniform kaiming_normal xavier_uniform xavier_normal zeros",
     .tag = {.name = "normal", .about = "standard deviation; the mean is 0", .minimum = 0, .above = true},
     .example = "{\"normal\": 0.02}"},
    {.name = "tied",
     .type = Field::Type::kFlag,
     .about = "whether the weight is the transpose of the weight of the mirrored encoder layer",
     .fallback = "false",
     .only = "decoder"},
    {.name = "solver",
     .type = Field::Type::kWord,
     .about = "dense: the optimizer trains its weights; factored: the weights are solved for, at a cost that does not "
              "grow with the columns; auto: factored for wide sparse data",
     .fallback = "\"auto\"",
     .words = "auto dense factored",
     .only = "output layer"},
    {.name = "update",
     .type = Field::Type::kWord,
     .about = "least_squares: the ridge solution over past batches; sgd: the exact stochastic gradient step with "
              "optimizer.learning_rate and optimizer.weight_decay",
     .fallback = "\"least_squares\"",
     .words = "least_squares sgd",
     .only = "factored",
     .refusal =
         "Adam, RMSprop and momentum cannot be exact in the factored form; set solver: dense to train with them"},
    {.name = "forgetting",
     .type = Field::Type::kNumber,
     .about = "factor by which the weight of past batches is multiplied at each step; auto: so that about two epochs "
              "are remembered, but from 50 to 500 steps",
     .fallback = "\"auto\"",
     .minimum = 0,
     .maximum = 1,
     .above = true,
     .below = true,
     .words = "auto",
     .only = "least_squares"},
    {.name = "ridge",
     .type = Field::Type::kNumber,
     .about = "the ridge as a share of the mean second moment; auto: computed from the numbers of training rows and "
              "hidden units, and chosen by the error of validation rows where all training rows are fitted",
     .fallback = "\"auto\"",
     .minimum = 0,
     .maximum = 1000000,
     .words = "auto",
     .only = "least_squares"},
    {.name = "free",
     .type = Field::Type::kCount,
     .about = "number of inputs, the first ones, whose weights the ridge leaves alone",
     .fallback = "0",
     .minimum = 0,
     .maximum = 16777216,
     .only = "least_squares"},
};

bool has_bias(const Settings& settings) { return settings.is_word("bias") || settings.flag("bias"); }

Shape output(const Settings& settings, const Shape& input) {
  settings.require(input.size() <= 0xFFFFFFFFu, "size", "cannot follow a shape as large as " + input.text());
  return settings.shape("size");
}

std::vector<TensorSpec> tensors(const Settings& settings, const Shape& input, const Shape& output) {
  const auto in = static_cast<uint32_t>(input.size()), out = static_cast<uint32_t>(output.size());
  std::vector<TensorSpec> all;
  if (!is_tied(settings)) all.push_back(Linear::weight_spec(in, out));
  if (has_bias(settings)) all.push_back(Linear::bias_spec(in, out));
  return all;
}

size_t workspace(const Settings&, const Shape& input, const Shape& output, uint32_t rows, unsigned) {
  const auto in = static_cast<uint32_t>(input.size()), out = static_cast<uint32_t>(output.size());
  return Linear::workspace(rows, in, out) * sizeof(float) + Reordered::workspace(input, output, rows);
}

std::unique_ptr<Layer> make(const LayerContext& context) {
  auto layer = std::make_unique<Linear>(context.products, static_cast<uint32_t>(context.input.size()),
                                        static_cast<uint32_t>(context.output.size()), has_bias(context.settings),
                                        dynamic_cast<Linear*>(context.mirrored));
  return Reordered::where_needed(std::move(layer), context.products, context.input, context.output);
}

}  // namespace

const LayerType linear_type = {
    "linear", "each output is a weighted sum of all inputs, plus a bias", kFields, output, tensors, workspace, make};

bool is_tied(const Settings& linear) { return linear.flag("tied"); }
bool is_factored(const Settings& linear) { return linear.word("solver") == "factored"; }

TensorSpec Linear::weight_spec(uint32_t in, uint32_t out) {
  return {.name = "weight",
          .sizes = {out, in},
          .start = TensorSpec::Start::kWeight,
          .fan_in = static_cast<double>(in),
          .fan_out = static_cast<double>(out)};
}

TensorSpec Linear::bias_spec(uint32_t in, uint32_t out) {
  return {.name = "bias",
          .sizes = {out},
          .start = TensorSpec::Start::kBias,
          .fan_in = static_cast<double>(in),
          .fan_out = static_cast<double>(out)};
}

Linear::Linear(Products& products, uint32_t in, uint32_t out, bool bias, Linear* mirrored)
    : products_(products), in_(in), out_(out), mirrored_(mirrored), has_bias_(bias) {
  weight_ = Parameter(weight_spec(in, out));
  bias_ = Parameter(bias_spec(in, out));
}

std::vector<Parameter*> Linear::parameters() {
  std::vector<Parameter*> all;
  if (mirrored_ == nullptr) all.push_back(&weight_);
  if (has_bias_) all.push_back(&bias_);
  return all;
}

size_t Linear::workspace(uint32_t rows, uint32_t in, uint32_t out) noexcept {
  return Products::packed_size(in, out) + Products::packed_size(out, in) +
         Products::packed_size(rows, std::max(in, out));
}

void Linear::reserve(uint32_t rows) {
  small_ = products_.small(rows, out_, in_) && products_.small(rows, in_, out_) && products_.small(out_, in_, rows);
  packed_wt_.reserve(Products::packed_size(in_, out_));
  packed_w_.reserve(Products::packed_size(out_, in_));
  if (mirrored_ == nullptr) {
    packed_x_.reserve(Products::packed_size(rows, in_));
  } else {
    products_.reserve(rows, out_);
  }
}

MatrixView Linear::weight() const noexcept {
  if (mirrored_ != nullptr) return MatrixView{mirrored_->weight_.value.data(), out_, 1}.transposed();
  return {weight_.value.data(), in_, 1};
}

size_t Linear::pack_tasks(bool training) const noexcept { return panels(out_) + (training ? panels(in_) : 0); }

void Linear::pack(size_t task) noexcept {
  if (small_) return;
  if (task < panels(out_)) {
    pack_panel(products_.kernels(), in_, out_, weight().transposed(), task, packed_wt_.data());
  } else {
    pack_panel(products_.kernels(), out_, in_, weight(), task - panels(out_), packed_w_.data());
  }
}

// In training x is packed on the way, for the backward pass.
void Linear::forward_with(const Pass& pass, const float* x, float* y, const After& after) noexcept {
  const Kernels& kernels = products_.kernels();
  const Blocks blocks(pass.rows, out_, products_.pool().size());
  const size_t packs = pass.training && mirrored_ == nullptr && !small_ ? panels(in_) : 0;
  run_tasks(products_.pool(), blocks.count() + packs, size_t{pass.rows} * in_ * out_, [&](size_t task, unsigned) {
    if (task >= blocks.count()) {
      return pack_panel(kernels, pass.rows, in_, {x, in_, 1}, task - blocks.count(), packed_x_.data());
    }
    multiply_block(kernels, blocks, task, in_, {x, in_, 1}, small_, weight().transposed(), packed_wt_.data(), y, false);
    const size_t column = blocks.column(task), columns = blocks.columns(task);
    for (size_t i = blocks.row(task); i < blocks.row(task) + blocks.rows(task); ++i) {
      if (has_bias_) kernels.add(columns, bias_.value.data() + column, y + i * out_ + column);
      after(i * out_ + column, columns, y);
    }
  });
}

// d_b of some units: the sums of their columns of d_y, by rising row.
void Linear::bias_gradient(const float* d_y, size_t rows, size_t first, size_t count) noexcept {
  for (size_t end = first + count; first < end; first += kPanel) {
    const size_t some = std::min(kPanel, end - first);
    float sum[kPanel] = {};
    for (size_t i = 0; i < rows; ++i) products_.kernels().add(some, d_y + i * out_ + first, sum);
    products_.kernels().add(some, sum, bias_.gradient.data() + first);
  }
}

// d_x = d_y W; d_W += d_y^T x; d_b += column sums of d_y. A tied layer's share of the encoder's gradient is x^T d_y.
void Linear::backward_with(const Pass& pass, const float* x, const float* d_y, float* d_x,
                           const Before& before) noexcept {
  const Kernels& kernels = products_.kernels();
  const size_t rows = pass.rows;
  const MatrixView input{x, in_, 1}, d_output{d_y, out_, 1};
  const bool own = mirrored_ == nullptr;
  if (!own) products_.multiply(in_, out_, rows, input.transposed(), d_output, mirrored_->weight_.gradient.data(), true);
  const unsigned threads = products_.pool().size();
  const Blocks d_x_blocks(rows, in_, threads), d_w_blocks(out_, in_, threads);
  const size_t d_w_tasks = own ? d_w_blocks.count() : d_w_blocks.row_blocks;  // of a tied layer the bias alone
  const size_t d_x_tasks = d_x == nullptr ? 0 : d_x_blocks.count();
  run_tasks(products_.pool(), d_w_tasks + d_x_tasks, 2 * rows * in_ * out_, [&](size_t task, unsigned) {
    if (task < d_w_tasks) {
      if (own) {
        multiply_block(kernels, d_w_blocks, task, rows, d_output.transposed(), small_, input, packed_x_.data(),
                       weight_.gradient.data(), true);
      }
      if (has_bias_ && d_w_blocks.column(task) == 0) {
        bias_gradient(d_y, rows, d_w_blocks.row(task), d_w_blocks.rows(task));
      }
      return;
    }
    task -= d_w_tasks;
    multiply_block(kernels, d_x_blocks, task, out_, d_output, small_, weight(), packed_w_.data(), d_x, false);
    const size_t column = d_x_blocks.column(task), columns = d_x_blocks.columns(task);
    for (size_t i = d_x_blocks.row(task); i < d_x_blocks.row(task) + d_x_blocks.rows(task); ++i) {
      before(i * in_ + column, columns, d_x);
    }
  });
}

}  // namespace nrw
