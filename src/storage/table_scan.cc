#include "storage/table_scan.h"

#include "base/coding.h"

namespace mneme {
namespace {

// `rows` times what a row older than the column reads.
Result<Column> missing_values(const ColumnSchema& schema, std::size_t rows) {
  Column out(schema.type);
  if (schema.missing_value.empty()) {
    for (std::size_t i = 0; i < rows; ++i) out.append_null();
    return out;
  }
  Reader reader(schema.missing_value);
  const Column one = TRY(decode_column(schema.type, 1, reader));
  for (std::size_t i = 0; i < rows; ++i) out.append_run(one, 0, 1);
  return out;
}

}  // namespace

Result<TableScan> TableScan::open(Snapshot snapshot, TableId table, std::vector<ColumnId> columns) {
  const TableVersion* found = snapshot.version->find(table);
  if (found == nullptr) {
    return Error(Code::not_found, "table " + std::to_string(static_cast<std::uint64_t>(table)) + " does not exist");
  }
  for (const ColumnId column : columns) {
    if (found->schema->find(column) != nullptr) continue;
    return Error(Code::not_found, "table '" + found->schema->name + "' has no column " +
                                      std::to_string(static_cast<std::uint32_t>(column)));
  }
  return TableScan(std::move(snapshot), *found, std::move(columns));
}

void TableScan::enter(const Memtable& memtable) {
  cursor_ = memtable.scan(snapshot_.sequence);
  sources_.clear();
  ordinals_.clear();
  for (const ColumnId column : columns_) {
    sources_.push_back({memtable.schema().ordinal_of(column), table_->schema->find(column)});
    if (sources_.back().ordinal) ordinals_.push_back(*sources_.back().ordinal);
  }
}

Result<Batch> TableScan::arrange(Batch found, std::size_t rows) const {
  if (ordinals_.size() == sources_.size()) return found;
  Batch arranged;
  std::size_t next_found = 0;
  for (const Source& source : sources_) {
    arranged.columns.push_back(source.ordinal ? std::move(found.columns[next_found++])
                                              : TRY(missing_values(*source.schema, rows)));
  }
  return arranged;
}

Result<std::optional<Batch>> TableScan::next(std::vector<RowId>& rows) {
  for (;;) {
    if (cursor_) {
      if (auto found = cursor_->next(ordinals_, rows)) {
        return std::optional(TRY(arrange(std::move(*found), rows.size())));
      }
    }
    if (next_memtable_ == table_->memtables.size()) return std::optional<Batch>();
    enter(*table_->memtables[next_memtable_++]);
  }
}

}  // namespace mneme
