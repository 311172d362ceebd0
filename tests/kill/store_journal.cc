// The journal straight on the store, without SQL.
#include "kill/journal.h"
#include "os/posix.h"
#include "storage/store.h"
#include "storage/table_scan.h"

namespace mneme::kill {
namespace {

constexpr ColumnId kWriter{1}, kCount{2}, kText{3};

TableSchema schema_of(TableId id, const std::string& name) {
  TableSchema schema;
  schema.id = id;
  schema.name = name;
  for (const TypeKind kind : {TypeKind::integer, TypeKind::integer, TypeKind::text}) {
    ColumnSchema& column = schema.columns.emplace_back();
    column.id = ColumnId{schema.next_column_id++};
    column.name = "c" + std::to_string(static_cast<std::uint32_t>(column.id));
    column.type.kind = kind;
  }
  return schema;
}

InsertRows row_of(TableId table, std::uint64_t writer, std::uint64_t n, const std::string& text) {
  InsertRows rows;
  rows.table = table;
  for (const TypeKind kind : {TypeKind::integer, TypeKind::integer, TypeKind::text}) {
    rows.batch.columns.emplace_back(Type{.kind = kind});
  }
  rows.batch.columns[0].append(static_cast<std::int64_t>(writer));
  rows.batch.columns[1].append(static_cast<std::int64_t>(n));
  rows.batch.columns[2].append_bytes(as_bytes(text));
  return rows;
}

struct Row {
  RowId id{};
  std::uint64_t writer = 0;
  std::uint64_t n = 0;
  std::string text;
};

class StoreJournal final : public Journal {
 public:
  static Result<std::unique_ptr<Journal>> open(const std::string& directory, std::uint64_t writers) {
    auto journal = std::make_unique<StoreJournal>();
    journal->writers_ = writers;
    StoreOptions options;
    options.memory_budget = std::size_t{4} << 20;
    options.log_file_bytes = 128 << 10;
    journal->store_ = TRY(Store::open(journal->world_.world(), directory, options));
    TRY(journal->find_tables());
    return std::unique_ptr<Journal>(std::move(journal));
  }

  Result<void> transact(std::uint64_t writer, std::uint64_t n) override {
    const Snapshot snapshot = TRY(store_->snapshot());
    WriteSet writes;
    TRY(end(snapshot, counters_, writer, n - 1, writes));
    if (n > kKept) TRY(end(snapshot, journal_, writer, n - kKept, writes));
    writes.changes.emplace_back(row_of(counters_, writer, n, ""));
    writes.changes.emplace_back(row_of(journal_, writer, n, journal_text(writer, n)));
    TRY(store_->commit(std::move(writes), Durability::commit));
    return {};
  }

  Result<std::vector<WriterState>> read() override {
    std::vector<WriterState> states(writers_);
    const Snapshot snapshot = TRY(store_->snapshot());
    for (const Row& row : TRY(rows(snapshot, counters_))) {
      if (row.writer >= writers_) return Error(Code::corrupt, "a counter of no writer");
      if (states[row.writer].count != 0) return Error(Code::corrupt, "a counter is there twice");
      states[row.writer].count = row.n;
    }
    for (Row& row : TRY(rows(snapshot, journal_))) {
      if (row.writer >= writers_) return Error(Code::corrupt, "a journal row of no writer");
      if (!states[row.writer].journal.emplace(row.n, std::move(row.text)).second) {
        return Error(Code::corrupt, "a journal row is there twice");
      }
    }
    return states;
  }

  Result<void> check() override { return {}; }
  Result<void> close() override { return store_->close(); }

 private:
  Result<void> find_tables() {
    const Snapshot snapshot = TRY(store_->snapshot());
    for (const auto& [id, table] : snapshot.version->tables)
      (table.schema->name == "journal" ? journal_ : counters_) = id;
    if (!snapshot.version->tables.empty()) return {};
    WriteSet writes;
    journal_ = TRY(store_->next_table_id());
    counters_ = TRY(store_->next_table_id());
    writes.changes.emplace_back(CreateTable{schema_of(journal_, "journal")});
    writes.changes.emplace_back(CreateTable{schema_of(counters_, "counters")});
    TRY(store_->commit(std::move(writes), Durability::commit));
    return {};
  }

  static Result<std::vector<Row>> rows(const Snapshot& snapshot, TableId table) {
    auto scan = TRY(TableScan::open(snapshot, table, {kWriter, kCount, kText}));
    std::vector<Row> rows;
    std::vector<RowId> ids;
    while (const auto batch = TRY(scan.next(ids))) {
      const auto writers = batch->columns[0].values<std::int64_t>();
      const auto counts = batch->columns[1].values<std::int64_t>();
      for (std::size_t i = 0; i < ids.size(); ++i) {
        rows.push_back({ids[i], static_cast<std::uint64_t>(writers[i]), static_cast<std::uint64_t>(counts[i]),
                        std::string(as_text(batch->columns[2].bytes_at(i)))});
      }
    }
    return rows;
  }

  static Result<void> end(const Snapshot& snapshot, TableId table, std::uint64_t writer, std::uint64_t n,
                          WriteSet& writes) {
    for (const Row& row : TRY(rows(snapshot, table))) {
      if (row.writer == writer && row.n == n) writes.changes.emplace_back(EndRows{.table = table, .rows = {row.id}});
    }
    return {};
  }

  PosixWorld world_;
  std::uint64_t writers_ = 0;
  std::unique_ptr<Store> store_;
  TableId counters_{}, journal_{};
};

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(const std::string& directory, std::uint64_t writers) {
  return StoreJournal::open(directory, writers);
}

}  // namespace mneme::kill
