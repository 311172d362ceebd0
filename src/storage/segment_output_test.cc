// Files of deletes whose length is wrong, as the manifest says it or as they are.
#include "storage/segment_output.h"

#include <doctest/doctest.h>

#include "storage/store_test.h"

namespace mneme {
namespace {

constexpr std::size_t kHeaderBytes = 32;  // Up to the end of the table's id: docs/format.md, "deletes".

struct DeleteFiles : test::SimulatedStore {
  StoreCore core{world, "db", options, nullptr};
  const TableId table{7};
  DeleteFile named{FileNumber{9}, 1, 0};

  DeleteFiles() {
    DeleteSet deletes;
    deletes.add_old(3);
    deletes.add(70'000, 12);
    named = write_deletes(core, named.segment, named.sequence, table, deletes).value();
  }
  [[nodiscard]] ByteBuffer& bytes() { return disk.medium(delete_path(core, named.segment, named.sequence)); }
  [[nodiscard]] std::string error() {
    const auto read = read_deletes(core, named);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code() == Code::corrupt);
    return read.error().to_string();
  }
};

}  // namespace

TEST_CASE_FIXTURE(DeleteFiles, "delete files: what was written is read, with the table it is of") {
  const auto read = read_deletes(core, named);
  REQUIRE(read.has_value());
  CHECK(read->table == table);
  CHECK(read->deletes.count() == 2);
  CHECK(read->deletes.end_sequence(70'000) == 12);
}

TEST_CASE_FIXTURE(DeleteFiles, "delete files: one that is not as long as the manifest says is damaged") {
  for (const int difference : {-1, 1}) {
    DeleteFile other = named;
    other.bytes += static_cast<std::uint64_t>(difference);
    CHECK(read_deletes(core, other).error().code() == Code::corrupt);
  }
}

TEST_CASE_FIXTURE(DeleteFiles, "delete files: one too short to name its table is not looked into, one byte more is") {
  const std::string too_short = "is not as long as the manifest says";
  for (const std::size_t length : {std::size_t{0}, kHeaderBytes - 1, kHeaderBytes}) {
    CAPTURE(length);
    bytes().resize(length);
    named.bytes = length;
    CHECK((error().find(too_short) == std::string::npos) == (length == kHeaderBytes));
  }
}

}  // namespace mneme
