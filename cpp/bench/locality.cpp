// A training step of one network of neurons in six forms, from one object for each neuron to the form of the engine.
// Each form makes the same step from the same weights, and is compared with the objects in double before it is timed.
//   bench_locality [neurons fan_in rounds rows]   (default 16384 16 4 128)
// The file is compiled without vectors (CMakeLists.txt), so that each form changes one thing; the loops of the engine
// are elsewhere. Prints JSON: {"network": {...}, "forms": [{"name", "threads", "error", and lists of milliseconds, one
// a step: "forward", "backward", "update"}...]}.
#include <cstdio>
#include <cstdlib>

#include "locality_forms.h"
#include "numeric_gradient.h"

using namespace nrw;
using namespace nrw::bench;
using check::random_values;

namespace {

// The step in double.
Result oracle(const Task& task) {
  NeuronObjects<double> net(task.wiring, task.rounds, kF);
  net.each_connection([&](auto& c, uint64_t k) { c.weight = static_cast<double>(task.weight[k]); });
  for (uint32_t n = 0; n < task.wiring.neurons; ++n) net.neuron(n).bias = static_cast<double>(task.bias[n]);
  Result result = Objects::sized(task);
  std::vector<double> y(kOutputs), d_x(kInputs);
  for (uint32_t row = 0; row < task.rows; ++row) {
    const float *const x = task.x.data() + row * kInputs, *const d_y = task.d_y.data() + row * kOutputs;
    net.forward(std::vector<double>(x, x + kInputs).data(), y.data());
    net.backward(std::vector<double>(d_y, d_y + kOutputs).data(), d_x.data());
    std::copy(y.begin(), y.end(), result.y.begin() + row * kOutputs);
    std::copy(d_x.begin(), d_x.end(), result.d_x.begin() + row * kInputs);
  }
  const double rate = static_cast<double>(task.rate);
  net.each_connection([&](auto& c, uint64_t k) { result.weight[k] = float(c.weight - rate * c.gradient); });
  for (uint32_t n = 0; n < task.wiring.neurons; ++n) {
    result.bias[n] = float(net.neuron(n).bias - rate * net.neuron(n).bias_gradient);
  }
  return result;
}

// The largest difference, as a share of the largest value; of weights, of the largest change.
double error(const Result& found, const Result& right, const Task& task) {
  const auto of = [](const std::vector<float>& a, const std::vector<float>& b, const std::vector<float>* from) {
    double difference = 0, largest = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      difference = std::fmax(difference, std::fabs(double(a[i]) - double(b[i])));
      largest = std::fmax(largest, std::fabs(double(b[i]) - (from == nullptr ? 0 : double((*from)[i]))));
      if (!std::isfinite(a[i])) return double(INFINITY);
    }
    return difference / largest;
  };
  return std::fmax(std::fmax(of(found.y, right.y, nullptr), of(found.d_x, right.d_x, nullptr)),
                   std::fmax(of(found.weight, right.weight, &task.weight), of(found.bias, right.bias, &task.bias)));
}

bool first_form = true;

// `make` makes the form anew: once to compare its first step, once to time its steps.
template <class Make>
bool measure(const char* name, unsigned threads, Task& task, const Result& right, Make&& make) {
  double wrong = 0;
  task.rate = 1;
  {
    auto form = make();
    form.step();
    wrong = error(form.result(), right, task);
  }
  if (!(wrong <= 1e-5)) {
    std::fprintf(stderr, "%s, %u threads: differs by %.3g from the objects in double, so it is not timed\n", name,
                 threads, wrong);
    return false;
  }
  task.rate = 1e-4f;
  auto form = make();
  form.step();
  std::vector<Seconds> all;
  for (double total = 0; all.size() < 5 || (total < 2 && all.size() < 200);) {
    all.push_back(form.step());
    total += all.back().forward + all.back().backward + all.back().update;
  }
  std::printf("%s\n  {\"name\": \"%s\", \"threads\": %u, \"error\": %.3g", first_form ? "" : ",", name, threads, wrong);
  const auto list = [&](const char* key, double Seconds::*part) {
    std::printf(", \"%s\": [", key);
    for (size_t i = 0; i < all.size(); ++i) std::printf("%s%.6g", i == 0 ? "" : ", ", 1e3 * all[i].*part);
    std::printf("]");
  };
  list("forward", &Seconds::forward);
  list("backward", &Seconds::backward);
  list("update", &Seconds::update);
  std::printf("}");
  std::fflush(stdout);
  first_form = false;
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  const auto argument = [&](int i, uint32_t otherwise) {
    return count > i ? static_cast<uint32_t>(std::atoi(arguments[i])) : otherwise;
  };
  Task task;
  task.wiring = small_world(argument(1, 16384), argument(2, 16));
  task.rounds = argument(3, 4);
  task.rows = argument(4, 128);
  const Wiring& wiring = task.wiring;
  task.weight = random_values<float>(wiring.size(), 1);
  for (float& w : task.weight) w *= 0.3f;
  task.bias = random_values<float>(wiring.neurons, 2);
  task.x = random_values<float>(size_t{task.rows} * kInputs, 3);
  task.d_y = random_values<float>(size_t{task.rows} * kOutputs, 4);
  for (float& d : task.d_y) d /= static_cast<float>(task.rows);
  const Result right = oracle(task);
  std::printf(
      "{\"network\": {\"neurons\": %u, \"connections\": %llu, \"rounds\": %u, \"rows\": %u, \"kernels\": \"%s\"},\n"
      "\"forms\": [",
      wiring.neurons, static_cast<unsigned long long>(wiring.size()), task.rounds, task.rows, kernels().name);
  bool good = measure("objects", 1, task, right, [&] { return Objects(task); }) &&
              measure("flat arrays", 1, task, right, [&] { return Flat(task, 1); }) &&
              measure("whole batch", 1, task, right, [&] { return Flat(task, task.rows); });
  for (const unsigned threads : {1u, 2u}) {
    good = good && measure("vectors", threads, task, right, [&] { return Engine(task, threads, false, false); }) &&
           measure("parts", threads, task, right, [&] { return Engine(task, threads, true, false); }) &&
           measure("no accumulators", threads, task, right, [&] { return Engine(task, threads, true, true); });
  }
  std::printf("]}\n");
  return good ? 0 : 1;
}
