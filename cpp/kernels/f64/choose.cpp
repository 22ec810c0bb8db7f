#include <cstring>
#include <initializer_list>

#include "kernels/f64/f64.h"
#include "kernels/kernels.h"

namespace nrw {

const DoubleKernels& double_kernels() {
#if defined(__x86_64__)
  for (const DoubleKernels* table : {&double_kernels_avx512, &double_kernels_avx2}) {
    if (std::strcmp(table->name, kernels().name) == 0) return *table;
  }
#endif
  return double_kernels_plain;
}

}  // namespace nrw
