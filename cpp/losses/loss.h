// A loss: how far the network's outputs are from the targets, and the gradient to the outputs.
//
// A separable loss is a sum of terms of one row and one column each. It is asked for a column at a time, so the output
// layer can make outputs, loss and gradient of a few columns while they are in cache, and never holds all of them.
// Another loss is asked for a whole row at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/batch.h"
#include "base/parameter.h"

namespace nrw {

// Sums over rows, of a column or of several. None is multiplied by the factor but `gradient`.
struct LossSums {
  double value = 0;          // the loss, by the weights of rows and column
  double unweighted = 0;     // the loss with all weights 1
  double squared_error = 0;  // of the reconstruction: what MSE and R2 are made of, whatever the loss
  double gradient = 0;       // of the derivatives: the gradient of a bias
};

// One column of a batch.
struct LossColumn {
  uint32_t column = 0;
  size_t rows = 0;
  double factor = 1;                  // what the derivatives are multiplied by
  double weight = 1;                  // of the column: multiplies value and derivatives
  const float* row_weight = nullptr;  // rows: likewise; NULL where all are 1
  float* o = nullptr;                 // rows: outputs before `bias` is added; overwritten with the derivatives to them
  size_t head_stride = 0;       // of a loss with several outputs a column: floats from one's `o` to the next one's
  const float* bias = nullptr;  // a value an output; NULL for none
  // Targets: all of them, or those that are not 0, by rising row.
  const float* dense = nullptr;
  size_t entries = 0;
  const uint32_t* entry_row = nullptr;
  const float* entry = nullptr;
  bool parameters = false;  // whether the gradients of the loss's own parameters are added to
};

// One row of a batch, channels first.
struct LossRow {
  double factor = 1;              // what the derivatives are multiplied by
  const float* o = nullptr;       // columns
  const float* target = nullptr;  // columns
  float* d_o = nullptr;           // columns, overwritten; NULL where no gradient is wanted
  float* workspace = nullptr;     // row_workspace() floats
};

// What values say about every fit of them, in sums of a loss that is a negative log-likelihood.
struct FitTerms {
  double perfect = 0;   // the loss where each reconstruction is the value itself
  double constant = 0;  // the share of any loss of these values that no reconstruction changes
};

inline constexpr size_t kMostHeads = 3;  // of any loss

class Loss {
 public:
  virtual ~Loss() = default;

  // What each column's terms are multiplied by, of a separable loss: 1 where none were given.
  void set_column_weights(std::vector<float> weights) { column_weights_ = std::move(weights); }
  bool weighs_columns() const noexcept { return !column_weights_.empty(); }
  // What the terms of the rows of a batch are multiplied by: their weights, or in a loss of hidden places alone those
  // of the column's place.
  struct PlaceWeights {
    const float* values = nullptr;  // places x stride, a value a row; NULL: the rows' own weights
    size_t places = 0, stride = 0;
  };
  void set_place_weights(const PlaceWeights& weights) noexcept { place_weights_ = weights; }
  const float* row_weights(const Batch& batch, size_t column) const noexcept {
    const auto& [values, places, stride] = place_weights_;
    return values == nullptr ? batch.row_weights() : values + column % places * stride;
  }
  double column_weight(size_t column) const noexcept {
    return column_weights_.empty() ? 1 : static_cast<double>(column_weights_[column]);
  }

  virtual bool separable() const noexcept { return true; }
  // Outputs for each column of the data. The last layer has heads() x columns outputs, those of one head together.
  virtual uint32_t heads() const noexcept { return 1; }

  // Before the calls for a batch. Throws NRW_INVALID_ARGUMENT where the loss cannot take its targets.
  virtual void begin(const Batch&) {}
  // Before reconstruct, where there are latent vectors of that many rows and no batch.
  virtual void begin_decoding(uint32_t rows) {}
  // Of a separable loss but for what the terms of a row share: the number of walks over all columns that come before
  // the calls of `column`, or with derivatives = false before those of `reconstruct`. A walk is begin_walk, then for
  // each column walk_column, which may overwrite o, then end_walk. Groups are walked through at once, the columns of
  // one in rising order. The first walk has no targets.
  virtual unsigned walks(bool derivatives) const noexcept { return 0; }
  virtual void begin_walk(size_t rows, size_t groups) {}
  virtual void walk_column(unsigned walk, size_t group, const LossColumn&) noexcept {}
  virtual void end_walk(unsigned walk) noexcept {}

  // Of a separable loss. Any number of threads at once, for different columns. gradient: of the first head; those of
  // all heads go to head_gradients (heads()) where it is given.
  virtual LossSums column(const LossColumn& column, double* head_gradients = nullptr) noexcept = 0;
  // Of another loss, whose reconstruction are the outputs: the loss of a row as a mean over its values, so that it
  // counts as often as the row has columns. Any number of threads at once, for different rows.
  virtual double row(const LossRow&) noexcept { return 0; }
  virtual size_t row_workspace() const noexcept { return 0; }

  // Of a negative log-likelihood, with its parameters as they are: the terms of n values of a column, zeros of which
  // add nothing; and the loss of `rows` values of that sum if each is reconstructed by their mean, less its constant.
  virtual FitTerms fit_terms(uint32_t column, size_t n, const float* values) const noexcept { return {}; }
  virtual double mean_loss(uint32_t column, double rows, double sum) const noexcept { return 0; }

  // n outputs of the first head for a row of the batch, the bias added, become what they say about the data: the
  // reconstruction.
  virtual void reconstruct(size_t row, size_t n, float* o) const noexcept {}

  // Tensors of the loss itself, named "loss.NAME" in files.
  virtual std::vector<Parameter*> parameters() { return {}; }

 private:
  std::vector<float> column_weights_;  // empty, or one a column
  PlaceWeights place_weights_;
};

}  // namespace nrw
