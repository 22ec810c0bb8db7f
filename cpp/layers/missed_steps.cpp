#include "layers/missed_steps.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "layers/quadrature.h"

namespace nrw {

namespace {

bool is_adam(const OptimizerStep& s) noexcept {
  return s.kind == OptimizerKind::kAdam || s.kind == OptimizerKind::kAdamW;
}

// While Adam's bias correction of v changes fast, the steps missed since step l need a third node.
bool fast(const OptimizerStep& s, double l) noexcept { return l < 3 / (1 - s.beta1); }

// The quadrature over y = log q, from its origin on, in the catch-up's terms: sum of g / (s + eps q) ~ sum of
// weight / (s + offset).
void set_nodes(const Quadrature& nodes, double origin, double eps, CatchUp& c) noexcept {
  static_assert(std::extent_v<decltype(CatchUp::weight)> == Quadrature::kMost);
  for (size_t k = 0; k < Quadrature::kMost; ++k) {
    c.weight[k] = static_cast<float>(nodes.weight[k]);
    c.offset[k] = static_cast<float>(eps * (k < nodes.count ? std::exp(origin + nodes.place[k]) : 1));
  }
}

}  // namespace

bool MissedSteps::has_closed_form(const OptimizerStep& s) noexcept {
  switch (s.kind) {
    case OptimizerKind::kSgd:
      return s.momentum != 0 || s.weight_decay != 0;
    case OptimizerKind::kAdam:
      if (s.weight_decay != 0) return false;
      [[fallthrough]];
    case OptimizerKind::kAdamW:
      if (!(s.eps >= 1e-15f)) return false;  // the catch-up divides by its square
      return 1 - s.beta2 <= 0.1001 * (1 - s.beta1);
    case OptimizerKind::kRmsprop:
    case OptimizerKind::kRule:
      return false;
  }
  return false;
}

MissedSteps::MissedSteps(const OptimizerStep& settings, uint32_t columns) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.settings = settings;
  s.adam = is_adam(settings);
  if (s.adam) {
    // beta1^n < 1e-18: room for a learning rate that was a million times smaller at first.
    const double lasting = settings.beta1 > 0 ? std::ceil(std::log(1e-18) / std::log(settings.beta1)) : 1;
    s.lasting = static_cast<uint32_t>(std::clamp(lasting, 1.0, static_cast<double>(kMost)));
    double power1 = 1, power2 = 1;
    for (size_t n = 0; n <= kMost; ++n, power1 *= settings.beta1, power2 *= settings.beta2) {
      s.decay1[n] = static_cast<float>(power1);
      s.decay2[n] = static_cast<float>(power2);
    }
  }
  s.last = AlignedBuffer<uint32_t>(columns);
}

MissedSteps::View MissedSteps::view() const noexcept {
  View view;
  if (!any()) return view;
  view.state = state_.get();
  view.entries = state_->catch_up.data();
  view.count = state_->count;
  return view;
}

MissedSteps::View MissedSteps::keep_view(AlignedBuffer<CatchUp>& copy) const {
  View view = this->view();
  if (view.count == 0) return view;
  copy.reserve(kMost);
  std::copy_n(view.entries, view.count, copy.data());
  view.entries = copy.data();
  return view;
}

bool MissedSteps::update_all(const SparseBatch& batch, const OptimizerStep& step) const noexcept {
  const State& s = *state_;
  if (s.count == kMost || step.step >= 0x1.0p32) return true;
  if (number(step) != s.base + s.count + 1) return true;  // the step count was set by hand
  return kManyDenominator * batch.touched > kManyNumerator * batch.columns;
}

void MissedSteps::end_step(const OptimizerStep& step) noexcept { add_step(static_cast<double>(step.learning_rate)); }

void MissedSteps::end_step_of_all(const OptimizerStep& step) noexcept {
  State& s = *state_;
  const uint32_t now = number(step);
  if (now <= s.base + s.count) s.last.zero();  // set back by hand: later steps have other numbers than these
  s.base = now;
  s.count = 0;
}

void MissedSteps::clear() noexcept {
  if (!any()) return;
  state_->base += state_->count;
  state_->count = 0;
}

void MissedSteps::add_step(double learning_rate) noexcept {
  State& s = *state_;
  s.rate[s.count++] = learning_rate;
  if (is_adam(s.settings)) {
    add_adam(learning_rate);
  } else {
    add_sgd(learning_rate);
  }
}

// At step t a row last updated at step l has, with n = t - l, m_t = beta1^n m and v_t = beta2^n v, and moves by
// m g / (s + eps q), where s = sqrt(v), q = sqrt(1 - beta2^t) beta2^(-n/2) and g = rate beta1^n q / (1 - beta1^t).
void MissedSteps::add_adam(double learning_rate) noexcept {
  State& s = *state_;
  const double t = static_cast<double>(s.base) + s.count, beta1 = s.settings.beta1, beta2 = s.settings.beta2;
  const double rate = learning_rate / (1 - std::pow(beta1, t)), eps = static_cast<double>(s.settings.eps);
  const bool decoupled = s.settings.kind == OptimizerKind::kAdamW;
  const double keep = decoupled ? 1 - learning_rate * static_cast<double>(s.settings.weight_decay) : 1;
  const double root = 1 / std::sqrt(beta2), growth = std::log(root);
  double q = std::sqrt(1 - std::pow(beta2, t)), y = std::log(q), power1 = 1;
  const uint32_t recent = std::min(s.count, s.lasting);
  for (uint32_t i = s.count; i-- > s.count - recent;) {
    power1 *= beta1;
    q *= root;
    y += growth;
    MissedState::Sums& sums = s.sums[i];
    if (i + 1 == s.count) {
      sums = {1};
      s.origin[i] = y;
    }
    const size_t nodes = fast(s.settings, static_cast<double>(s.base) + i) ? 3 : 2;
    double term = rate * power1 * q;
    sums[0] *= keep;
    for (size_t k = 1; k <= 2 * nodes; ++k, term *= y - s.origin[i]) sums[k] = sums[k] * keep + term;
    CatchUp& c = s.catch_up[i];
    c.keep = static_cast<float>(sums[0]);
    if (!(sums[1] > 0)) {
      c.weight[0] = c.weight[1] = c.weight[2] = 0;
      continue;
    }
    const Quadrature quadrature(sums.data() + 1, nodes);
    set_nodes(quadrature, s.origin[i], eps, c);
    if (s.count - i == s.lasting) std::copy_n(quadrature.weight, 3, sums.begin() + 1);
  }
  if (keep == 1) return;
  for (uint32_t i = 0; i < s.count - recent; ++i) {
    MissedState::Sums& sums = s.sums[i];
    for (size_t k = 0; k < 4; ++k) sums[k] *= keep;
    CatchUp& c = s.catch_up[i];
    c.keep = static_cast<float>(sums[0]);
    for (size_t k = 0; k < 3; ++k) c.weight[k] = static_cast<float>(sums[k + 1]);
  }
}

// One step without a gradient: buffer' = momentum buffer + decay w; w' = w - rate (buffer', or with Nesterov's form
// decay w + momentum buffer').
void MissedSteps::add_sgd(double learning_rate) noexcept {
  State& s = *state_;
  const double decay = static_cast<double>(s.settings.weight_decay), mu = static_cast<double>(s.settings.momentum);
  const double from_buffer = s.settings.nesterov ? mu : 1, from_decay = s.settings.nesterov ? 1 : 0;
  for (uint32_t i = 0; i < s.count; ++i) {
    MissedState::Sums& a = s.sums[i];
    if (i + 1 == s.count) a = {1, 0, 0, 1, 0};
    for (size_t column = 0; column < 2; ++column) {  // of the matrix a[0] a[1], a[2] a[3]
      const double w = a[column], buffer = mu * a[2 + column] + decay * w;
      a[column] = w - learning_rate * (from_buffer * buffer + from_decay * decay * w);
      a[2 + column] = buffer;
    }
    CatchUp& c = s.catch_up[i];
    c.keep = static_cast<float>(a[0]);
    c.from_s1 = static_cast<float>(a[1]);
    c.s1_from_w = static_cast<float>(a[2]);
    c.decay1 = static_cast<float>(a[3]);
  }
}

std::array<double, MissedSteps::kMost + 1> MissedSteps::history() const noexcept {
  std::array<double, kMost + 1> history;
  history.fill(-1);
  history[0] = state_->base;
  std::copy_n(state_->rate.begin(), state_->count, history.begin() + 1);
  return history;
}

void MissedSteps::set_history(const std::array<double, kMost + 1>& history) noexcept {
  State& s = *state_;
  const double base = history[0];
  s.base = base >= 0 && base < 0x1.0p32 ? static_cast<uint32_t>(base) : 0;
  s.count = 0;
  for (size_t i = 1; i <= kMost && history[i] >= 0 && std::isfinite(history[i]); ++i) add_step(history[i]);
}

}  // namespace nrw
