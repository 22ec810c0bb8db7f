#include "base/thread_pool.h"

#include <vector>

#include "base/philox.h"
#include "check.h"

using namespace nrw;

TEST(thread_pool_runs_every_task_once) {
  for (unsigned threads : {1u, 2u, 3u, 8u}) {
    ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    for (size_t tasks : {0u, 1u, 2u, 7u, 1000u}) {
      std::vector<int> ran(tasks, 0);
      for (int repeat = 0; repeat < 50; ++repeat) pool.run(tasks, [&](size_t task, unsigned) { ++ran[task]; });
      for (int count : ran) CHECK(count == 50);
    }
  }
}

// Known answers of the paper's reference code (kat_vectors): philox4x32-10.
TEST(philox_known_answers) {
  const auto zero = philox(0, {0, 0, 0, 0});
  CHECK(zero[0] == 0x6627e8d5u && zero[1] == 0xe169c58du && zero[2] == 0xbc57ac4cu && zero[3] == 0x9b00dbd8u);
  const auto ones = philox(~uint64_t{0}, {~0u, ~0u, ~0u, ~0u});
  CHECK(ones[0] == 0x408f276du && ones[1] == 0x41c83b0eu && ones[2] == 0xa20bc7c6u && ones[3] == 0x6d5451fdu);
}
