// The output layer whose cost does not grow with the columns, by either rule (layers/factored_rule.h). Its plain
// weights are computed only when they are needed: for a file, a reconstruction or the error by column.
#pragma once

#include <memory>

#include "layers/factored_rule.h"
#include "layers/tile_output.h"
#include "model/output_layer.h"
#include "model/plan.h"

namespace nrw {

class FactoredOutputLayer final : public OutputLayer {
 public:
  // loss: squared error.
  FactoredOutputLayer(const Kernels& kernels, ThreadPool& pool, Loss& loss, uint32_t columns, uint32_t width,
                      const FactoredSettings& settings);

  Result train(const Batch& batch, const float* h, double a, float* d_h, const OptimizerStep& step) override;
  Evaluation evaluate(const Batch& batch, const float* h, double* column_sse) override;
  FactoredRule* refitted() override;
  PlainWeights plain_weights(bool make) override;
  void reconstruct(uint32_t rows, const float* h, const uint32_t* chosen, uint32_t count, float* out) override;
  std::vector<TrainedTensor> starting_tensors() override;
  void started() override { rule_->started(); }
  std::vector<Tensor> more_tensors() override;

 private:
  class PlainRows;
  class StateRows;
  void refresh();      // after state was written
  void materialise();  // plain_ from the state
  void allocate_plain();

  void drop_plain() noexcept;
  void start_from_plain();  // where the rule can: written plain weights become the state

  std::unique_ptr<FactoredRule> rule_;
  TileOutput tile_;
  const uint32_t columns_, width_;
  bool state_written_ = false;  // the factored state came from a file and must be taken up
  bool plain_written_ = false;  // the plain weights came from a file: they hold, not the factored state
  bool plain_valid_ = false;    // plain_ is the state's product
  ColumnWeights plain_;
  ColumnBias plain_bias_;
};

}  // namespace nrw
