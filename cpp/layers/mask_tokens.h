// Masked-token training (He et al. 2022, "Masked autoencoders are scalable vision learners"; for signals Baevski et al.
// 2020): the places of a row are divided into tokens, spans of a signal or tiles of an image, and in training the same
// share of each row's tokens is hidden with all their channels: 0 or a trained vector t (channels) stands in their
// places. The identity elsewhere.
//
//   y[place] = hidden(place) ? t : x[place]
//   d_x[place] = hidden(place) ? 0 : d_y[place],   d_t = sum of d_y over hidden places
//
// A token's word is a function of (seed, layer, step, row id, token); the tokens with the smallest words are hidden.
// Kept for the backward pass: which places are hidden.
#pragma once

#include "layers/layer_type.h"
#include "layers/noise_layer.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType mask_tokens_type;

class MaskTokens final : public NoiseLayer {
 public:
  explicit MaskTokens(const LayerContext& context);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void set_amount(double amount) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  std::vector<Parameter*> parameters() override;
  const uint8_t* hidden() const noexcept override { return hidden_.data(); }

 private:
  void draw_row(const class RowDraws& draws, uint64_t row_id, uint64_t* words, uint8_t* hidden) const noexcept;

  Products& products_;
  const size_t channels_, places_;
  const uint64_t seed_;
  const uint32_t layer_;
  const bool learned_;
  std::vector<uint32_t> token_of_;  // places
  size_t tokens_ = 0, count_ = 0;   // of a row; how many of them are hidden
  Parameter token_;                 // channels
  AlignedBuffer<uint64_t> words_;   // rows x 2 tokens: a token's word and number, and the same ordered
  AlignedBuffer<uint8_t> hidden_;   // rows x places
  AlignedBuffer<double> partial_;   // channels, a task
};

}  // namespace nrw
