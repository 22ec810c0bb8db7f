#include "layers/sparse_code.h"

#include <cstring>

#include "base/status.h"

namespace nrw {

namespace {

constexpr size_t kRows = 8;     // a task
constexpr size_t kBlock = 128;  // units whose share of the gradient to c is one sum

constexpr Field kFields[] = {
    {.name = "size",
     .type = Field::Type::kCount,
     .about = "number of units, as a rule several times the number of values of a row",
     .minimum = 1,
     .maximum = 16777216,
     .value = true,
     .example = "16384"},
    {.name = "k",
     .type = Field::Type::kCount,
     .about = "number of units of a row that are kept, at most: the largest above 0",
     .minimum = 1,
     .maximum = 65536,
     .example = "32"},
    {.name = "aux_weight",
     .type = Field::Type::kNumber,
     .about = "with a dictionary behind it: what the squared error is multiplied by that dead units leave of the "
              "reconstruction's error, in the loss of training; 0: no such term",
     .fallback = "0.03125",
     .minimum = 0},
    {.name = "aux_k",
     .type = Field::Type::kCount,
     .about = "number of dead units of a row that this term lets make up for the error, at most",
     .fallback = "256",
     .minimum = 1,
     .maximum = 65536},
    {.name = "dead_after",
     .type = Field::Type::kCount,
     .about = "number of training rows after which a unit that was 0 for all of them is dead",
     .fallback = "1000000",
     .minimum = 1,
     .maximum = 16777216,
     .example = "1000000"}};

Shape output(const Settings& settings, const Shape& input) {
  settings.require(input.one_order(), "size", "needs flat rows, got " + input.text() + ": put a flatten before it");
  const uint32_t size = settings.count("size");
  settings.require(settings.count("k") <= size, "k",
                   format("must be at most the number of units, %u, got %u", size, settings.count("k")));
  return Shape::flat(size);
}

std::vector<TensorSpec> tensors(const Settings&, const Shape& input, const Shape& output) {
  const auto in = static_cast<uint32_t>(input.size()), units = static_cast<uint32_t>(output.size());
  return {{.name = "weight",
           .sizes = {units, in},
           .start = TensorSpec::Start::kWeight,
           .fan_in = static_cast<double>(in),
           .fan_out = static_cast<double>(units)},
          {.name = "bias", .sizes = {units}}};
}

size_t aux_k_of(const Settings& settings) { return std::min<size_t>(settings.count("aux_k"), settings.count("size")); }

size_t workspace(const Settings& settings, const Shape& input, const Shape& output, uint32_t rows, unsigned threads) {
  const size_t in = input.size(), units = output.size(), k = settings.count("k"), aux_k = aux_k_of(settings);
  const bool aux = settings.number("aux_weight") > 0;
  const auto of = [&](size_t kept) {
    return CodeSelection::bytes(units, in, kept, rows, threads) + RowCode::bytes(rows, kept);
  };
  return of(k) + (aux ? of(aux_k) : 0) + UnitCode::bytes(units, rows, k) +
         (aux ? UnitCode::bytes(units, rows, aux_k) : 0) +
         (rows * in + 2 * units + threads * in + (units + kBlock - 1) / kBlock * in) * sizeof(float);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<SparseCode>(context); }

}  // namespace

const LayerType sparse_code_type = {
    .name = "sparse_code",
    .about =
        "a code for a dictionary behind it: a weighted sum of all inputs plus a bias for each unit, of which the k "
        "largest above 0 are kept and the others are 0",
    .fields = kFields,
    .output = output,
    .tensors = tensors,
    .workspace = workspace,
    .make = make,
    .few_values = true};

SparseCode::SparseCode(const LayerContext& context)
    : products_(context.products),
      sparse_(sparse_kernels(context.products.kernels())),
      in_(context.input.size()),
      units_(context.output.size()),
      k_(context.settings.count("k")),
      aux_k_(aux_k_of(context.settings)),
      aux_weight_(context.settings.number("aux_weight")),
      dead_after_(context.settings.number("dead_after")),
      selection_(context.products, units_, in_, k_),
      aux_selection_(context.products, units_, in_, aux_k_) {
  const auto specs = tensors(context.settings, context.input, context.output);
  weight_ = Parameter(specs[0]);
  bias_ = Parameter(specs[1]);
  rows_since_active_.name = "rows_since_active";
  rows_since_active_.value = AlignedBuffer<float>(units_);
}

void SparseCode::reserve(uint32_t rows) {
  const unsigned threads = products_.pool().size();
  const bool aux = aux_capacity() > 0;
  selection_.reserve(rows, threads);
  code_.reserve(rows, k_);
  if (aux) {
    aux_selection_.reserve(rows, threads);
    aux_code_.reserve(rows, aux_k_);
    aux_by_unit_.reserve(units_, rows, aux_k_);
    dead_.reserve(units_);
  }
  by_unit_.reserve(units_, rows, k_);
  if (centre_ != nullptr) centred_rows_.reserve(size_t{rows} * in_);
  space_.reserve(threads * in_);
  sums_.reserve((units_ + kBlock - 1) / kBlock * in_);
  partial_.reserve((units_ + kBlock - 1) / kBlock);
}

void SparseCode::make_code(const Pass& pass, const float* x) noexcept {
  x_ = centred_ = x;
  has_aux_ = false;
  if (centre_ != nullptr) {
    const float* const c = centre_->value.data();
    for_blocks(products_.pool(), pass.rows, kRows, pass.rows * in_, [&](size_t first, size_t count) {
      for (size_t i = first; i < first + count; ++i) {
        for (size_t p = 0; p < in_; ++p) centred_rows_[i * in_ + p] = x[i * in_ + p] - c[p];
      }
    });
    centred_ = centred_rows_.data();
  }
  selection_.select(pass.rows, centred_, weight_.value.data(), bias_.value.data(), nullptr, units_, code_);
  if (pass.training) pass_rows_ = pass.rows;
}

bool SparseCode::make_aux_code(const Pass& pass) noexcept {
  size_t dead = 0;
  for (size_t u = 0; u < units_; ++u) {
    if (static_cast<double>(rows_since_active_.value[u]) >= dead_after_) dead_[dead++] = static_cast<uint32_t>(u);
  }
  has_aux_ = dead > 0;
  if (!has_aux_) return false;
  aux_selection_.select(pass.rows, centred_, weight_.value.data(), bias_.value.data(), dead_.data(), dead, aux_code_);
  return true;
}

void SparseCode::forward(const Pass& pass, const float* x, float* y) noexcept {
  make_code(pass, x);
  for_blocks(products_.pool(), pass.rows, kRows, pass.rows * units_, [&](size_t first, size_t count) {
    std::memset(y + first * units_, 0, count * units_ * sizeof(float));
    for (size_t i = first; i < first + count; ++i) {
      const size_t at = i * code_.capacity;
      for (size_t e = at; e < at + code_.count[i]; ++e) y[i * units_ + code_.unit[e]] = code_.value[e];
    }
  });
}

void SparseCode::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  for (size_t i = 0; i < pass.rows; ++i) {
    const size_t at = i * code_.capacity;
    for (size_t e = at; e < at + code_.count[i]; ++e) code_.d_value[e] = d_y[i * units_ + code_.unit[e]];
  }
  backward_of_code(pass, x, d_x);
}

void SparseCode::update_within(const OptimizerStep* step) noexcept {
  weight_.updated_within = step != nullptr;
  squares_ = 0;
  if (step == nullptr) return;
  step_ = *step;
  step_.learning_rate = static_cast<float>(static_cast<double>(step->learning_rate) * weight_.rate);
}

// d_W[u] = sum over rows of d_z[u] (x - c), d_b[u] = sum of d_z[u], d_c = -W^T of those sums.
void SparseCode::backward_of_code(const Pass& pass, const float*, float* d_x) noexcept {
  const Kernels& kernels = products_.kernels();
  if (d_x != nullptr) gradient_to_inputs(pass.rows, d_x);
  by_unit_.make(code_, units_);
  if (has_aux_) aux_by_unit_.make(aux_code_, units_);
  const size_t blocks = (units_ + kBlock - 1) / kBlock;
  const bool within = weight_.updated_within;
  const size_t work = within ? units_ * in_ : 4 * by_unit_.begin[units_] * in_;
  run_tasks(products_.pool(), blocks, work, [&](size_t block, unsigned worker) {
    float* const space = space_.data() + worker * in_;
    float* const share = sums_.data() + block * in_;
    double squares = 0;
    std::memset(share, 0, in_ * sizeof(float));
    for (size_t u = block * kBlock; u < std::min(units_, (block + 1) * kBlock); ++u) {
      bool any = false;
      float sum = 0;
      const auto add = [&](const UnitCode& code) {
        const size_t begin = code.begin[u], count = code.entries(u);
        if (count == 0) return;
        const float* const d = code.d_value.data() + begin;
        sparse_.gather(in_, count, code.row.data() + begin, d, centred_, in_, any, space);
        for (size_t e = 0; e < count; ++e) sum += d[e];
        any = true;
      };
      add(by_unit_);
      if (has_aux_) add(aux_by_unit_);
      float* const w = weight_.value.data() + u * in_;
      if (any) {
        bias_.gradient[u] += sum;
        if (centre_ != nullptr) kernels.axpy(in_, -sum, w, share);
      }
      if (within) {
        const auto moment = [&](AlignedBuffer<float>& all) { return all.size() == 0 ? nullptr : &all[u * in_]; };
        if (any) squares += kernels.sum_squares(in_, space);
        kernels.update(in_, step_, any ? space : nullptr, w, moment(weight_.moment1), moment(weight_.moment2));
      } else if (any) {
        kernels.add(in_, space, weight_.gradient.data() + u * in_);
      }
    }
    partial_[block] = squares;
  });
  squares_ = 0;
  for (size_t block = 0; block < blocks; ++block) {
    squares_ += partial_[block];
    if (centre_ != nullptr) kernels.add(in_, sums_.data() + block * in_, centre_->gradient.data());
  }
}

void SparseCode::gradient_to_inputs(size_t rows, float* d_x) noexcept {
  for_blocks(products_.pool(), rows, kRows, 2 * code_.entries() * in_, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const auto add = [&](const RowCode& code, bool more) {
        const size_t at = i * code.capacity;
        sparse_.gather(in_, code.count[i], code.unit.data() + at, code.d_value.data() + at, weight_.value.data(), in_,
                       more, d_x + i * in_);
      };
      add(code_, false);
      if (has_aux_) add(aux_code_, true);
    }
  });
}

void SparseCode::commit() noexcept {
  if (pass_rows_ == 0) return;
  const auto most = static_cast<float>(dead_after_);
  for (float& rows : rows_since_active_.value) rows = std::min(rows + static_cast<float>(pass_rows_), most);
  for (size_t i = 0; i < pass_rows_; ++i) {
    const size_t at = i * code_.capacity;
    for (size_t e = at; e < at + code_.count[i]; ++e) rows_since_active_.value[code_.unit[e]] = 0;
  }
  pass_rows_ = 0;
}

}  // namespace nrw
