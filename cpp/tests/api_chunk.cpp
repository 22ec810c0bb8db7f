// nrw_chunk_from_arrays over the C ABI: arguments that are refused, and a chunk of what is given.
#include <cstring>
#include <string>

#include "check.h"
#include "narrows.h"

namespace {

const float kData[] = {1, 2, 3};
const int32_t kIndices[] = {0, 3, 1}, kIndptr[] = {0, 2, 3};

struct Call {
  const char* name = "m";
  double rows = 2, columns = 4;
  uint32_t data_type = NRW_F32, indices_type = NRW_I32, indptr_type = NRW_I32;
  const void *data = kData, *indices = kIndices, *indptr = kIndptr;
  double data_bytes = sizeof kData, indices_bytes = sizeof kIndices, indptr_bytes = sizeof kIndptr;

  int32_t operator()(nrw_chunk** out, nrw_error* err) const {
    const auto bytes = [](const void* array) { return static_cast<const uint8_t*>(array); };
    return nrw_chunk_from_arrays(bytes(name), static_cast<uint32_t>(std::strlen(name)), rows, columns, data_type,
                                 bytes(data), data_bytes, indices_type, bytes(indices), indices_bytes, indptr_type,
                                 bytes(indptr), indptr_bytes, out, err);
  }
};

// The message of the refusal; "" where there was none or a chunk came out.
std::string refusal(const Call& call, int32_t status) {
  nrw_chunk* chunk = nullptr;
  nrw_error err{};
  if (call(&chunk, &err) != status || chunk != nullptr) {
    nrw_chunk_close(chunk, nullptr);
    return "";
  }
  return err.message;
}

}  // namespace

TEST(api_chunk_of_arrays) {
  nrw_chunk* chunk = nullptr;
  CHECK(Call{}(&chunk, nullptr) == NRW_OK && chunk != nullptr);
  double info[8];
  CHECK(nrw_chunk_info(chunk, info, nullptr) == NRW_OK);
  const double expected[] = {2, 4, 3, NRW_F32, NRW_I32, NRW_I32, 0};
  for (size_t k = 0; k < 7; ++k) CHECK(info[k] == expected[k]);
  uint64_t pointers[3];
  CHECK(nrw_chunk_pointers(chunk, pointers, nullptr) == NRW_OK);
  CHECK(std::memcmp(reinterpret_cast<const void*>(pointers[0]), kData, sizeof kData) == 0);
  CHECK(pointers[0] != reinterpret_cast<uintptr_t>(kData));
  CHECK(nrw_chunk_close(chunk, nullptr) == NRW_OK);

  Call dense;
  dense.rows = 3, dense.columns = 1;
  dense.indices_type = dense.indptr_type = NRW_NO_ARRAY;
  dense.indices = dense.indptr = nullptr;
  CHECK(dense(&chunk, nullptr) == NRW_OK);
  CHECK(nrw_chunk_info(chunk, info, nullptr) == NRW_OK && info[4] == NRW_NO_ARRAY && info[2] == 3);
  CHECK(nrw_chunk_close(chunk, nullptr) == NRW_OK);
}

TEST(api_chunk_of_wrong_arguments) {
  const auto with = [](auto&& change) {
    Call call;
    change(call);
    return refusal(call, NRW_INVALID_ARGUMENT);
  };
  CHECK(Call{}(nullptr, nullptr) == NRW_INVALID_ARGUMENT);
  CHECK(with([](Call& c) { c.name = ""; }) == "name: is empty");
  CHECK(with([](Call& c) { c.rows = -1; }).starts_with("rows: must be a whole number"));
  CHECK(with([](Call& c) { c.columns = 0.5; }).starts_with("columns: must be a whole number"));
  CHECK(with([](Call& c) { c.data = nullptr; }) == "data_bytes: the array is null");
  CHECK(with([](Call& c) { c.indices = nullptr; }) == "indices_bytes: the array is null");
  CHECK(with([](Call& c) { c.indptr_bytes = 1e300; }).starts_with("indptr_bytes: must be a whole number"));
  CHECK(with([](Call& c) { c.data_type = 13; }) == "data_type: the element type 13 is unknown");
  CHECK(with([](Call& c) { c.indptr_type = 254; }) == "indptr_type: the element type 254 is unknown");
  CHECK(with([](Call& c) { c.indices_type = NRW_NO_ARRAY; }).find("must both be NRW_NO_ARRAY or neither") !=
        std::string::npos);
  Call wide;
  wide.columns = 3;
  CHECK(refusal(wide, NRW_FORMAT) == "m: indices: row 0: column 3 is not in [0, 3)");
}
