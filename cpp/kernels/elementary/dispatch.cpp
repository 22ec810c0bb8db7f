#include <cstring>
#include <initializer_list>

#include "kernels/elementary.h"

namespace nrw {

const ElementaryKernels& elementary_kernels(const Kernels& kernels) noexcept {
#if defined(__x86_64__)
  for (const ElementaryKernels* table : {&kAvx512ElementaryKernels, &kAvx2ElementaryKernels}) {
    if (std::strcmp(table->name, kernels.name) == 0) return *table;
  }
#endif
  return kPlainElementaryKernels;
}

}  // namespace nrw
