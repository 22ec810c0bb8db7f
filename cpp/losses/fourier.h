// The discrete Fourier transform of n complex values, n a power of 2:
//   X[k] = sum over j of x[j] exp(-2 pi i j k / n)
// by Cooley and Tukey's algorithm of radix 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nrw {

// T: float, or double for tests.
template <class T>
class Fourier {
 public:
  explicit Fourier(size_t n);
  size_t size() const noexcept { return order_.size(); }
  // Value j goes to place order(j) of the arrays that transform takes.
  size_t order(size_t j) const noexcept { return order_[j]; }
  // re, im (n each), in the order above, are overwritten with their transform, in its own order.
  void transform(T* re, T* im) const noexcept;

 private:
  std::vector<uint32_t> order_;
  std::vector<T> cosine_, sine_;  // of each stage its half of a circle, one after the other
};

extern template class Fourier<float>;
extern template class Fourier<double>;

}  // namespace nrw
