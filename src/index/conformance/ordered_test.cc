// The kind "ordered" under the conformance suite; and that the suite finds planted bugs.
#include "index/ordered/ordered.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "index/conformance/conformance.h"
#include "os/posix.h"
#include "os/sim/sim_file_system.h"

namespace mneme::conformance {
namespace {

struct ColumnOf {
  TypeKind kind;
  bool not_null = false;
};

std::shared_ptr<const TableSchema> table_of(const std::vector<ColumnOf>& columns,
                                            const std::vector<std::uint32_t>& index,
                                            const std::vector<std::uint32_t>& primary_key) {
  TableSchema schema;
  schema.id = TableId{3};
  schema.name = "things";
  for (std::uint32_t i = 0; i < columns.size(); ++i) {
    ColumnSchema& column = schema.columns.emplace_back();
    column.id = ColumnId{i + 1};
    column.name = "c" + std::to_string(i + 1);
    column.type.kind = columns[i].kind;
    column.not_null = columns[i].not_null;
  }
  IndexSchema& ordered = schema.indexes.emplace_back();
  ordered.id = IndexId{9};
  ordered.name = "things_by";
  for (const std::uint32_t id : index) ordered.columns.push_back(ColumnId{id});
  for (const std::uint32_t id : primary_key) schema.primary_key.push_back(ColumnId{id});
  return std::make_shared<const TableSchema>(std::move(schema));
}

Result<void> live_through(std::unique_ptr<IndexKind> kind, std::shared_ptr<const TableSchema> schema,
                          std::uint64_t seed, int steps, std::size_t budget = 64 << 20) {
  PosixWorld real;
  const World world = real.world();
  sim::SimFileSystem disk;
  IndexKinds kinds(std::move(kind));
  return run({{disk, world.clock, world.scheduler, world.random}, kinds, std::move(schema), budget}, seed, steps);
}

// SEED=n replays one life.
void check_lives(const std::shared_ptr<const TableSchema>& schema, int steps = 60) {
  const char* replay = std::getenv("SEED");
  const std::uint64_t first = replay != nullptr ? std::strtoull(replay, nullptr, 10) : 1;
  for (std::uint64_t seed = first; seed < first + (replay != nullptr ? 1 : 4); ++seed) {
    const auto lived = live_through(ordered_kind(), schema, seed, steps);
    REQUIRE_MESSAGE(lived.has_value(), (lived ? std::string() : lived.error().message()));
  }
}

constexpr ColumnOf kInteger{TypeKind::integer}, kText{TypeKind::text}, kFloat{TypeKind::floating};
constexpr ColumnOf kKey{TypeKind::integer, true}, kTime{TypeKind::timestamp, true}, kName{TypeKind::text, true};

TEST_CASE("ordered conforms: one word, by which nothing is clustered") {
  check_lives(table_of({kKey, kInteger}, {2}, {1}));
}
TEST_CASE("ordered conforms: the primary key, by which the table is clustered") {
  check_lives(table_of({kKey, kText}, {1}, {1}));
}
TEST_CASE("ordered conforms: a clustered key of text") { check_lives(table_of({kName, kInteger}, {1}, {1})); }
TEST_CASE("ordered conforms: a clustered key of two columns") {
  check_lives(table_of({kName, kTime, kFloat}, {1, 2}, {1, 2}));
}
TEST_CASE("ordered conforms: text that may be NULL") { check_lives(table_of({kInteger, kText}, {2}, {})); }
TEST_CASE("ordered conforms: floats with NaN, infinities and both zeros") {
  check_lives(table_of({kInteger, kFloat}, {2}, {}));
}
TEST_CASE("ordered conforms: columns of several types, all nullable") {
  check_lives(table_of({{TypeKind::boolean}, {TypeKind::date}, kText, {TypeKind::real}}, {1, 3, 4, 2}, {}));
}

}  // namespace
}  // namespace mneme::conformance
