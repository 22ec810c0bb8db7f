// Rows that lie in a file of another format, mapped: files that are shortened or overwritten while they are in use, and
// places that the file does not have.
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <numeric>

#include "check.h"
#include "data/batch_creator.h"

using namespace nrw;

namespace {

constexpr uint64_t kHead = 21, kRows = 4000, kColumns = 96;  // the values begin at an odd byte

// A file of kRows x kColumns values of a type, all of them 1, that is gone at the end of a test.
struct Shard {
  explicit Shard(ElementType of) : type(of) {
    char name[] = "/tmp/narrows-shard-XXXXXX";
    const int file = mkstemp(name);
    CHECK(file >= 0);
    close(file);
    path = name;
    const std::string one = bytes_of(1);
    std::string text(kHead, '?');
    for (uint64_t i = 0; i < kRows * kColumns; ++i) text += one;
    std::ofstream(path, std::ios::binary) << text;
  }
  ~Shard() { std::remove(path.c_str()); }

  std::string bytes_of(float value) const {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    uint16_t half = static_cast<uint16_t>(bits >> 16);  // bfloat16
    if (type == ElementType::kF16) half = value == 1 ? 0x3C00 : 0x7E00;
    if (type == ElementType::kF32) return {reinterpret_cast<const char*>(&bits), sizeof bits};
    return {reinterpret_cast<const char*>(&half), sizeof half};
  }
  std::shared_ptr<const Chunk> open(uint64_t first_row = 0) const {
    return Chunk::open_matrix(path, {kHead, kRows, kColumns, type, first_row, true});
  }

  const ElementType type;
  std::string path;
};

// Takes all batches of rows in order. Returns the message that ends them, or "" where none does.
std::string error_of(const std::shared_ptr<const Chunk>& chunk, uint32_t workers) {
  std::vector<uint32_t> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0u);
  const std::vector<uint64_t> first_rows{0};
  BatchOptions options;
  options.batch_size = 100;
  options.workers = workers;
  options.preload = 2;
  BatchCreator creator({chunk}, first_rows, rows, options);
  size_t taken = 0;
  try {
    while (const Batch* batch = creator.next()) {
      ++taken;
      for (size_t c = 0; c < kColumns; ++c)
        CHECK(batch->dense().targets_of(c)[7] == 1);  // never a zero in place of a value
    }
  } catch (const Error& error) {
    return error.what();
  }
  CHECK(taken == kRows / 100);
  return "";
}

const ElementType kTypes[] = {ElementType::kF16, ElementType::kBf16, ElementType::kF32};

}  // namespace

TEST(shards_that_are_shortened_while_they_are_mapped) {
  for (const ElementType type : kTypes) {
    for (const uint32_t workers : {1u, 3u}) {
      const Shard shard(type);
      const auto chunk = shard.open();
      CHECK(error_of(chunk, workers) == "");
      const uint64_t whole = kHead + kRows * kColumns * size_of(type);
      for (const uint64_t size : {whole - 1, whole - 70 * kColumns, whole / 2, uint64_t{5}, uint64_t{0}}) {
        CHECK(truncate(shard.path.c_str(), static_cast<off_t>(size)) == 0);
        const std::string said = error_of(chunk, workers);
        CHECK(said.find("the file became shorter while it was read; restore it") != std::string::npos);
        CHECK_THROWS(shard.open(), NRW_FORMAT);
      }
    }
  }
}

// The mapping has what is written into the file. A row is named as the file numbers it.
TEST(shards_that_are_overwritten_while_they_are_mapped) {
  for (const ElementType type : kTypes) {
    const Shard shard(type);
    const auto chunk = shard.open(5000);
    CHECK(error_of(chunk, 2) == "");
    std::fstream file(shard.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(kHead + (1234 * kColumns + 95) * size_of(type)));
    file << shard.bytes_of(std::numeric_limits<float>::quiet_NaN());
    file.close();
    const std::string said = error_of(chunk, 2);
    CHECK(said.find(": row 6234, column 95: a value of nan is not a finite 32-bit float") != std::string::npos);
  }
}

TEST(shards_of_places_that_the_file_does_not_have) {
  const Shard shard(ElementType::kBf16);
  const auto refused = [&](uint64_t offset, uint64_t rows, uint64_t columns, const char* wanted) {
    try {
      Chunk::open_matrix(shard.path, {offset, rows, columns, shard.type, 0, true});
    } catch (const Error& error) {
      return error.code() == NRW_FORMAT && std::string(error.what()).find(wanted) != std::string::npos;
    }
    return false;
  };
  constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max(), kWide = std::numeric_limits<uint32_t>::max();
  CHECK(refused(kHead, kRows + 1, kColumns, "are more than its"));
  CHECK(refused(kHead + 1, kRows, kColumns, "are more than its"));
  CHECK(refused(kHead, kWide, kWide, "are more than its"));
  CHECK(refused(kHuge, 1, 1, "are more than its"));
  CHECK(refused(kHuge - 1, kRows, kColumns, "are more than its"));
  CHECK(refused(kHead, kHuge, 1, "must have sizes below 2^32"));
  CHECK(refused(kHead, 1, kHuge, "must have sizes below 2^32"));
  CHECK(refused(kHead, kRows, 0, "must have sizes below 2^32, and columns"));
  CHECK(Chunk::open_matrix(shard.path, {kHead, 0, 3, shard.type, 0, true})->info().nnz == 0);
}
