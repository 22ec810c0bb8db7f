// What a network holds, for tests.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "model/network.h"

namespace nrw::check {

// All that is saved, end to end, but for tensors of one layer.
inline std::vector<float> snapshot(Network& network, const std::string& but = "-") {
  std::vector<float> all;
  for (const Tensor& tensor : network.tensors()) {
    if (tensor.name.starts_with(but)) continue;
    std::vector<float> values(tensor.first_dimension() * tensor.row_bytes() / sizeof(float));
    read_rows(network.pool(), tensor, 0, tensor.first_dimension(), reinterpret_cast<uint8_t*>(values.data()));
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

inline Tensor find(Network& network, const std::string& name, uint32_t role = NRW_ROLE_PARAMETER) {
  for (const Tensor& tensor : network.tensors()) {
    if (tensor.name == name && tensor.role == role) return tensor;
  }
  throw Error(NRW_INTERNAL, "no tensor " + name);
}

}  // namespace nrw::check
