// The object behind a model handle of narrows.h: first the list of layers, then the network, its step count and its
// log; and the loops over a source of batches. One caller at a time, except where it says any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "base/batch_source.h"
#include "model/network.h"
#include "model/plan.h"
#include "model/spec.h"
#include "model/step_log.h"

namespace nrw {

struct TrainResult {
  uint64_t steps = 0, rows = 0, nnz = 0;
  double loss_sum = 0;  // of loss * rows
  double last_loss = 0, largest_loss = 0;
  double last_gradient_norm = 0, largest_gradient_norm = 0;
  double wait_ms = 0, compute_ms = 0, forward_ms = 0;
  uint64_t batches_left = 0;
  double* losses = nullptr;  // the caller's: the loss of each step, or NULL
};

struct EvaluateResult {
  uint64_t rows = 0, nnz = 0;
  double loss = 0;    // mean over rows, by their weights, of their batch's loss, with what layers add to it
  double weight = 0;  // of the rows together: their number where they have none
  double squared_error = 0, sum = 0, sum_squares = 0;
  double ms = 0;
  double loss_sum = 0;  // over rows and columns, all weights 1, without what layers add
  FitTerms fit;         // with sums by column, of a loss that is a likelihood
};

// columns doubles each, added to, or all NULL.
struct ColumnSums {
  double* squared_error = nullptr;
  double* sum = nullptr;
  double* sum_squares = nullptr;
};

// The progress of a training call. Any thread.
struct Progress {
  std::atomic<double> step{0}, done{0}, batches{0}, loss{0}, rows_per_second{0}, wait_share{0};
};

class Model {
 public:
  // Throws NRW_INVALID_ARGUMENT, NRW_UNSUPPORTED with the layer or the setting; allocates nothing.
  explicit Model(ModelSpec spec) : spec_(std::move(spec)), plan_(make_plan(spec_)) {}

  // What each column's loss is multiplied by (plan().columns values). Before build. Throws NRW_UNSUPPORTED where the
  // loss or the output layer cannot have them.
  void set_column_weights(std::vector<float> weights);

  // Allocates and draws the starting weights.
  void build();

  // A built model with the same layers and one thread, whose weights are not set.
  std::unique_ptr<Model> twin() const;
  void copy_state(Model& from);  // from a twin, or to it

  const Plan& plan() const noexcept { return plan_; }  // before or after build
  Estimate estimate(uint32_t batch_rows, double nnz_per_row) const;

  // After build.
  std::vector<Tensor> tensors();
  // Rows of a tensor's first dimension; bytes must be exactly theirs.
  void read(const Tensor& tensor, uint64_t first, uint64_t rows, uint8_t* out, uint64_t bytes);
  void read_column(const Tensor& tensor, uint64_t column, uint8_t* out, uint64_t bytes);
  void write(const Tensor& tensor, uint64_t first, uint64_t rows, const uint8_t* in, uint64_t bytes);

  // One step a learning rate, until the source ends or stop. `result` is filled in also when this throws:
  // NRW_NON_FINITE, NRW_IO from the log, what the source throws.
  void train(BatchSource& source, std::span<const double> learning_rates, double epoch, double chunk,
             TrainResult& result);
  double backward(BatchSource& source);
  // See Network::begin_refit: over all batches of some sources, in the order of the calls.
  void begin_refit();
  void refit(BatchSource& source, bool held_out);
  void end_refit();
  void zero_gradients() { network().zero_gradients(); }
  void set_rate(std::string_view layer, double rate) { network().set_rate(layer, rate); }
  void set_noise(std::string_view layer, double amount) { network().set_noise(layer, amount); }

  // These throw NRW_STOPPED when stopped, and take whole batches off the source.
  EvaluateResult evaluate(BatchSource& source, const ColumnSums& by_column);
  // Around some calls of evaluate: see Network. The sum of squared errors that evaluate left out, and the sum of loss
  // times rows.
  struct Deferred {
    double squared_error = 0, loss_rows = 0;
  };
  bool begin_evaluation(double rows, double nnz, bool by_column);
  Deferred end_evaluation(double* column_sse);
  // sums: see Network::code_sums. Throws NRW_INVALID_ARGUMENT where they do not fit into `capacity` doubles.
  void code_sums(double* sums, uint64_t capacity);
  // Of a loss that is a likelihood: what it would be over `rows` rows of these sums (columns), if each value were
  // reconstructed by its column's mean, less FitTerms::constant.
  double mean_loss(double rows, const double* column_sum);
  // Rows written to out, as many as fit into `capacity` floats.
  uint64_t embed(BatchSource& source, float* out, uint64_t capacity);
  // chosen: count columns; NULL for all.
  uint64_t reconstruct(BatchSource& source, const uint32_t* chosen, uint32_t count, float* out, uint64_t capacity);
  void decode(const float* latent, uint32_t rows, const uint32_t* chosen, uint32_t count, float* out,
              uint64_t capacity);

  // See Network: count x latent values; for each row of the source latent x columns, as many rows as fit; and what
  // layers give for the rows of the source, as many as fit.
  void decoder_jacobian(const float* latent, const uint32_t* chosen, uint32_t count, float* out, uint64_t capacity);
  uint64_t encoder_jacobians(BatchSource& source, float* out, uint64_t capacity);
  uint64_t layer_outputs(BatchSource& source, std::span<const std::string> names, float* out, uint64_t capacity);

  uint64_t step = 0;  // optimizer steps taken
  StepLog log;
  std::atomic<bool> stop{false};  // any thread
  Progress progress;

 private:
  Network& network();
  void check_rows(const Tensor& tensor, uint64_t first, uint64_t rows, uint64_t bytes) const;
  void check_columns(const uint32_t* chosen, uint32_t& count) const;
  void require_running() const;
  template <class Rows>
  uint64_t for_each_row(BatchSource& source, uint64_t width, float* out, uint64_t capacity, Rows&& rows);

  const ModelSpec spec_;
  const Plan plan_;
  std::vector<float> column_weights_;
  std::unique_ptr<Network> network_;
};

// rows(batch, count, out): writes the first `count` rows of a batch.
template <class Rows>
uint64_t Model::for_each_row(BatchSource& source, uint64_t width, float* out, uint64_t capacity, Rows&& rows) {
  const uint64_t room = capacity / std::max<uint64_t>(1, width);
  uint64_t done = 0;
  while (done < room) {
    require_running();
    const Batch* const batch = source.next();
    if (batch == nullptr) break;
    const uint64_t count = std::min<uint64_t>(batch->rows, room - done);
    rows(*batch, count, out + done * width);
    done += count;
  }
  return done;
}

}  // namespace nrw
