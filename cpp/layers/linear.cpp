#include "layers/linear.h"

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

}  // namespace

Linear::Linear(Products& products, uint32_t in, uint32_t out, bool bias, Linear* mirrored)
    : products_(products), in_(in), out_(out), mirrored_(mirrored), has_bias_(bias) {
  weight_.name = "weight";
  weight_.rows = out;
  weight_.columns = in;
  bias_.name = "bias";
  bias_.rows = out;
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
void Linear::forward(const Pass& pass, const float* x, float* y, const After& after) noexcept {
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
void Linear::backward(const Pass& pass, const float* x, const float* d_y, float* d_x, const Before& before) noexcept {
  const Kernels& kernels = products_.kernels();
  const size_t rows = pass.rows;
  const MatrixView input{x, in_, 1}, d_output{d_y, out_, 1};
  const bool own = mirrored_ == nullptr;
  if (!own) products_.multiply(in_, out_, rows, input.transposed(), d_output, mirrored_->weight_.gradient.data(), true);
  const unsigned threads = products_.pool().size();
  const Blocks d_x_blocks(rows, in_, threads), d_w_blocks(out_, in_, threads);
  const size_t d_w_tasks = own ? d_w_blocks.count() : d_w_blocks.row_blocks;  // of a tied layer the bias alone
  run_tasks(products_.pool(), d_w_tasks + d_x_blocks.count(), 2 * rows * in_ * out_, [&](size_t task, unsigned) {
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

void Linear::forward(const Pass& pass, const float* x, float* y) noexcept {
  for (size_t task = 0; task < pack_tasks(pass.training); ++task) pack(task);
  forward(pass, x, y, After{});
}

void Linear::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  for (size_t task = 0; task < pack_tasks(true); ++task) pack(task);
  for (size_t panel = 0; mirrored_ == nullptr && panel < panels(in_); ++panel) {
    pack_panel(products_.kernels(), pass.rows, in_, {x, in_, 1}, panel, packed_x_.data());
  }
  backward(pass, x, d_y, d_x, Before{});
}

}  // namespace nrw
