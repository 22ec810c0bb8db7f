#include <cstring>
#include <initializer_list>

#include "kernels/sparse/tables.h"

namespace nrw {

const SparseKernels& sparse_kernels(const Kernels& kernels) noexcept {
#if defined(__x86_64__)
  for (const SparseKernels* table : {&kAvx512SparseKernels, &kAvx2SparseKernels}) {
    if (std::strcmp(table->name, kernels.name) == 0) return *table;
  }
#endif
  return kPlainSparseKernels;
}

}  // namespace nrw
