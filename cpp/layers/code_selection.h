// The k largest values above 0 of each row of x W^T + b, with x (rows x in), W (units x in), b (units). The product
// exists for 64 units and some rows at a time: what is kept of it is selected while it is in cache.
//
// Of equal values those of lower units are taken. NaN counts as the largest. The bits depend on neither the number of
// threads nor on how many rows there are: a group is some units, and the k largest of all groups' candidates are the
// row's. The k-th largest value of the first group is what a candidate of the others must be above.
#pragma once

#include "layers/products.h"
#include "layers/row_code.h"

namespace nrw {

class CodeSelection {
 public:
  CodeSelection(Products& products, size_t units, size_t in, size_t k);

  void reserve(size_t rows, unsigned threads);
  // Bytes that reserve takes.
  static size_t bytes(size_t units, size_t in, size_t k, size_t rows, unsigned threads) noexcept;

  // code: reserved for these rows and k. chosen: the numbers of `count` units, rising, of which alone are taken; NULL
  // for all units.
  void select(size_t rows, const float* x, const float* weight, const float* bias, const uint32_t* chosen, size_t count,
              RowCode& code) noexcept;

 private:
  // What a product is of.
  struct Operands {
    const float *x, *weight, *bias;
    const uint32_t* chosen;
    size_t count;
  };
  void of_group(const Operands& of, size_t group, unsigned worker, size_t first_row, size_t rows) noexcept;
  void take(const Operands& of, size_t place, size_t first, size_t some, const float* value) noexcept;
  void bound(size_t row, size_t groups) noexcept;
  void merge(size_t row, size_t groups, RowCode& code) noexcept;

  Products& products_;
  const size_t units_, in_, k_, room_;  // room_: candidates of a row in a group
  AlignedBuffer<uint64_t> candidates_;  // rows x groups x room
  AlignedBuffer<uint32_t> held_;        // rows x groups: how many
  AlignedBuffer<float> least_;          // rows x groups: what a candidate must be above
  AlignedBuffer<float> space_;          // threads x (a packed panel, a block of the product, gathered weights)
};

}  // namespace nrw
