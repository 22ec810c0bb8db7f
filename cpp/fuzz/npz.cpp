// libFuzzer target: any bytes as an .npz or .npy file; what opens is cut into batches. From the repository's root:
//
//   mkdir -p build/corpus && cp FILES.np[yz] build/corpus   # small ones: every form of type, order and compression
//   flags="-std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
//   clang++ $flags -Icpp -Icpp/include cpp/{base,data}/*.cpp cpp/fuzz/npz.cpp -ldeflate -o build/fuzz_npz
//   build/fuzz_npz -max_total_time=60 -max_len=4096 build/corpus
//
// That macro switches the checksums off, which random changes would never get past.
#include <algorithm>
#include <numeric>

#include "base/status.h"
#include "data/cut.h"
#include "data/dense_cut.h"
#include "data/npy_chunk.h"

using namespace nrw;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  constexpr uint64_t kBudget = 16 << 20;
  constexpr uint64_t kRows = 64;
  try {
    const std::span<const uint8_t> file(bytes, size);
    const auto chunk = is_npy(file) ? Chunk::from_npy(file, Mapping(), "fuzz.npy")
                                    : Chunk::from_archive(file, Mapping(), "fuzz.npz", kBudget);
    const std::vector<uint64_t> first_rows{0};
    const RowWindow window({chunk}, first_rows);
    CutOptions options;
    options.mask_rate = 0.1;
    options.transforms = {{TransformKind::kLibrarySize, 1e4}, {TransformKind::kLog1p}};
    std::vector<uint32_t> rows(std::min(kRows, window.rows()));
    std::iota(rows.begin(), rows.end(), 0u);
    if (window.dense()) {
      DenseBatch batch;
      DenseCutter(window, options).cut(rows, batch);
    } else {
      SparseBatch batch;
      Cutter(window, options).cut(rows, batch);
    }
  } catch (const Error& error) {
    const std::string message = error.what();
    if (message.find('\n') != std::string::npos) __builtin_trap();
  }
  return 0;
}
