// Broken and malicious .npz files: one line that names the file, the member and the field, and nothing else happens.
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/philox.h"
#include "check.h"
#include "data_writer.h"

using namespace nrw;
using namespace nrw::test;

namespace {

// Whether opening fails with one line that begins with the file and contains `part`.
bool refused(const Bytes& archive, const std::string& part, uint64_t budget = 0) {
  const std::string message = error_of(archive, budget);
  const bool good = message.starts_with("test.npz: ") && message.find('\n') == std::string::npos &&
                    message.find(part) != std::string::npos && message.size() < 400;
  if (!good) std::printf("expected '%s', got '%s'\n", part.c_str(), message.c_str());
  return good;
}

enum : size_t { kIndices, kIndptr, kFormat, kShape, kData };

std::vector<Member> small(bool deflated = true) {
  Matrix matrix;
  matrix.rows = 3;
  matrix.columns = 4;
  matrix.indptr = {0, 2, 2, 3};
  matrix.indices = {0, 3, 1};
  matrix.values = {1, 2, 3};
  return members_of(matrix, "<f4", "<i4", "<i4", deflated);
}

Bytes with(size_t member, const Bytes& content) {
  std::vector<Member> members = small();
  members[member].content = content;
  return zip(members);
}

Bytes header(const std::string& text) {
  Bytes content{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  for (const size_t byte : {text.size() & 0xFF, text.size() >> 8}) content.push_back(static_cast<uint8_t>(byte));
  for (const char c : text) content.push_back(static_cast<uint8_t>(c));
  return content;
}

}  // namespace

TEST(hostile_csr_structure) {
  const auto indptr = [](std::vector<double> values, const char* type = "<i4") {
    return with(kIndptr, npy(type, "(4,)", elements(values, type)));
  };
  CHECK(error_of(indptr({0, 2, 2, 3})).empty());
  CHECK(refused(indptr({1, 2, 2, 3}), "indptr.npy: row 0: must be 0, got 1"));
  CHECK(refused(indptr({0, 2, 1, 3}), "indptr.npy: row 1: decreases from 2 to 1"));
  CHECK(refused(indptr({0, 2, -1, 3}), "indptr.npy: row 1: decreases from 2 to -1"));
  CHECK(refused(indptr({0, 2, 2, 2}), "indptr.npy: last value: must be 3, the number of stored entries, got 2"));
  CHECK(refused(indptr({0, 2, 2, 4}), "got 4"));
  CHECK(refused(indptr({0, 2, 2, 1e18}, "<i8"), "got 1000000000000000000"));
  const auto indices = [](std::vector<double> values, const char* type = "<i4") {
    return with(kIndices, npy(type, "(3,)", elements(values, type)));
  };
  CHECK(refused(indices({0, 4, 1}), "indices.npy: row 0: column 4 is not in [0, 4)"));
  CHECK(refused(indices({0, 3, -1}), "indices.npy: row 2: column -1 is not in [0, 4)"));
  CHECK(refused(indices({0, 3, -1}, "<i8"), "column -1"));
  CHECK(refused(indices({0, 3, 4294967297.0}, "<u8"), "column 4294967297"));
}

// With more than 2^31 columns, a negative 32-bit index would be a column number if it were read as unsigned.
TEST(hostile_negative_index_in_a_wide_matrix) {
  std::vector<Member> members = small();
  members[kShape].content = npy("<i8", "(2,)", elements({3, 4294967295.0}, "<i8"));
  CHECK(error_of(zip(members)).empty());
  members[kIndices].content = npy("<i4", "(3,)", elements({0, 3, -5}, "<i4"));
  CHECK(refused(zip(members), "column -5 is not in [0, 4294967295)"));
}

TEST(hostile_shapes_and_types) {
  CHECK(refused(with(kShape, npy("<i8", "(3,)", elements({3, 4, 5}, "<i8"))), "shape.npy: shape: must have 2 values"));
  CHECK(refused(with(kShape, npy("<i8", "(2,)", elements({-3, 4}, "<i8"))), "shape.npy: rows: must not be negative"));
  CHECK(refused(with(kShape, npy("<i8", "(2,)", elements({3, 1e15}, "<i8"))),
                "shape.npy: columns: must be at most 2^32 - 1, got 1000000000000000"));
  CHECK(refused(with(kShape, npy("<f8", "(2,)", elements({3, 4}, "<f8"))), "shape.npy: descr: must be an integer"));
  CHECK(refused(with(kShape, npy("<i8", "(2,)", elements({5, 4}, "<i8"))), "indptr.npy: shape: must be rows + 1 = 6"));
  CHECK(refused(with(kData, npy("<f4", "(3, 1)", elements({1, 2, 3}, "<f4"))), "data.npy: shape: must have 1 dimens"));
  CHECK(refused(with(kData, npy("<f4", "(4,)", elements({1, 2, 3}, "<f4"))),
                "data.npy: shape: declares 4 values of 4 bytes"));
  CHECK(refused(with(kData, npy("<f4", "(2,)", elements({1, 2, 3}, "<f4"))),
                "data.npy: shape: declares 2 values of 4 bytes"));
  CHECK(refused(with(kData, npy("<f4", "(2,)", elements({1, 2}, "<f4"))),
                "indices.npy: shape: must be 2, the length of data"));
  CHECK(refused(with(kData, npy("<f4", "(18446744073709551615,)", {})),
                "data.npy: shape: declares 18446744073709551615"));
  CHECK(refused(with(kData, npy("<f4", "(18446744073709551616,)", {})), "data.npy: shape: must have sizes below 2^64"));
  CHECK(refused(with(kData, npy("<f4", "(-3,)", {})), "data.npy: shape: must be a tuple"));
  CHECK(refused(with(kData, npy("<f4", "(3)", elements({1, 2, 3}, "<f4"))), "data.npy: shape: must be a tuple"));
  CHECK(refused(with(kData, npy(">f4", "(3,)", elements({1, 2, 3}, "<f4"))), "data.npy: descr: '>f4' is big-endian"));
  CHECK(
      refused(with(kData, npy("<c8", "(3,)", elements({1, 2, 3}, "<f8"))), "data.npy: descr: '<c8' is not supported"));
  CHECK(refused(with(kData, npy("|O", "(3,)", {0x80, 4, '.'})), "data.npy: descr: '|O' is an array of pickled"));
  CHECK(refused(with(kIndices, npy("<f4", "(3,)", elements({1, 2, 3}, "<f4"))), "indices.npy: descr: must be an int"));
  CHECK(refused(with(kFormat, npy("|S3", "()", {'c', 's', 'c'})),
                "format.npy: format: must be 'csr', got 'csc'; save x.tocsr()"));
  CHECK(refused(with(kFormat, npy("|S3", "()", {'\n', 'x', 200})), "got '?x?'"));
  CHECK(refused(with(kFormat, npy("<i8", "()", elements({1}, "<i8"))), "format.npy: descr: must be a string"));
  CHECK(refused(with(kFormat, npy("|O", "()", {0x80})), "format.npy: descr: must be a string, got '|O'"));
}

TEST(hostile_npy_headers) {
  CHECK(refused(with(kData, {}), "data.npy: header: is not that of a .npy array"));
  CHECK(refused(with(kData, {0x93, 'N', 'U', 'M', 'P', 'Y', 4, 0, 0, 0, 0, 0}), "data.npy: header: .npy version 4.0"));
  CHECK(refused(with(kData, {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 200, 0, '{'}),
                "header: declares a length of 200 bytes"));
  CHECK(refused(with(kData, {0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, 255, 255, 255, 255}),
                "header: declares a length of 4294967295 bytes"));
  CHECK(refused(with(kData, header("")), "header: expected '{'"));
  CHECK(refused(with(kData, header("{}")), "header: must have descr, fortran_order and shape"));
  CHECK(refused(with(kData, header("{'descr': '<f4")), "header: a string does not end"));
  CHECK(refused(with(kData, header("{'descr': [('a', '<f4')]}")), "descr: structured arrays"));
  CHECK(refused(with(kData, header("{'descr': '<f4', 'descr': '<f4'}")), "header: unexpected key 'descr'"));
  CHECK(refused(with(kData, header("{'fortran_order': 1}")), "fortran_order: must be True or False"));
  CHECK(refused(with(kData, header("{'shape': (1,1,1,1,1,1,1,1,1)}")), "shape: has too many dimensions"));
  CHECK(refused(with(kData, header("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x")), "after the closing"));
  CHECK(refused(with(kData, header("{'descr': '" + std::string(5000, 'x') + "', 'fortran_order': False, 'shape': ()}")),
                "descr: 'xxxx"));
}

// Arrays of several of the blocks that are read at a time, inflated by two threads or mapped.
TEST(hostile_large_arrays) {
  constexpr size_t kRows = 2000, kPerRow = 100, kEntries = kRows * kPerRow;
  Matrix matrix;
  matrix.rows = kRows;
  matrix.columns = kPerRow;
  for (size_t k = 0; k < kEntries; ++k) {
    matrix.indices.push_back(static_cast<int64_t>(k % kPerRow));
    matrix.values.push_back(1);
    if ((k + 1) % kPerRow == 0) matrix.indptr.push_back(static_cast<int64_t>(k + 1));
  }
  for (const bool deflated : {true, false}) {
    for (const char* type : {"<i4", "<i8", "<u4"}) {
      const auto members = [&] { return members_of(matrix, "<f8", type, "<i4", deflated); };
      CHECK(error_of(zip(members())).empty());
      for (const size_t entry : {size_t{0}, size_t{1} << 15, kEntries - 1}) {
        const int64_t kept = std::exchange(matrix.indices[entry], 100);
        const std::string where = "row " + std::to_string(entry / kPerRow) + ": column 100 is not in [0, 100)";
        CHECK(refused(zip(members()), "indices.npy: " + where));
        matrix.indices[entry] = kept;
      }
      std::vector<Member> broken = members();
      broken[kIndices].crc32 = 1;
      CHECK(refused(zip(broken), "indices.npy: CRC-32"));
      broken[kData].crc32 = 1;
      CHECK(refused(zip(broken), "data.npy: CRC-32"));
      broken = members();
      broken[kIndptr].crc32 = 1;
      CHECK(refused(zip(broken), "indptr.npy: CRC-32"));
    }
  }
}

TEST(hostile_zip_fields) {
  const auto changed = [](size_t member, auto&& change, bool deflated = true) {
    std::vector<Member> members = small(deflated);
    change(members[member]);
    return zip(members);
  };
  for (const bool deflated : {true, false}) {
    CHECK(refused(changed(
                      kData, [](Member& m) { m.crc32 = 1; }, deflated),
                  "data.npy: CRC-32"));
    CHECK(refused(changed(
                      kShape, [](Member& m) { m.crc32 = 1; }, deflated),
                  "shape.npy: CRC-32"));
    CHECK(refused(changed(
                      kData, [](Member& m) { m.compressed = 1 << 30; }, deflated),
                  "data.npy: compressed size"));
  }
  // A declared size that deflate could not reach, one that it could, and one off by a byte.
  CHECK(refused(changed(kData, [](Member& m) { m.size = 1 << 30; }), "data.npy: size: 1073741824 bytes cannot come"));
  CHECK(refused(changed(kData, [](Member& m) { m.size = 20000; }), "data.npy: shape: declares 3 values"));
  CHECK(refused(changed(kFormat, [](Member& m) { m.size = m.content.size() + 1; }),
                "format.npy: size: the content has fewer bytes"));
  CHECK(refused(changed(kFormat, [](Member& m) { m.size = m.content.size() - 1; }),
                "format.npy: size: the content has more bytes"));
  CHECK(refused(changed(
                    kData, [](Member& m) { m.size = 141; }, false),
                "data.npy: size: 141 bytes cannot come"));
  CHECK(refused(changed(kData, [](Member& m) { m.method = 12; }), "data.npy: compression method 12"));
  CHECK(refused(changed(
                    kData, [](Member& m) { m.method = 8; }, false),
                "data.npy: "));
  CHECK(refused(changed(kData, [](Member& m) { m.flags = 1; }), "data.npy: the member is encrypted"));
  CHECK(refused(changed(kData, [](Member& m) { m.name = "other.npy"; }), "data.npy: the member is missing"));
  CHECK(
      refused(changed(kData, [](Member& m) { m.name = "shape.npy"; }), "shape.npy: the archive has this member twice"));
  CHECK(refused({'P', 'K', 3, 4}, "zip directory: not found"));
  CHECK(refused(Bytes(100000, 'P'), "zip directory: not found"));
}

// 84 MB of zeros in 80 KB: within deflate's ratio, so only a budget can tell.
TEST(hostile_zip_bomb_meets_the_budget) {
  const size_t count = 10 << 20;
  std::vector<Member> members = small();
  members[kData].content = npy("<f4", list_shape(count), Bytes(count * 4));
  members[kIndices].content = members[kData].content;
  members[kIndices].content[11 + std::string("'descr': '<").size()] = 'i';
  const Bytes archive = zip(members);
  CHECK(archive.size() < 1 << 20);
  CHECK(refused(archive, "arrays: need 83.9 MB after decompression, but the budget is 50.0 MB", 50000000));
}

TEST(hostile_files_cut_short) {
  for (const bool deflated : {true, false}) {
    const Bytes whole = zip(members_of(random_matrix(8, 30, 40, 6), "<f4", "<i4", "<i4", deflated), deflated);
    size_t cuts = 0;
    for (size_t size = 0; size < whole.size(); size += 37, ++cuts) {
      CHECK(refused(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)), ""));
    }
    CHECK(cuts > 20);
  }
}

// Flipped bits are refused in one line, unless they lie where nothing is read (dates, versions). NARROWS_FUZZ_ROUNDS
// sets how often.
TEST(hostile_flipped_bits) {
  const char* asked = std::getenv("NARROWS_FUZZ_ROUNDS");
  const uint64_t rounds = asked != nullptr ? std::strtoull(asked, nullptr, 10) : 2000;
  size_t refusals = 0;
  for (const bool deflated : {true, false}) {
    const Bytes whole = zip(members_of(random_matrix(9, 20, 40, 6), "<f4", "<i4", "<i8", deflated), !deflated);
    for (uint64_t round = 0; round < rounds; ++round) {
      Bytes bytes = whole;
      const auto words = draw(10, Purpose::kInit, deflated, round);
      for (uint32_t flip = 0; flip <= words[0] % 3; ++flip) {
        bytes[(words[1] + flip * 977) % bytes.size()] ^= static_cast<uint8_t>(1u << (words[2] + flip) % 8);
      }
      const std::string message = error_of(bytes, 1 << 24);
      if (message.empty()) continue;
      ++refusals;
      CHECK(message.starts_with("test.npz: ") && message.find('\n') == std::string::npos);
    }
  }
  CHECK(refusals > rounds);
}
