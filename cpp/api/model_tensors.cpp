// nrw_model_tensor_*: see narrows.h.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "api/model_handle.h"
#include "api/numbers.h"

using namespace nrw;
using namespace nrw::api;

namespace {

constexpr size_t kMostDimensions = 5;

Tensor tensor_at(Model& model, uint32_t index) {
  auto all = model.tensors();
  if (index >= all.size()) {
    throw Error(NRW_INVALID_ARGUMENT, format("tensor_index: must be below %zu, got %u", all.size(), index));
  }
  return std::move(all[index]);
}
}  // namespace

extern "C" {

int32_t nrw_model_tensor_count(nrw_model* model, uint32_t* count, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(count != nullptr, "count: is null");
    *count = static_cast<uint32_t>(m.tensors().size());
  });
}

int32_t nrw_model_tensor(nrw_model* model, uint32_t tensor_index, char* name, uint32_t capacity, uint32_t* name_bytes,
                         double* shape, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(name != nullptr && name_bytes != nullptr && shape != nullptr, "name, name_bytes or shape: is null");
    const Tensor tensor = tensor_at(m, tensor_index);
    *name_bytes = static_cast<uint32_t>(tensor.name.size());
    require(tensor.name.size() <= capacity, "name: the name is longer than its capacity");
    std::memcpy(name, tensor.name.data(), tensor.name.size());
    double values[3 + kMostDimensions] = {static_cast<double>(tensor.role), static_cast<double>(tensor.type()),
                                          static_cast<double>(tensor.sizes.size())};
    if (tensor.sizes.size() > kMostDimensions) throw Error(NRW_INTERNAL, tensor.name + ": has too many dimensions");
    std::copy(tensor.sizes.begin(), tensor.sizes.end(), values + 3);
    std::copy_n(values, std::size(values), shape);
  });
}

int32_t nrw_model_tensor_read(nrw_model* model, uint32_t tensor_index, double first_row, double rows, uint8_t* out,
                              double bytes, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(out != nullptr || bytes == 0, "out: is null");
    m.read(tensor_at(m, tensor_index), whole(first_row, "first_row"), whole(rows, "rows"), out, whole(bytes, "bytes"));
  });
}

int32_t nrw_model_tensor_write(nrw_model* model, uint32_t tensor_index, double first_row, double rows,
                               const uint8_t* in, double bytes, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(in != nullptr || bytes == 0, "in: is null");
    m.write(tensor_at(m, tensor_index), whole(first_row, "first_row"), whole(rows, "rows"), in, whole(bytes, "bytes"));
  });
}

int32_t nrw_model_tensor_column(nrw_model* model, uint32_t tensor_index, double column, uint8_t* out, double bytes,
                                nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(out != nullptr || bytes == 0, "out: is null");
    m.read_column(tensor_at(m, tensor_index), whole(column, "column"), out, whole(bytes, "bytes"));
  });
}

}  // extern "C"
