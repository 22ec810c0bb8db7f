// The model's functions over the C ABI: arguments, errors, tensors by name. What they compute is tested below them.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "narrows.h"

namespace {

struct Handle {
  nrw_model* model = nullptr;
  const uint32_t columns;
  explicit Handle(uint32_t width) : columns(width) {
    CHECK(nrw_model_create(columns, 1, 2, &model, nullptr) == NRW_OK);
  }
  ~Handle() { CHECK(nrw_model_close(model, nullptr) == NRW_OK); }

  int32_t layer(uint32_t part, uint32_t kind, uint32_t size, uint32_t flags = 0, nrw_error* err = nullptr) {
    return nrw_model_add_layer(model, part, kind, size, 0.1, 0, flags, NRW_INIT_DEFAULT, 0, err);
  }
  void build() {
    CHECK(layer(NRW_ENCODER, NRW_LINEAR, 3) == NRW_OK);
    CHECK(layer(NRW_DECODER, NRW_BATCH_NORM, 0) == NRW_OK);
    CHECK(layer(NRW_DECODER, NRW_LINEAR, columns, NRW_NO_BIAS) == NRW_OK);
    CHECK(nrw_model_build(model, nullptr) == NRW_OK);
  }
};

}  // namespace

TEST(api_tensors_by_name_shape_and_role) {
  Handle handle(20);
  handle.build();
  uint32_t count = 0;
  CHECK(nrw_model_tensor_count(handle.model, &count, nullptr) == NRW_OK);
  struct Expected {
    const char* name;
    double role, type, dimensions, rows, columns;
  };
  const std::vector<Expected> expected = {{"encoder.0.weight", NRW_ROLE_PARAMETER, NRW_F32, 2, 3, 20},
                                          {"encoder.0.bias", NRW_ROLE_PARAMETER, NRW_F32, 1, 3, 0},
                                          {"decoder.0.weight", NRW_ROLE_PARAMETER, NRW_F32, 1, 3, 0},
                                          {"decoder.0.bias", NRW_ROLE_PARAMETER, NRW_F32, 1, 3, 0},
                                          {"decoder.0.running_mean", NRW_ROLE_BUFFER, NRW_F32, 1, 3, 0},
                                          {"decoder.0.running_var", NRW_ROLE_BUFFER, NRW_F32, 1, 3, 0},
                                          {"decoder.0.num_batches_tracked", NRW_ROLE_BUFFER, NRW_I64, 0, 0, 0},
                                          {"decoder.1.weight", NRW_ROLE_PARAMETER, NRW_F32, 2, 20, 3},
                                          {"encoder.0.weight.exp_avg", NRW_ROLE_OPTIMIZER, NRW_F32, 2, 3, 20},
                                          {"encoder.0.weight.exp_avg_sq", NRW_ROLE_OPTIMIZER, NRW_F32, 2, 3, 20},
                                          {"encoder.0.weight.raw", NRW_ROLE_OPTIMIZER, NRW_F32, 2, 3, 20},
                                          {"encoder.0.weight.last_step", NRW_ROLE_OPTIMIZER, NRW_U32, 1, 20, 0},
                                          {"encoder.0.weight.missed_rates", NRW_ROLE_OPTIMIZER, NRW_F64, 1, 4097, 0}};
  CHECK(count == 8 + 2 * 5 + 3);
  for (uint32_t i = 0; i < expected.size(); ++i) {
    char name[64];
    uint32_t bytes = 0;
    double shape[6];
    CHECK(nrw_model_tensor(handle.model, i, name, sizeof name, &bytes, shape, nullptr) == NRW_OK);
    const Expected& e = expected[i];
    CHECK(std::string(name, bytes) == e.name);
    CHECK(shape[0] == e.role && shape[1] == e.type && shape[2] == e.dimensions);
    CHECK(shape[3] == e.rows && shape[4] == e.columns && shape[5] == 0);
  }
}

TEST(api_tensor_read_and_write_check_their_arguments) {
  Handle handle(20);
  handle.build();
  std::vector<float> values(60), back(40);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto* in = reinterpret_cast<const uint8_t*>(values.data());
  auto* out = reinterpret_cast<uint8_t*>(back.data());
  CHECK(nrw_model_tensor_write(handle.model, 0, 0, 3, in, 240, nullptr) == NRW_OK);
  CHECK(nrw_model_tensor_read(handle.model, 0, 1, 2, out, 160, nullptr) == NRW_OK);
  CHECK(std::equal(back.begin(), back.end(), values.begin() + 20));
  nrw_error err;
  CHECK(nrw_model_tensor_read(handle.model, 0, 1, 2, out, 159, &err) == NRW_INVALID_ARGUMENT);
  CHECK(std::string(err.message) == "encoder.0.weight: 2 rows are 160 bytes, got 159");
  CHECK(nrw_model_tensor_read(handle.model, 0, 2, 2, out, 160, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_tensor_read(handle.model, 0, -1, 2, out, 160, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_tensor_read(handle.model, 99, 0, 1, out, 4, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_tensor_read(handle.model, 0, 0, 2, nullptr, 160, &err) == NRW_INVALID_ARGUMENT);
  int64_t tracked = 41, read = 0;
  CHECK(nrw_model_tensor_write(handle.model, 6, 0, 1, reinterpret_cast<uint8_t*>(&tracked), 8, nullptr) == NRW_OK);
  CHECK(nrw_model_tensor_read(handle.model, 6, 0, 1, reinterpret_cast<uint8_t*>(&read), 8, nullptr) == NRW_OK);
  CHECK(read == 41);
}

TEST(api_layers_and_estimate) {
  Handle handle(20);
  handle.build();
  double layer[8];
  uint32_t count = 0;
  CHECK(nrw_model_layer(handle.model, 2, layer, &count, nullptr) == NRW_OK);
  const double expected[8] = {NRW_DECODER, 1, NRW_LINEAR, 3, 20, 60, 3, NRW_NO_BIAS};
  CHECK(count == 3 && std::equal(layer, layer + 8, expected));
  CHECK(nrw_model_layer(handle.model, 3, layer, &count, nullptr) == NRW_INVALID_ARGUMENT);
  double estimate[6];
  CHECK(nrw_model_estimate(handle.model, 8, 5, estimate, nullptr) == NRW_OK);
  CHECK(estimate[5] == 60 + 3 + 6 + 60 && estimate[4] == estimate[0] + estimate[1] + estimate[2]);
  CHECK(nrw_model_estimate(handle.model, 0, 5, estimate, nullptr) == NRW_INVALID_ARGUMENT);
}

TEST(api_errors_name_what_is_wrong) {
  nrw_error err;
  nrw_model* model = nullptr;
  CHECK(nrw_model_create(0, 1, 1, &model, &err) == NRW_INVALID_ARGUMENT && model == nullptr);
  CHECK(nrw_model_create(5, 1, 0, &model, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_create(5, 1, 1, nullptr, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_build(nullptr, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_close(nullptr, &err) == NRW_OK);
  Handle handle(20);
  CHECK(handle.layer(NRW_ENCODER, NRW_RELU, 0) == NRW_OK);
  CHECK(handle.layer(NRW_DECODER, NRW_LINEAR, 20, 64, &err) == NRW_INVALID_ARGUMENT);
  const double factored[6] = {1.5, 1e-3, 0.1, 0, 0, 0};
  CHECK(nrw_model_set_factored(handle.model, factored, &err) == NRW_INVALID_ARGUMENT);
  CHECK(std::strstr(err.message, "beta") != nullptr && std::strstr(err.message, "1.5") != nullptr);
  const double no_rule[6] = {0.99, 1e-3, 0.1, 0, 2, 0}, negative[6] = {0.99, 1e-3, 0.1, 0, NRW_FACTORED_SGD, -1};
  CHECK(nrw_model_set_factored(handle.model, no_rule, &err) == NRW_INVALID_ARGUMENT);
  CHECK(std::strstr(err.message, "rule") != nullptr);
  CHECK(nrw_model_set_factored(handle.model, negative, &err) == NRW_INVALID_ARGUMENT);
  CHECK(std::strstr(err.message, "weight_decay") != nullptr);
  CHECK(handle.layer(7, NRW_RELU, 0, 0, &err) == NRW_INVALID_ARGUMENT);
  CHECK(handle.layer(NRW_DECODER, NRW_LINEAR, 20) == NRW_OK);
  CHECK(nrw_model_build(handle.model, &err) == NRW_INVALID_ARGUMENT);
  CHECK(std::string(err.message) == "encoder.0: the first layer must be linear");
  CHECK(nrw_model_set_loss(handle.model, 1, 0, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_set_loss(handle.model, 0, 3, &err) == NRW_INVALID_ARGUMENT);
  const double adam[6] = {0, 0, 0, 0.9, 1.5, 1e-8};
  CHECK(nrw_model_set_optimizer(handle.model, NRW_ADAM, adam, 0, &err) == NRW_INVALID_ARGUMENT);
  CHECK(std::strstr(err.message, "beta2") != nullptr && std::strstr(err.message, "1.5") != nullptr);
  double step = 0;
  CHECK(nrw_model_set_step(handle.model, 1.5, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_set_step(handle.model, 12, &err) == NRW_OK);
  CHECK(nrw_model_get_step(handle.model, &step, &err) == NRW_OK && step == 12);
  double result[12];
  CHECK(nrw_train(handle.model, nullptr, nullptr, 0, 0, 0, result, nullptr, &err) == NRW_INVALID_ARGUMENT);
}

TEST(api_info_lines) {
  CHECK(nrw_abi_version() == NRW_ABI_VERSION);
  char text[2048];
  uint32_t written = 0;
  CHECK(nrw_info(text, sizeof text, &written, nullptr) == NRW_OK);
  const std::string all(text, written);
  for (const char* key : {"version=", "\ncompiler=", "\nbuild_type=", "\nisa=", "\nisa_reason=", "\nisa_available=",
                          "\ninflate=", "\nthreads=", "\nmemory_total=", "\nmemory_available="}) {
    CHECK(all.find(key) != std::string::npos);
  }
  const auto number = [&](const char* key) { return std::stod(all.substr(all.find(key) + std::strlen(key))); };
  CHECK(number("\nthreads=") >= 1);
  CHECK(number("\nmemory_available=") > 0 && number("\nmemory_available=") <= number("\nmemory_total="));
  nrw_error err;
  CHECK(nrw_info(text, 10, &written, &err) == NRW_INVALID_ARGUMENT && written > 10);
}

TEST(api_twins_are_made_while_the_model_is_in_use) {
  Handle handle(20000);
  nrw_model* twin = nullptr;
  CHECK(nrw_model_twin(handle.model, &twin, nullptr) == NRW_INVALID_ARGUMENT && twin == nullptr);
  handle.build();
  std::vector<float> first(3 * 20000), copied(first.size());
  const auto read = [](nrw_model* model, std::vector<float>& into) {
    return nrw_model_tensor_read(model, 0, 0, 3, reinterpret_cast<uint8_t*>(into.data()),
                                 static_cast<double>(into.size() * sizeof(float)), nullptr);
  };
  std::atomic<bool> done{false};
  std::atomic<int> reads{0}, refused{0};
  std::thread user([&] {
    for (; !done; ++reads) refused += read(handle.model, first) != NRW_OK;
  });
  while (reads == 0) std::this_thread::yield();
  for (int i = 0; i < 50; ++i) {
    CHECK(nrw_model_twin(handle.model, &twin, nullptr) == NRW_OK);
    if (i + 1 < 50) CHECK(nrw_model_close(twin, nullptr) == NRW_OK);
  }
  done = true;
  user.join();
  CHECK(refused == 0);
  CHECK(nrw_model_copy(twin, handle.model, nullptr) == NRW_OK);
  CHECK(read(twin, copied) == NRW_OK && copied == first);
  CHECK(nrw_model_close(twin, nullptr) == NRW_OK);
}
