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

constexpr const char* kNetwork =
    R"({"columns": 20, "seed": "1", "threads": 2, "encoder": [{"kind": "linear", "size": 3}],
        "decoder": [{"kind": "batch_norm"}, {"kind": "linear", "size": "output", "bias": false}]})";

int32_t create(const std::string& text, nrw_model** model, nrw_error* err = nullptr) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data());
  return nrw_model_create(bytes, static_cast<uint32_t>(text.size()), model, err);
}

struct Handle {
  nrw_model* model = nullptr;
  explicit Handle(const std::string& text = kNetwork) { CHECK(create(text, &model) == NRW_OK); }
  ~Handle() { CHECK(nrw_model_close(model, nullptr) == NRW_OK); }
  void build() { CHECK(nrw_model_build(model, nullptr) == NRW_OK); }
};

// The message with which a description is refused.
std::string refusal(const std::string& text) {
  nrw_error err;
  nrw_model* model = nullptr;
  CHECK(create(text, &model, &err) != NRW_OK && model == nullptr);
  return err.message;
}

}  // namespace

TEST(api_tensors_by_name_shape_and_role) {
  Handle handle;
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
    double shape[8];
    CHECK(nrw_model_tensor(handle.model, i, name, sizeof name, &bytes, shape, nullptr) == NRW_OK);
    const Expected& e = expected[i];
    CHECK(std::string(name, bytes) == e.name);
    CHECK(shape[0] == e.role && shape[1] == e.type && shape[2] == e.dimensions);
    CHECK(shape[3] == e.rows && shape[4] == e.columns && shape[5] == 0);
  }
}

TEST(api_tensor_read_and_write_check_their_arguments) {
  Handle handle;
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
  // One value of each row.
  auto* three = reinterpret_cast<uint8_t*>(back.data());
  CHECK(nrw_model_tensor_column(handle.model, 0, 7, three, 12, nullptr) == NRW_OK);
  CHECK(back[0] == 7 && back[1] == 27 && back[2] == 47);
  CHECK(nrw_model_tensor_column(handle.model, 0, 20, three, 12, &err) == NRW_INVALID_ARGUMENT);
  CHECK(std::string(err.message) == "encoder.0.weight: its rows have 20 values, and none at place 20");
  CHECK(nrw_model_tensor_column(handle.model, 0, 7, three, 8, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_tensor_column(handle.model, 0, -1, three, 12, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_tensor_column(handle.model, 6, 0, three, 8, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_tensor_column(handle.model, 0, 7, nullptr, 12, &err) == NRW_INVALID_ARGUMENT);
  int64_t tracked = 41, read = 0;
  CHECK(nrw_model_tensor_write(handle.model, 6, 0, 1, reinterpret_cast<uint8_t*>(&tracked), 8, nullptr) == NRW_OK);
  CHECK(nrw_model_tensor_read(handle.model, 6, 0, 1, reinterpret_cast<uint8_t*>(&read), 8, nullptr) == NRW_OK);
  CHECK(read == 41);
}

TEST(api_description_and_estimate) {
  Handle handle;
  char text[4096];
  uint32_t written = 0;
  CHECK(nrw_model_describe(handle.model, nullptr, 0, &written, nullptr) == NRW_OK && written > 100);
  CHECK(nrw_model_describe(handle.model, text, 10, &written, nullptr) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_describe(handle.model, text, sizeof text, &written, nullptr) == NRW_OK);
  const std::string all(text, written);
  for (const char* part :
       {R"("columns": 20)", R"("latent": {"size": 3, "shape": [3]})", R"("parameters": 129)",
        R"("part": "decoder", "index": 1, "kind": "linear", "input": [3], "output": [20], "parameters": 60)",
        R"("solver": "tile-fused", "settings": {"size": 20, "bias": false, "init": "default")"}) {
    CHECK(all.find(part) != std::string::npos);
  }
  double estimate[6];
  CHECK(nrw_model_estimate(handle.model, 8, 5, estimate, nullptr) == NRW_OK);
  CHECK(estimate[5] == 60 + 3 + 6 + 60 && estimate[4] == estimate[0] + estimate[1] + estimate[2]);
  CHECK(nrw_model_estimate(handle.model, 0, 5, estimate, nullptr) == NRW_INVALID_ARGUMENT);
}

TEST(api_vocabulary) {
  uint32_t length = 0, written = 0;
  CHECK(nrw_vocabulary(nullptr, 0, &length, nullptr) == NRW_OK);
  std::string all(length, ' ');
  CHECK(nrw_vocabulary(all.data(), length, &written, nullptr) == NRW_OK && written == length);
  for (const char* name : {"\"linear\"", "\"mse\"", "\"rmsprop\""}) CHECK(all.find(name) != std::string::npos);
  nrw_error err;
  CHECK(nrw_vocabulary(all.data(), length - 1, &written, &err) == NRW_INVALID_ARGUMENT);
}

TEST(api_errors_name_what_is_wrong) {
  nrw_error err;
  CHECK(create(kNetwork, nullptr, &err) == NRW_INVALID_ARGUMENT);
  nrw_model* model = nullptr;
  CHECK(nrw_model_create(nullptr, 0, &model, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_build(nullptr, &err) == NRW_INVALID_ARGUMENT);
  CHECK(nrw_model_close(nullptr, &err) == NRW_OK);

  const std::string layers =
      R"("encoder": [{"kind": "linear", "size": 3}], "decoder": [{"kind": "linear", "size": 5}])";
  const auto with = [&](const std::string& more) { return refusal("{\"columns\": 5, " + layers + ", " + more + "}"); };
  const auto starts = [](const std::string& message, const char* start) {
    const bool good = message.rfind(start, 0) == 0;
    if (!good) nrw::check::failed(__FILE__, __LINE__, message);
    return good;
  };
  CHECK(starts(refusal("{\"columns\": 0, " + layers + "}"), "columns: must be at least 1, got 0"));
  CHECK(starts(refusal("{" + layers + "}"), "columns: is missing"));
  CHECK(starts(refusal("{\"columns\": 5"), "the description of the network is not JSON: byte 13"));
  CHECK(starts(with("\"threads\": 0"), "threads: must be in [1, 1024]"));
  CHECK(starts(with("\"depth\": 2"), "depth: is not a setting here"));
  CHECK(starts(with("\"seed\": \"-1\""), "seed: must be"));
  CHECK(starts(with("\"loss\": {\"kind\": \"mean\"}"), "loss.kind: must be one of mse"));
  CHECK(starts(with("\"loss\": {\"kind\": \"mse\", \"reduction\": \"most\"}"), "loss.reduction: must be one of mean"));
  CHECK(
      starts(with("\"optimizer\": {\"name\": \"adam\", \"betas\": [0.9, 1.5]}"), "optimizer.betas: must be in [0, 1)"));
  CHECK(starts(with("\"optimizer\": {\"name\": \"sgd\", \"nesterov\": true}"), "optimizer.nesterov: needs a momentum"));
  CHECK(starts(with("\"optimizer\": {\"name\": \"sgd\", \"betas\": [0.9, 0.5]}"),
               "optimizer.betas: is not a setting here"));

  Handle handle;
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
  std::string wide = kNetwork;
  wide.replace(wide.find("20"), 2, "20000");
  Handle handle(wide);
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
