// A training step of one network of neurons in six forms, from one object for each neuron to the form of the engine.
// Each form makes the same step from the same weights, and is compared with the objects in double before it is timed.
//   bench_locality [neurons fan_in rounds rows]   (default 16384 16 4 128)
// The file is compiled without vectors (CMakeLists.txt), so that each form changes one thing; the loops of the engine
// are elsewhere. Prints JSON: {"network": {...}, "forms": [{"name", "threads", "error", and lists of milliseconds, one
// a step: "forward", "backward", "update"}...]}.
#include <cstdio>
#include <cstdlib>
#include <memory>

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

// make(threads) makes the form anew: once to compare its first step, once to time its steps. Numbers of threads take
// turns, a step each, so that what else the machine does falls on all of them.
template <class Make>
bool measure(const char* name, std::vector<unsigned> threads, Task& task, const Result& right, Make&& make) {
  std::vector<double> wrong;
  task.rate = 1;
  for (const unsigned n : threads) {
    const auto form = make(n);
    form->step();
    wrong.push_back(error(form->result(), right, task));
    if (wrong.back() <= 1e-5) continue;
    std::fprintf(stderr, "%s, %u threads: differs by %.3g from the objects in double, so it is not timed\n", name, n,
                 wrong.back());
    return false;
  }
  task.rate = 1e-4f;
  std::vector<decltype(make(1u))> forms;
  for (const unsigned n : threads) {
    forms.push_back(make(n));
    forms.back()->step();
  }
  std::vector<std::vector<Seconds>> all(threads.size());
  for (double total = 0; all[0].size() < 5 || (total < 5 && all[0].size() < 200);) {
    for (size_t i = 0; i < forms.size(); ++i) {
      const Seconds seconds = forms[i]->step();
      all[i].push_back(seconds);
      total += seconds.forward + seconds.backward + seconds.update;
    }
  }
  for (size_t i = 0; i < threads.size(); ++i) {
    std::printf("%s\n  {\"name\": \"%s\", \"threads\": %u, \"error\": %.3g", first_form ? "" : ",", name, threads[i],
                wrong[i]);
    const auto list = [&](const char* key, double Seconds::*part) {
      std::printf(", \"%s\": [", key);
      for (size_t k = 0; k < all[i].size(); ++k) std::printf("%s%.6g", k == 0 ? "" : ", ", 1e3 * all[i][k].*part);
      std::printf("]");
    };
    list("forward", &Seconds::forward);
    list("backward", &Seconds::backward);
    list("update", &Seconds::update);
    std::printf("}");
    first_form = false;
  }
  std::fflush(stdout);
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
  const auto engine = [&](bool ordered, bool within) {
    return [&task, ordered, within](unsigned n) { return std::make_unique<Engine>(task, n, ordered, within); };
  };
  const auto flat = [&](uint32_t together) {
    return [&task, together](unsigned) { return std::make_unique<Flat>(task, together); };
  };
  const bool good = measure("objects", {1}, task, right, [&](unsigned) { return std::make_unique<Objects>(task); }) &&
                    measure("flat arrays", {1}, task, right, flat(1)) &&
                    measure("whole batch", {1}, task, right, flat(task.rows)) &&
                    measure("vectors", {1, 2}, task, right, engine(false, false)) &&
                    measure("parts", {1, 2}, task, right, engine(true, false)) &&
                    measure("no accumulators", {1, 2}, task, right, engine(true, true));
  std::printf("]}\n");
  return good ? 0 : 1;
}
