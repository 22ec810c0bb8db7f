// Structural similarity of two images of one channel (Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from
// error visibility to structural similarity", IEEE Transactions on Image Processing 13, 2004, equation 13):
//   SSIM = (2 mu_x mu_y + C1) (2 s_xy + C2) / ((mu_x^2 + mu_y^2 + C1) (s_x^2 + s_y^2 + C2))
// of each window, with means, variances and covariance under Gaussian weights of standard deviation 1.5 that sum to 1,
// C1 = (0.01 range)^2 and C2 = (0.03 range)^2. Windows lie within the image.
#pragma once

#include <cstddef>
#include <vector>

namespace nrw {

// T: float, or double for tests.
template <class T>
class Structure {
 public:
  // window: its side, at most height and width. range: from the smallest to the largest value of an image.
  Structure(size_t height, size_t width, size_t window, double range);

  // The mean of 1 - SSIM over all windows; d_x (height x width, or NULL) is overwritten with `factor` times its
  // derivatives to x. workspace: workspace() values.
  double operator()(const T* x, const T* y, double factor, T* d_x, T* workspace) const noexcept;
  size_t workspace() const noexcept { return 11 * width_; }

 private:
  size_t height_, width_, window_;
  T c1_, c2_;
  std::vector<T> weight_;
};

extern template class Structure<float>;
extern template class Structure<double>;

}  // namespace nrw
