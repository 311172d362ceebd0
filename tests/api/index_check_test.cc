// Wrong entries under right checksums: what only a comparison with the rows can tell.
#include "table/index_check.h"

#include <doctest/doctest.h>

#include "index/ordered/ordered.h"
#include "os/posix.h"
#include "os/sim/sim_file_system.h"
#include "storage/store.h"
#include "table/transaction.h"

namespace mneme {
namespace {

constexpr std::int64_t kRows = 5'000;
constexpr std::uint64_t kWrongRow = 3'210;

// Builds an ordered section of what the rows are, but for one, which it is told has another value.
class LyingBuilder final : public SectionBuilder {
 public:
  explicit LyingBuilder(std::unique_ptr<SectionBuilder> inner) : inner_(std::move(inner)) {}
  [[nodiscard]] const SectionName& name() const override { return inner_->name(); }
  Result<void> add(const Batch& rows, std::uint64_t first) override {
    if (kWrongRow < first || kWrongRow >= first + rows.rows()) return inner_->add(rows, first);
    Batch wrong;
    Column& column = wrong.columns.emplace_back(rows.columns[0].type());
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      const std::int64_t value = rows.columns[0].values<std::int64_t>()[row];
      column.append(first + row == kWrongRow ? value + kRows : value);
    }
    return inner_->add(wrong, first);
  }
  Result<bool> step(SectionSink& sink, Clock& clock, std::int64_t deadline_ns) override {
    return inner_->step(sink, clock, deadline_ns);
  }

 private:
  const std::unique_ptr<SectionBuilder> inner_;
};

class LyingKind final : public IndexKind {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "ordered"; }
  Result<std::unique_ptr<MemoryIndex>> memory_index(const TableSchema& schema, const IndexSchema& index,
                                                    Scheduler& scheduler, MemoryBudget& budget) override {
    return inner_->memory_index(schema, index, scheduler, budget);
  }
  Result<std::unique_ptr<SectionBuilder>> section_builder(const TableSchema& schema, const IndexSchema& index,
                                                          MemoryBudget& budget) override {
    auto inner = TRY(inner_->section_builder(schema, index, budget));
    if (index.name != "wrong") return inner;
    return std::unique_ptr<SectionBuilder>(std::make_unique<LyingBuilder>(std::move(inner)));
  }
  Result<std::unique_ptr<IndexReader>> open(std::shared_ptr<const RowSource> source, const MemoryIndex* memory,
                                            const TableSchema& schema, const IndexSchema& index,
                                            MemoryBudget& budget) override {
    return inner_->open(std::move(source), memory, schema, index, budget);
  }

 private:
  const std::unique_ptr<IndexKind> inner_ = ordered_kind();
};

IndexSchema index_of(std::uint32_t id, std::string name, ColumnId column, bool primary) {
  IndexSchema index;
  index.id = IndexId{id};
  index.name = std::move(name);
  index.columns = {column};
  index.unique = index.primary = primary;
  return index;
}

// key INT primary key, v INT; two indexes on v.
TableSchema table_schema(TableId id) {
  TableSchema schema;
  schema.id = id;
  schema.name = "t";
  for (const char* name : {"key", "v"}) {
    ColumnSchema& column = schema.columns.emplace_back();
    column.id = ColumnId{schema.next_column_id++};
    column.name = name;
  }
  schema.columns[0].not_null = true;
  schema.primary_key = {ColumnId{1}};
  schema.indexes = {index_of(1, "t_pkey", ColumnId{1}, true), index_of(2, "right", ColumnId{2}, false),
                    index_of(3, "wrong", ColumnId{2}, false)};
  schema.next_index_id = 4;
  return schema;
}

struct Fixture {
  PosixWorld real;
  sim::SimFileSystem disk;
  World world{disk, real.world().clock, real.world().scheduler, real.world().random};
  IndexKinds kinds{std::make_unique<LyingKind>()};
  std::unique_ptr<Store> store = Store::open(world, "db", {.threads = 0}, &kinds).value();

  Fixture() {
    WriteSet writes;
    const TableId id = store->next_table_id().value();
    writes.changes.emplace_back(CreateTable{table_schema(id)});
    InsertRows rows{.table = id, .batch = {}, .first_row = RowId{0}};
    for (int column = 0; column < 2; ++column) rows.batch.columns.emplace_back(Type{});
    for (std::int64_t row = 0; row < kRows; ++row) {
      rows.batch.columns[0].append(row);
      rows.batch.columns[1].append(row * 7'919 % kRows);
    }
    writes.changes.emplace_back(std::move(rows));
    store->commit(std::move(writes), Durability::commit).value();
  }
  std::vector<std::string> problems() {
    std::vector<std::string> found;
    check_indexes(store->snapshot().value(), kinds, store->budget(), found).value();
    return found;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "check: an entry that is not its row's is named by index, table and file, whatever its checksum") {
  CHECK(problems().empty());  // In memory still: nobody has lied yet.
  store->flush().value();
  CHECK(store->check().value().problems.empty());  // Every checksum is right.
  const auto found = problems();
  REQUIRE(found.size() == 1);
  CHECK(found[0] == "index 'wrong' of table 't', 'db/seg/1.seg': ordered index: row 3210 is not under its key");
}

}  // namespace mneme
