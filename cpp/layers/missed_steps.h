// Rows of the sparse input layer's weights that no sample touches have a gradient of zero, but most optimizers move
// them all the same. Their movement over several steps has a closed form, so they are left behind and caught up when
// they are needed: docs/sparse_input.md derives it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/aligned_buffer.h"
#include "base/batch.h"
#include "kernels/sparse.h"

namespace nrw {

// The state of MissedSteps.
struct MissedState {
  static constexpr size_t kMost = 4096;
  // Over the steps missed since one step. Adam: keep, and the moments sum g (y - origin)^i, y = log q, i = 0 ... 3, or
  // ... 5 where they get three nodes; once g has died away, keep and the weights of the nodes, which from then on keep
  // alone changes. SGD: the matrix that takes (w, momentum buffer) through those steps, by rows.
  using Sums = std::array<double, 7>;
  OptimizerStep settings;
  bool adam = false;
  uint32_t base = 0;     // the step that last updated all rows
  uint32_t count = 0;    // steps since
  uint32_t lasting = 0;  // Adam: missed steps after which g has died away
  std::array<double, kMost> rate{};
  std::array<Sums, kMost> sums{};                   // [i]: since step base + i
  std::array<double, kMost> origin{};               // Adam: y of the first step missed
  std::array<CatchUp, kMost> catch_up{};            // of these sums
  std::array<float, kMost + 1> decay1{}, decay2{};  // Adam: [n]: of the moments over n steps
  AlignedBuffer<uint32_t> last;                     // columns
};

// Which steps each row has missed, and what catches it up. One caller changes it; any number may read it meanwhile.
class MissedSteps {
 public:
  // Missed steps; then all rows are updated. That pass over all arrays costs 6 columns of a row's width, the share of
  // it that a step bears must be small against the rows it touches, and the list of steps is short against any of them.
  static constexpr size_t kMost = MissedState::kMost;

  // How much of a batch's columns must be touched for an update of all rows to be the faster one, by counting passes
  // over memory: a touched row costs 9 (read W and two moments in forward; read and write them in backward), while an
  // update of all rows costs 6 a column and the touched rows' reads.
  static constexpr uint64_t kManyNumerator = 3, kManyDenominator = 4;

  MissedSteps() = default;  // for optimizers without a closed form: nothing is ever missed
  // settings: an optimizer of which has_closed_form.
  MissedSteps(const OptimizerStep& settings, uint32_t columns);

  // SGD in all its forms, where rows without gradient move at all; Adam without L2 weight decay and AdamW where beta2
  // changes slowly against beta1 (1 - beta2 <= 0.1 (1 - beta1), as with PyTorch's defaults).
  static bool has_closed_form(const OptimizerStep& settings) noexcept;

  bool enabled() const noexcept { return state_ != nullptr; }
  bool any() const noexcept { return enabled() && state_->count != 0; }

  // Rows against the steps up to one of them. Valid until the object changes, or as long as what it was copied to.
  class View {
   public:
    // Whether the row is behind; then `c` brings it up to date.
    bool of(size_t column, CatchUp& c) const noexcept {
      if (count == 0) return false;
      const uint32_t last = state->last[column], since = last > state->base ? last - state->base : 0;
      if (since >= count) return false;
      c = entries[since];
      if (state->adam) {
        c.decay1 = state->decay1[count - since];
        c.decay2 = state->decay2[count - since];
      }
      return true;
    }

   private:
    friend class MissedSteps;
    const MissedState* state = nullptr;
    const CatchUp* entries = nullptr;
    uint32_t count = 0;
  };
  View view() const noexcept;
  // The same for the steps up to now, after more have been added with end_step().
  View keep_view(AlignedBuffer<CatchUp>& copy) const;
  bool of(size_t column, CatchUp& c) const noexcept { return view().of(column, c); }

  // Whether this step must, or had better, update all rows: a function of the batch and of the steps so far.
  bool update_all(const SparseBatch& batch, const OptimizerStep& step) const noexcept;

  // A step that updated only the touched rows: touch() for each of them, from any thread, then end_step().
  void touch(size_t column, const OptimizerStep& step) noexcept { state_->last[column] = number(step); }
  void end_step(const OptimizerStep& step) noexcept;
  // A step that caught up and updated all rows.
  void end_step_of_all(const OptimizerStep& step) noexcept;
  // All rows were caught up.
  void clear() noexcept;

  // What a checkpoint keeps: the number of the step that last updated each row, or an earlier one than history()[0];
  // the number of the step that last updated all rows, then the learning rates of the steps since, then -1.
  AlignedBuffer<uint32_t>& last() noexcept { return state_->last; }
  std::array<double, kMost + 1> history() const noexcept;
  void set_history(const std::array<double, kMost + 1>& history) noexcept;

 private:
  using State = MissedState;
  static uint32_t number(const OptimizerStep& step) noexcept { return static_cast<uint32_t>(step.step); }
  void add_step(double learning_rate) noexcept;
  void add_adam(double learning_rate) noexcept;
  void add_sgd(double learning_rate) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace nrw
