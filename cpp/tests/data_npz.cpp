// Well-formed .npz files in every form that is read.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/philox.h"
#include "check.h"
#include "data_writer.h"

using namespace nrw;
using namespace nrw::test;

namespace {

int64_t index_at(const uint8_t* bytes, ElementType type, uint64_t i) {
  return size_of(type) == 8 ? load<int64_t>(bytes, i) : load<int32_t>(bytes, i);
}

double value_at(const Chunk& chunk, uint64_t i) {
  return with_type(chunk.info().data_type,
                   [&](auto zero) { return static_cast<double>(load<decltype(zero)>(chunk.data(), i)); });
}

void check_equal(const Chunk& chunk, const Matrix& matrix) {
  const ChunkInfo& info = chunk.info();
  CHECK(info.rows == static_cast<uint64_t>(matrix.rows));
  CHECK(info.columns == static_cast<uint64_t>(matrix.columns));
  CHECK(info.nnz == matrix.indices.size());
  size_t different = 0;
  for (size_t i = 0; i < matrix.indptr.size(); ++i) {
    different += index_at(chunk.indptr(), info.indptr_type, i) != matrix.indptr[i];
    different += chunk.begin(i) != static_cast<uint64_t>(matrix.indptr[i]);
  }
  for (size_t k = 0; k < matrix.indices.size(); ++k) {
    different += index_at(chunk.indices(), info.indices_type, k) != matrix.indices[k];
    different += !(value_at(chunk, k) == matrix.values[k]);
  }
  CHECK(different == 0);
}

// The values as a type of that name holds them.
Matrix rounded(Matrix matrix, const std::string& type) {
  for (double& value : matrix.values) {
    if (type[1] != 'f') value = 1 + static_cast<int>(value) % 100;
    if (type[1] == 'b') value = 1;
  }
  return matrix;
}

// A file that is removed at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const Bytes& content) {
    const int file = mkstemp(name_);
    CHECK(file >= 0);
    CHECK(write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    close(file);
  }
  ~TemporaryFile() { std::remove(name_); }
  std::string path() const { return name_; }

 private:
  char name_[32] = "/tmp/narrows-test-XXXXXX";
};

}  // namespace

TEST(npz_reads_every_element_type) {
  const Matrix matrix = random_matrix(1, 20, 50, 7);
  CHECK(matrix.indices.size() > 50);
  const std::pair<const char*, ElementType> types[] = {
      {"<f4", ElementType::kF32}, {"<f8", ElementType::kF64}, {"|i1", ElementType::kI8},  {"<i2", ElementType::kI16},
      {"<i4", ElementType::kI32}, {"<i8", ElementType::kI64}, {"|u1", ElementType::kU8},  {"<u2", ElementType::kU16},
      {"<u4", ElementType::kU32}, {"<u8", ElementType::kU64}, {"|b1", ElementType::kBool}};
  for (const auto& [name, type] : types) {
    const Matrix expected = rounded(matrix, name);
    for (const char* index : {"<i4", "<i8", "<u4", "<u8"}) {
      for (const bool deflated : {true, false}) {
        const auto chunk = chunk_of(zip(members_of(expected, name, index, index, deflated)));
        CHECK(chunk->info().data_type == type);
        CHECK(chunk->info().mapped == (deflated ? 0u : 3u));
        CHECK((chunk->info().bytes_held == 0) == !deflated);
        check_equal(*chunk, expected);
      }
    }
  }
}

TEST(npz_members_in_any_order_stored_deflated_zip64_with_descriptors) {
  const Matrix matrix = random_matrix(2, 9, 30, 5);
  std::vector<Member> members = members_of(matrix);
  const auto by_name = [](const Member& a, const Member& b) { return a.name < b.name; };
  std::sort(members.begin(), members.end(), by_name);
  int files = 0;
  do {
    const auto words = draw(3, Purpose::kInit, 0, static_cast<uint64_t>(files));
    for (size_t i = 0; i < members.size(); ++i) {
      members[i].deflated = words[0] >> i & 1;
      members[i].zip64 = words[1] >> i & 1;
      members[i].descriptor = words[2] >> i & 1;
    }
    check_equal(*chunk_of(zip(members, words[3] & 1, words[3] & 2 ? "a comment" : "")), matrix);
    ++files;
  } while (std::next_permutation(members.begin(), members.end(), by_name));
  CHECK(files == 120);
}

TEST(npz_header_versions_unicode_format_and_other_members) {
  const Matrix matrix = random_matrix(4, 3, 8, 2);
  std::vector<Member> members = members_of(matrix);
  for (const int version : {1, 2, 3}) {
    members[0].content = npy("<i4", list_shape(matrix.indices.size()),
                             elements({matrix.indices.begin(), matrix.indices.end()}, "<i4"), version);
    check_equal(*chunk_of(zip(members)), matrix);
  }
  members[2].content = npy("<U3", "()", {'c', 0, 0, 0, 's', 0, 0, 0, 'r', 0, 0, 0});
  members.push_back({"_is_array.npy", npy("|b1", "()", {1})});
  members.push_back({"notes.txt", {'h', 'i'}});
  check_equal(*chunk_of(zip(members)), matrix);
}

TEST(npz_reads_fortran_order_of_one_dimension) {
  const Matrix matrix = random_matrix(5, 3, 8, 2);
  std::vector<Member> members = members_of(matrix);
  std::string text(members[0].content.begin(), members[0].content.end());
  text.replace(text.find("False"), 5, "True ");
  members[0].content.assign(text.begin(), text.end());
  check_equal(*chunk_of(zip(members)), matrix);
}

TEST(npz_reads_empty_matrices) {
  Matrix none;
  none.columns = 5;
  check_equal(*chunk_of(none), none);
  Matrix one = none;
  one.rows = 1;
  one.indptr = {0, 0};
  check_equal(*chunk_of(one), one);
  check_equal(*chunk_of(zip(members_of(one, "<f4", "<i8", "<i8", false))), one);
}

TEST(npz_budget_covers_deflated_members_only) {
  const Matrix matrix = random_matrix(6, 50, 40, 20);
  const Bytes deflated = zip(members_of(matrix));
  const uint64_t held = chunk_of(deflated)->info().bytes_held;
  CHECK(held > 8 * matrix.indices.size());
  check_equal(*chunk_of(deflated, held), matrix);
  CHECK_THROWS(open_bytes(deflated, held - 1), NRW_OUT_OF_MEMORY);
  check_equal(*chunk_of(zip(members_of(matrix, "<f4", "<i4", "<i4", false)), 1), matrix);
}

// Headers lie in the first block of a deflate stream, whatever that is: incompressible data makes stored blocks.
TEST(npz_files_peek_tells_what_open_tells) {
  Matrix matrix;
  matrix.rows = 1;
  matrix.columns = 1 << 20;
  for (int64_t k = 0; k < 60000; ++k) {
    const auto words = draw(7, Purpose::kInit, 0, static_cast<uint64_t>(k));
    matrix.indices.push_back(words[0] & 0xFFFFF);
    matrix.values.push_back(1 + uniform(words[1], words[2]));
  }
  matrix.indptr.push_back(60000);
  for (const bool deflated : {true, false}) {
    const TemporaryFile file(zip(members_of(matrix, "<f8", "<i4", "<i8", deflated)));
    const ChunkInfo peeked = Chunk::peek(file.path());
    const auto chunk = Chunk::open(file.path(), 0);
    check_equal(*chunk, matrix);
    CHECK(peeked.rows == 1 && peeked.columns == 1 << 20 && peeked.nnz == 60000);
    CHECK(peeked.data_type == ElementType::kF64 && peeked.indices_type == ElementType::kI32);
    CHECK(peeked.indptr_type == ElementType::kI64);
    CHECK(peeked.mapped == 0 && peeked.bytes_held == 0);
    CHECK(chunk->info().mapped == (deflated ? 0u : 3u));
  }
}

TEST(npz_paths_that_cannot_be_read) {
  CHECK_THROWS(Chunk::open("/nowhere/at all.npz", 0), NRW_IO);
  CHECK_THROWS(Chunk::open("/tmp", 0), NRW_IO);
  CHECK_THROWS(Chunk::open("/dev/null", 0), NRW_IO);
  CHECK_THROWS(Chunk::open(std::string("/tmp/a\0b", 8), 0), NRW_INVALID_ARGUMENT);
  const TemporaryFile empty{Bytes()};
  CHECK_THROWS(Chunk::open(empty.path(), 0), NRW_FORMAT);
}
