// A checksum of the weights and of the optimizer's state, which two builds of the engine are compared by.
#pragma once

#include <cstdint>
#include <vector>

#include "model/network.h"

namespace nrw::bench {

// 64-bit FNV-1a of the bytes of all tensors but counts.
inline uint64_t checksum(Network& network) {
  uint64_t sum = 1469598103934665603ull;
  for (const Tensor& tensor : network.tensors()) {
    if (tensor.count != nullptr) continue;
    std::vector<uint8_t> row(tensor.row_bytes() * tensor.first_dimension());
    read_rows(network.pool(), tensor, 0, tensor.first_dimension(), row.data());
    for (const uint8_t byte : row) sum = (sum ^ byte) * 1099511628211ull;
  }
  return sum;
}

}  // namespace nrw::bench
