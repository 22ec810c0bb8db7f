#include "base/float_mode.h"

#include "base/thread_pool.h"
#include "check.h"

using namespace nrw;

namespace {
// A denormal product, which the compiler cannot work out.
float tiny() noexcept {
  volatile float least = 1.17549435e-38f;
  return least * 0.25f;
}
}  // namespace

TEST(denormals_are_flushed_while_an_object_lives) {
  CHECK(tiny() != 0);
  {
    const FlushToZero mode;
    CHECK(tiny() == 0);
    const FlushToZero inner;
    CHECK(tiny() == 0);
  }
  CHECK(tiny() != 0);
}

TEST(denormals_are_flushed_on_all_threads_of_a_pool) {
  const FlushToZero mode;
  ThreadPool pool(4);
  bool flushed[4000] = {};
  pool.run(4000, [&](size_t task, unsigned) { flushed[task] = tiny() == 0; });
  for (const bool one : flushed) CHECK(one);
}
