// An ordered section by itself: what the builder wrote is found again, and damage is told, never a crash.
#include "index/ordered/section.h"

#include <doctest/doctest.h>

#include "index/ordered/builder.h"
#include "index/ordered/leaf.h"
#include "index/ordered/section_test.h"
#include "os/posix.h"
#include "os/sim/dice.h"
#include "os/sim/sim_file_system.h"

namespace mneme::ordered {
namespace {

class VectorSink final : public SectionSink {
 public:
  Result<void> append(Bytes more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
  ByteBuffer bytes;
};

TableSchema table_of(TypeKind kind, bool clustered) {
  TableSchema schema;
  schema.columns.resize(1);
  schema.columns[0].id = ColumnId{1};
  schema.columns[0].type.kind = kind;
  if (clustered) schema.primary_key = {ColumnId{1}};
  schema.indexes.resize(1);
  schema.indexes[0].id = IndexId{1};
  schema.indexes[0].columns = {ColumnId{1}};
  return schema;
}

// Row i has the key value_of(i); a step of the builder is as short as it can be.
template <class ValueOf>
ByteBuffer build(const TableSchema& schema, std::uint32_t rows, std::size_t budget_bytes, ScratchFiles* scratch,
                 const ValueOf& value_of) {
  PosixWorld real;
  MemoryBudget budget{budget_bytes};
  auto builder = OrderedBuilder::make(schema, schema.indexes[0], budget, scratch).value();
  for (std::uint32_t first = 0; first < rows; first += kBatchRowsMax) {
    Batch batch;
    Column& column = batch.columns.emplace_back(schema.columns[0].type);
    for (std::uint32_t row = first; row < std::min<std::uint32_t>(rows, first + kBatchRowsMax); ++row) {
      if constexpr (std::is_same_v<decltype(value_of(row)), std::string>) {
        column.append_bytes(as_bytes(value_of(row)));
      } else {
        column.append(value_of(row));
      }
    }
    REQUIRE(builder->add(batch, first));
  }
  VectorSink sink;
  while (!builder->step(sink, real.world().clock, 0).value()) {
  }
  builder.reset();
  CHECK(budget.used() == 0);
  return std::move(sink.bytes);
}

// Every entry in order, by walking leaves; by(entry key, ordinal).
template <class By>
void each_entry(const OrderedSection& section, const By& by) {
  TreePath path(section);
  Leaf leaf(section, nullptr);
  ByteBuffer key;
  REQUIRE(path.seek({}));
  for (bool more = true; more; more = path.next().value()) {
    REQUIRE(leaf.load(path.leaf()));
    for (std::size_t i = 0; i < leaf.entries(); ++i) {
      key.clear();
      REQUIRE(leaf.append_key(i, key));
      by(Bytes(key), leaf.ordinal(i).value());
    }
  }
}

std::shared_ptr<const OrderedSection> open(ByteBuffer bytes) {
  const auto section = std::make_shared<const test::MemorySection>(std::move(bytes));
  return {section, OrderedSection::open(*section).value()};
}

// 7919 divides no count used here: a permutation.
std::int64_t shuffled(std::uint32_t row, std::uint32_t rows) {
  return static_cast<std::int64_t>(std::uint64_t{row} * 7'919 % rows);
}

TEST_CASE("rows in any order come back sorted by key") {
  constexpr std::uint32_t kRows = 100'000;
  const auto section = open(build(table_of(TypeKind::integer, false), kRows, 64 << 20, nullptr,
                                  [](auto row) { return shuffled(row, kRows); }));
  CHECK(section->meta().form == Form::entries);
  CHECK(section->meta().rows == kRows);
  std::uint64_t expected = 0;
  each_entry(*section, [&](Bytes key, std::uint32_t ordinal) {
    REQUIRE(key_word_of(key) == (expected | std::uint64_t{1} << 63));
    REQUIRE(shuffled(ordinal, kRows) == static_cast<std::int64_t>(expected));
    ++expected;
  });
  CHECK(expected == kRows);
}

TEST_CASE("what does not fit the memory budget is sorted through scratch files, and none of them stays") {
  constexpr std::uint32_t kRows = 300'000;  // 32 bytes a key and more; maintenance may have 1 MiB.
  sim::SimFileSystem disk;
  REQUIRE(disk.create_directory("tmp"));
  ScratchFiles scratch(disk, "tmp");
  const auto name = [](std::uint32_t row) {
    return "a name of a thing " + std::to_string(1'000'000 + shuffled(row, kRows));
  };
  const TableSchema schema = table_of(TypeKind::text, false);
  const auto section = open(build(schema, kRows, 4 << 20, &scratch, name));
  std::uint32_t expected = 0;
  each_entry(*section, [&](Bytes, std::uint32_t ordinal) { REQUIRE(shuffled(ordinal, kRows) == expected++); });
  CHECK(expected == kRows);
  CHECK(disk.list("tmp").value().empty());

  MemoryBudget small{4 << 20};
  auto builder = OrderedBuilder::make(schema, schema.indexes[0], small, nullptr).value();
  Result<void> added;
  for (std::uint32_t row = 0; row < kRows && added; ++row) {
    Batch one;
    one.columns.emplace_back(schema.columns[0].type).append_bytes(as_bytes(name(row)));
    added = builder->add(one, row);
  }
  REQUIRE_FALSE(added);  // Nowhere to go.
  CHECK(added.error().code() == Code::full);
}

TEST_CASE("rows that ascend need no leaves, whether the schema promised it or not") {
  for (const bool promised : {false, true}) {
    const ByteBuffer bytes = build(table_of(TypeKind::integer, promised), 50'000, 16 << 20, nullptr,
                                   [](std::uint32_t row) { return std::int64_t{row} * 3 - 70'000; });
    CHECK(bytes.size() < 50'000 * 3 / 2);  // 10 bits of filter a row, and 25 separators.
    const auto section = open(bytes);
    CHECK(section->meta().form == Form::clustered);
    ByteBuffer key;
    put_key_word(static_cast<std::uint64_t>(std::int64_t{20'000} * 3 - 70'000) ^ std::uint64_t{1} << 63, key);
    TreePath path(*section);
    REQUIRE(path.seek(key));
    CHECK(path.leaf() == 20'000 / kLeafRows * kLeafRows);
    CHECK(section->may_have(path.leaf(), key_hash(key)).value());
  }
}

TEST_CASE("rows that do not ascend as the schema promised are corrupt") {
  const TableSchema schema = table_of(TypeKind::integer, true);
  MemoryBudget budget{16 << 20};
  auto builder = OrderedBuilder::make(schema, schema.indexes[0], budget, nullptr).value();
  Batch batch;
  Column& column = batch.columns.emplace_back(schema.columns[0].type);
  for (const std::int64_t key : {1, 3, 2}) column.append(key);
  const auto added = builder->add(batch, 0);
  REQUIRE_FALSE(added);
  CHECK(added.error().code() == Code::corrupt);
}

TEST_CASE("a filter lets every key of its leaves through and about one in a hundred of the others") {
  constexpr std::uint32_t kRows = 60'000;
  const auto section = open(build(table_of(TypeKind::integer, true), kRows, 16 << 20, nullptr,
                                  [](std::uint32_t row) { return std::int64_t{row} * 2; }));
  std::uint32_t absent = 0;
  TreePath path(*section);
  for (std::uint32_t value = 0; value < kRows * 2; ++value) {
    ByteBuffer key;
    put_key_word(value | std::uint64_t{1} << 63, key);
    REQUIRE(path.seek(key));
    const bool through = section->may_have(value / 2 / kLeafRows * kLeafRows, key_hash(key)).value();
    if (value % 2 == 0) REQUIRE(through);
    if (value % 2 == 1 && through) ++absent;
  }
  CHECK(absent < kRows * 15 / 1'000);
}

// Whatever bytes change, reading ends with an answer or with corrupt.
void read_all(const ByteBuffer& bytes) {
  const test::MemorySection held(bytes);
  const auto section = OrderedSection::open(held);
  if (!section) {
    CHECK(section.error().code() == Code::corrupt);
    return;
  }
  if ((*section)->meta().levels == 0) return;
  TreePath path(**section);
  Leaf leaf(**section, nullptr);
  ByteBuffer key;
  if (!path.seek({})) return;
  for (bool more = true; more;) {
    if ((*section)->meta().form == Form::entries && leaf.load(path.leaf())) {
      for (std::size_t i = 0; i < leaf.entries(); ++i) {
        key.clear();
        static_cast<void>(leaf.append_key(i, key).has_value());
        static_cast<void>(leaf.ordinal(i).has_value());
      }
      static_cast<void>(leaf.lower_bound(key).has_value());
    }
    static_cast<void>((*section)->may_have(path.leaf(), 77).has_value());
    const auto next = path.next();
    more = next && *next;
  }
}

TEST_CASE("damage anywhere in a section is never a crash nor an endless walk") {
  sim::Dice dice(3);
  for (const bool clustered : {false, true}) {
    const ByteBuffer sound = build(table_of(TypeKind::integer, clustered), 20'000, 16 << 20, nullptr,
                                   [&](std::uint32_t row) { return clustered ? row : shuffled(row, 20'000); });
    for (int times = 0; times < 400; ++times) {
      ByteBuffer bytes = sound;
      for (std::uint64_t flips = 1 + dice.below(4); flips != 0; --flips) {
        // The meta run and the nodes' heads are where sizes stand.
        const std::size_t at = dice.coin() ? bytes.size() - 1 - dice.below(600)
                                           : dice.below(bytes.size() / kPageBytes) * kPageBytes + dice.below(24);
        bytes[at] = static_cast<std::byte>(dice.next());
      }
      if (dice.below(4) == 0) bytes.resize(dice.below(bytes.size()));
      read_all(bytes);
    }
  }
}

TEST_CASE("a section of no rows is a section") {
  const auto section = open(build(table_of(TypeKind::integer, false), 0, 16 << 20, nullptr,
                                  [](std::uint32_t row) { return std::int64_t{row}; }));
  CHECK(section->meta().rows == 0);
  CHECK_FALSE(section->may_overlap({}, {}));
}

}  // namespace
}  // namespace mneme::ordered
