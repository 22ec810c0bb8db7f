// The network: a batch enters plain layers, through the input layer where an accelerator has claimed the first one, and
// what leaves them meets the loss, through the output layer where another has claimed the last one.
//
//   batch (rows x columns, sparse or dense) -> [encoder.0] -> ... -> latent -> ... -> h -> [output layer], loss
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/batch.h"
#include "base/thread_pool.h"
#include "kernels/bf16.h"
#include "kernels/kernels.h"
#include "layers/column_errors.h"
#include "layers/input_layer.h"
#include "layers/layer.h"
#include "layers/products.h"
#include "layers/sparse_input.h"
#include "losses/loss.h"
#include "losses/reduction.h"
#include "model/column_parameter.h"
#include "model/output_layer.h"
#include "model/plan.h"

namespace nrw {

// A layer of the network's lists, or one within such a layer.
struct NamedLayer {
  size_t number = 0;       // in the plan, of the layer that it is or lies in
  Layer* layer = nullptr;  // NULL where an accelerator does its work
  const LayerSpec* spec = nullptr;
  const Shape* output = nullptr;
  const float* within = nullptr;  // what it gave in the last forward pass, where it lies in another one
};

// What a layer gives, or what the neurons of one give that is a network of neurons.
struct LayerValues {
  std::string name;
  size_t number = 0;  // in the plan, of the layer that has to be passed
  bool neurons = false;
  uint64_t count = 0;  // of a row
};

class Network {
 public:
  // Allocates and initialises. All threads that call an object's functions have denormals flushed (FlushToZero).
  // bf16: what the dense output layer trains with; NULL for f32. drawn: whether weights get their starting values.
  Network(const Plan& plan, const OptimizerSettings& optimizer, Reduction reduction, uint64_t seed, unsigned threads,
          const Bf16Kernels* bf16 = nullptr, bool drawn = true);

  struct Step {
    double loss = 0;           // before the update, by the reduction
    double gradient_norm = 0;  // of all gradients together, before clipping
    double forward_ms = 0;     // up to the output layer
  };
  // One optimizer step, number t (from 1). Throws NRW_NON_FINITE with t and the batch's number; then no parameter
  // before the output layer has changed but those that a layer updates within its backward pass, and none at all if
  // already h was not finite or the update is made in two phases.
  Step train(const Batch& batch, double learning_rate, uint64_t t);

  // The factor of the learning rate for the weights of a layer, such as "encoder.0"; 1 for those that have none.
  void set_rate(std::string_view layer, double rate);
  // How much noise a layer, or one within it, such as "encoder.1.layers.0", makes in training (NoiseLayer), from the
  // next step on. Throws NRW_INVALID_ARGUMENT.
  void set_noise(std::string_view layer, double amount);

  // Loss of a batch in training mode; gradients are added up, nothing else changes. t: the step it would be.
  double backward(const Batch& batch, uint64_t t);
  void zero_gradients() noexcept;
  void drop_gradients() noexcept;  // frees and no longer lists them

  // The rest is in evaluation mode: no random draws, running statistics.
  // Sums over the batch, before the loss's factor; column_sse (columns, added to; NULL for none): squared errors by
  // column. From begin_evaluation to end_evaluation, where begin_evaluation says so, loss and squared error, which are
  // one then, are not known before end_evaluation, which gives them for all batches together: evaluate returns 0 for
  // them. A step ends it without a result.
  struct Evaluation {
    double loss = 0;        // by the weights of rows and columns, as the penalties are
    double penalties = 0;   // what layers add to the loss
    double unweighted = 0;  // the loss with all weights 1
    double squared_error = 0;
  };
  Evaluation evaluate(const Batch& batch, double* column_sse);
  // rows, nnz: of all batches to come, about.
  bool begin_evaluation(double rows, double nnz, bool by_column);
  double end_evaluation(double* column_sse);
  // For each latent value a sum over the rows of all batches evaluated since begin_evaluation: of a code of few values
  // the number of rows in which it was not 0, of a variational one its KL divergence in nats. Throws NRW_UNSUPPORTED
  // for other codes.
  std::span<const double> code_sums() const;
  // Solves for the weights of the output layer anew, with all other layers as they are: refit for each batch of the
  // rows, between these two. Throws NRW_UNSUPPORTED where the output layer is trained by gradients.
  void begin_refit();
  void refit(const Batch& batch, bool held_out);
  void end_refit();
  // The latent vectors (rows x latent, channels first), valid until the next call.
  const float* embed(const Batch& batch);
  // out (rows x count), the batch's first rows: see OutputLayer::reconstruct.
  void reconstruct(const Batch& batch, uint32_t rows, const uint32_t* chosen, uint32_t count, float* out);
  void decode(uint32_t rows, const float* latent, const uint32_t* chosen, uint32_t count, float* out);

  // Derivatives of the decoder's outputs, those of a loss's first head before it makes reconstructions of them, by the
  // latent vector (latent, channels first): out is count x latent, of the chosen columns, or of all with chosen ==
  // NULL. Gradients are zero afterwards. Throws NRW_UNSUPPORTED with the layer where one is not the same in training.
  void decoder_jacobian(const float* latent, const uint32_t* chosen, uint32_t count, float* out);
  // Of each of the batch's first rows: derivatives of the latent vector by what enters the plain layers, latent x that,
  // likewise.
  std::vector<std::vector<float>> encoder_jacobians(const Batch& batch, uint32_t rows);
  // What layers before the output layer give for the batch's first rows: of each row what one after the other gives,
  // channels first. Of values() of this network.
  void layer_outputs(const Batch& batch, std::span<const LayerValues> wanted, uint64_t rows, float* out);
  // By names as in narrows.h. Throws NRW_INVALID_ARGUMENT, and NRW_UNSUPPORTED for a claimed last layer.
  std::vector<LayerValues> values(std::span<const std::string> names);

  // Parameters and buffers in PyTorch's order, then the optimizer's state, then the gradients if there are any. Makes
  // the update that the input layer put off; what is listed is to be read or written before the next step.
  std::vector<Tensor> tensors();

  // tensors(), to be read only: an update that was put off waits on.
  std::vector<Tensor> saved() { return listed(); }

  // Takes over what the tensors of a network of the same plan and optimizer hold.
  void copy_state(Network& from);

  const Plan& plan() const noexcept { return plan_; }
  // Before the first step: see Loss.
  void set_column_weights(std::vector<float> weights) { loss_->set_column_weights(std::move(weights)); }
  const Loss& loss() const noexcept { return *loss_; }
  // The loss's factor for a batch of that many rows.
  double factor(uint32_t rows) const noexcept { return reduction_factor(reduction_, rows, plan_.columns); }
  ThreadPool& pool() noexcept { return pool_; }

 private:
  // The plain layers: layers_[i] is plan_.layers[plan_.plain_begin() + i].
  size_t middle() const noexcept { return layers_.size(); }
  size_t latent_at() const noexcept { return plan_.encoder_layers - plan_.plain_begin(); }
  // Of activations_[i], which enters layers_[i].
  const Shape& shape_at(size_t i) const noexcept {
    return i == 0 ? plan_.entering() : plan_.layers[plan_.plain_begin() + i - 1].output;
  }
  uint64_t width_at(size_t i) const noexcept { return shape_at(i).size(); }

  // Throws NRW_INVALID_ARGUMENT where there is none.
  NamedLayer named(std::string_view name);

  void make_layers(uint64_t seed);
  void make_ends(const Bf16Kernels* bf16);
  void plan_tasks();
  void initialise(uint64_t seed);
  void reserve(uint32_t rows);
  // needs_categories: whether the layers that are passed do. Throws NRW_INVALID_ARGUMENT where the rows have none, or
  // others.
  Pass pass(const Batch& batch, bool training, uint64_t t, bool needs_categories) const;
  // The input layer, with the activation after it where there is one and `last` lets it: how many of layers_ that was.
  size_t forward_input(const Batch& batch, const Pass& pass, size_t last);
  void pack_weights(bool training) noexcept;
  void forward_layers(const Pass& pass, size_t first, size_t last) noexcept;  // activation first -> activation last
  // From activation.back()'s gradient in d_[0] to the gradient of activation 0, which it returns: NULL where no
  // accelerator wants it. Adds to gradients.
  const float* backward_layers(const Pass& pass) noexcept;
  // From the gradient to activation `last` in d_[0] to that to activation `first`, which is NULL unless it is wanted.
  const float* backward_range(const Pass& pass, size_t first, size_t last, bool wanted) noexcept;
  void copy_rows(size_t at, uint32_t rows, const float* row) noexcept;
  void forward_copies(uint32_t rows, const float* row, size_t first, size_t last);
  const float* backward_copies(uint32_t rows, size_t first, size_t last) noexcept;
  Pass copies_pass(uint32_t rows) const noexcept {
    return {.rows = rows, .training = true, .step = 1, .row_id = copies_row_id_.data(), .factor = 0};
  }
  double penalties() const noexcept;
  // Of the encoder's last layer, where it is a code with sums; else NULL.
  const LayerType* code_type() const noexcept;
  void add_code(size_t rows) noexcept;  // of the last forward pass
  // After a forward pass in training: the loss is that of hidden places, where the plan says so, as long as this lives.
  class OfHiddenPlaces;
  void update_middle(const OptimizerStep& step) noexcept;
  double middle_sum_squares() noexcept;
  void zero_middle() noexcept;
  void update_within(const OptimizerStep* step) noexcept;  // NULL: no layer does that
  std::vector<std::vector<TrainedTensor>> trained();       // by layer
  std::vector<Tensor> listed();                            // tensors(), to be read only

  const Plan plan_;
  const OptimizerSettings optimizer_;
  const Reduction reduction_;
  ThreadPool pool_;
  const Kernels& kernels_;
  Products products_;

  const std::unique_ptr<Loss> loss_;
  ColumnParameter input_weight_;         // empty where the input is not claimed
  Parameter input_bias_;                 // of size 0 without one
  std::unique_ptr<InputLayer> input_;    // NULL where it is not claimed
  SparseInput* sparse_input_ = nullptr;  // input_, where it is one: some of its rows may be behind
  std::vector<std::unique_ptr<Layer>> layers_;
  // By number in layers_, NULL where a layer is none: it is made with the layer before it, and taken back with the
  // layer after it, where these take neighbours.
  std::vector<const Elementwise*> elementwise_;
  std::vector<bool> decodes_;  // by number in layers_: whether it takes the code of the layer before it as such
  struct PackTask {
    Layer* layer;
    size_t task;
  };
  std::vector<PackTask> packing_, packing_for_training_;
  std::unique_ptr<OutputLayer> output_;
  GradientOutput* gradient_output_ = nullptr;  // output_, where it has gradients apart from its update
  std::unique_ptr<ColumnErrors> errors_;       // of the evaluation under way, where its sums are known at the end
  std::vector<Parameter*> middle_;             // input_bias_, the parameters of layers_ and of loss_
  struct Block {
    Parameter* parameter;
    size_t first, count;
  };
  std::vector<Block> blocks_;  // of middle_: what one task updates or sums
  size_t middle_size_ = 0;
  double input_rate_ = 1, output_rate_ = 1;  // of the learning rate, where an accelerator updates the layer

  uint32_t reserved_rows_ = 0;
  std::vector<AlignedBuffer<float>> activations_;  // [i] enters layers_[i]; the last one enters output_
  AlignedBuffer<float> latent_;                    // channels first, where the layers have another order
  AlignedBuffer<float> d_[2];                      // gradients to activations, by turns
  AlignedBuffer<double> partial_;                  // sums of squares by block
  AlignedBuffer<float> place_weights_;             // places x a stride of rows, of a loss of hidden places
  AlignedBuffer<double> code_sums_;                // latent, where code_type() is one
  AlignedBuffer<uint64_t> copies_row_id_;          // of the rows that are copies of one: 0
  bool has_gradients_ = false;
};

}  // namespace nrw
