// Arrays that end where the memory ends: a read or write past them kills the test.
#include <sys/mman.h>
#include <unistd.h>

#include "kernels_common.h"

using namespace nrw;
using namespace nrw::check;

namespace {

class AtPageEnd {
 public:
  explicit AtPageEnd(size_t size) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    usable_ = (size * sizeof(float) + page - 1) / page * page;
    bytes_ = usable_ + page;
    memory_ = static_cast<char*>(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CHECK(memory_ != MAP_FAILED && mprotect(memory_ + usable_, page, PROT_NONE) == 0);
    data_ = reinterpret_cast<float*>(memory_ + usable_) - size;
    for (size_t i = 0; i < size; ++i) data_[i] = 0.5f;
  }
  AtPageEnd(const AtPageEnd&) = delete;
  AtPageEnd& operator=(const AtPageEnd&) = delete;
  ~AtPageEnd() { munmap(memory_, bytes_); }
  float* data() { return data_; }

 private:
  char* memory_;
  float* data_;
  size_t usable_, bytes_;
};

}  // namespace

TEST(vectors_are_not_read_past_their_end) {
  each_table([](const Kernels& table) {
    for (size_t n : kLengths) {
      AtPageEnd x(n), y(n), s1(n), s2(n);
      table.add(n, x.data(), y.data());
      table.axpy(n, 2, x.data(), y.data());
      for (size_t i = 0; i < n; ++i) CHECK_TABLE(table, y.data()[i] == 2);
      CHECK_CLOSE(table.dot(n, x.data(), y.data()), static_cast<double>(n), 0);
      CHECK_CLOSE(table.sum_squares(n, x.data()), 0.25 * static_cast<double>(n), 0);
      table.activate(Activation::kGelu, n, x.data(), 0, y.data());
      table.activate_backward(Activation::kGelu, n, x.data(), y.data(), 0, s1.data());
      table.update(n, OptimizerStep{}, x.data(), y.data(), s1.data(), s2.data());
    }
  });
}

TEST(matrices_are_not_read_past_their_end) {
  each_table([](const Kernels& table) {
    for (size_t m : {1u, 5u, 8u}) {
      for (size_t n : {1u, 17u, 63u, 64u, 70u}) {
        for (size_t k : {1u, 15u, 16u, 18u, 130u}) {
          for (bool transposed : {false, true}) {
            AtPageEnd a(m * k), b(k * n), c(m * n), packed(k * ((n + kPanel - 1) / kPanel * kPanel));
            table.pack_b(k, n, b.data(), transposed ? 1 : n, transposed ? k : 1, packed.data());
            table.gemm(m, n, k, a.data(), transposed ? 1 : k, transposed ? m : 1, packed.data(), c.data(), n, false);
            for (size_t i = 0; i < m * n; ++i) CHECK_TABLE(table, c.data()[i] == 0.25f * static_cast<float>(k));
          }
        }
      }
    }
  });
}
