#include "model/initialise.h"

#include <algorithm>
#include <cmath>

#include "base/philox.h"
#include "layers/layer_type.h"

namespace nrw {

Distribution distribution_of(const TensorSpec& tensor, const Settings& settings) {
  if (settings.has("layers")) {  // of a layer within it, layers.N.NAME
    const size_t index = tensor.name.find('.') + 1, name = tensor.name.find('.', index) + 1;
    TensorSpec inner = tensor;
    inner.name = tensor.name.substr(name);
    const auto layers = layer_specs(settings.value("layers"), settings.path());
    return distribution_of(inner, layers.at(std::stoul(tensor.name.substr(index))).settings);
  }
  const double in = tensor.fan_in, both = tensor.fan_in + tensor.fan_out;
  const Distribution torch{Distribution::kUniform, 1 / std::sqrt(in)};
  if (tensor.start == TensorSpec::Start::kConstant) return {Distribution::kConstant, tensor.constant};
  const std::string init = settings.has("init") ? settings.word("init") : "default";
  if (init == "default") return torch;
  if (tensor.start == TensorSpec::Start::kBias) return {Distribution::kConstant, 0};
  if (init == "kaiming_uniform") return {Distribution::kUniform, std::sqrt(6 / in)};
  if (init == "kaiming_normal") return {Distribution::kNormal, std::sqrt(2 / in)};
  if (init == "xavier_uniform") return {Distribution::kUniform, std::sqrt(6 / both)};
  if (init == "xavier_normal") return {Distribution::kNormal, std::sqrt(2 / both)};
  if (init == "zeros") return {Distribution::kConstant, 0};
  return {Distribution::kNormal, settings.value("init").members.at(0).second.number};  // {normal: ...}
}

void fill(ThreadPool& pool, const FloatView& view, Distribution distribution, uint64_t seed, uint64_t tensor) {
  constexpr size_t kColumns = 64;
  const bool normally = distribution.kind == Distribution::kNormal;
  const size_t per_draw = normally ? 2 : 4;  // elements of one draw of four words
  // Tasks are blocks of columns, or of rows where there is one column: enough of them either way.
  const bool by_rows = view.columns < kColumns;
  const size_t extent = by_rows ? view.rows : view.columns;
  pool.run((extent + kColumns - 1) / kColumns, [&](size_t task, unsigned) {
    const size_t begin = task * kColumns, end = std::min(begin + kColumns, extent);
    const size_t r0 = by_rows ? begin : 0, r1 = by_rows ? end : view.rows;
    const size_t c0 = by_rows ? 0 : begin, c1 = by_rows ? view.columns : end;
    for (size_t r = r0; r < r1; ++r) {
      uint64_t drawn = ~uint64_t{0};
      std::array<uint32_t, 4> words{};
      for (size_t c = c0; c < c1; ++c) {
        float& element = view.data[view.row_at(r) + c * view.column_stride];
        if (distribution.kind == Distribution::kConstant) {
          element = static_cast<float>(distribution.scale);
          continue;
        }
        const uint64_t number = uint64_t{r} * view.columns + c;
        if (number / per_draw != drawn) {
          drawn = number / per_draw;
          words = draw(seed, Purpose::kInit, tensor, drawn);
        }
        const size_t at = number % per_draw;
        element = normally ? static_cast<float>(distribution.scale * normal(words[2 * at], words[2 * at + 1]))
                           : static_cast<float>(distribution.scale * (2.0 * uniform(words[at]) - 1.0));
      }
    }
  });
}

}  // namespace nrw
