#include "storage/prepared_group.h"

#include <algorithm>

namespace mneme {
namespace {

Error no_such_table(TableId table) {
  return Error(Code::not_found, "table " + std::to_string(static_cast<std::uint64_t>(table)) + " does not exist");
}

Error name_taken(const std::string& name) { return Error(Code::already_exists, "table '" + name + "' exists"); }

bool has_name(const Version& version, const std::string& name, TableId except) {
  return std::ranges::any_of(
      version.tables, [&](const auto& entry) { return entry.first != except && entry.second.schema->name == name; });
}

Result<void> check_batch(const InsertRows& change, const TableSchema& schema) {
  const auto fail = [&](const std::string& what) {
    return Error(Code::invalid_argument, "rows for table '" + schema.name + "': " + what);
  };
  if (change.batch.columns.size() != schema.columns.size()) return fail("the columns are not those of the table");
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    const Column& column = change.batch.columns[i];
    if (column.type() != schema.columns[i].type)
      return fail("column '" + schema.columns[i].name + "' has another type");
    if (column.rows() != change.batch.rows()) return fail("columns of different lengths");
  }
  return {};
}

}  // namespace

PreparedGroup::~PreparedGroup() {
  if (published_) return;
  for (const auto& memtable : appended_) memtable->discard();
}

Result<void> PreparedGroup::add(const Change& change, Scheduler& scheduler, MemoryBudget& budget) {
  if (const auto* rows = std::get_if<InsertRows>(&change)) return insert(*rows, scheduler, budget);
  if (const auto* rows = std::get_if<EndRows>(&change)) return end(*rows);
  if (const auto* drop = std::get_if<DropTable>(&change)) {
    if (next_->tables.erase(drop->table) == 0) return no_such_table(drop->table);
    return {};
  }
  if (const auto* create = std::get_if<CreateTable>(&change)) {
    const TableSchema& schema = create->schema;
    if (has_name(*next_, schema.name, TableId{0})) return name_taken(schema.name);
    TableVersion table{std::make_shared<const TableSchema>(schema), {}};
    if (!next_->tables.emplace(schema.id, std::move(table)).second) return name_taken(schema.name);
    return {};
  }
  const TableSchema& schema = std::get<AlterTable>(change).schema;
  const auto found = next_->tables.find(schema.id);
  if (found == next_->tables.end()) return no_such_table(schema.id);
  if (schema.version != found->second.schema->version + 1) {
    return Error(Code::conflict, "table '" + schema.name + "' was changed by another transaction")
        .with_sqlstate("40001");
  }
  if (has_name(*next_, schema.name, schema.id)) return name_taken(schema.name);
  found->second.schema = std::make_shared<const TableSchema>(schema);
  return {};
}

Result<void> PreparedGroup::insert(const InsertRows& change, Scheduler& scheduler, MemoryBudget& budget) {
  const auto found = next_->tables.find(change.table);
  if (found == next_->tables.end()) return no_such_table(change.table);
  TableVersion& table = found->second;
  TRY(check_batch(change, *table.schema));
  // A memtable holds rows of one schema version: after an ALTER the next rows begin another.
  if (table.memtables.empty() || table.memtables.back()->schema().version != table.schema->version) {
    table.memtables.push_back(std::make_shared<Memtable>(scheduler, budget, table.schema));
  }
  const auto& memtable = table.memtables.back();
  if (std::ranges::find(appended_, memtable) == appended_.end()) appended_.push_back(memtable);
  return memtable->append(change.batch, change.first_row);
}

Result<void> PreparedGroup::end(const EndRows& change) {
  const auto found = next_->tables.find(change.table);
  if (found == next_->tables.end()) return no_such_table(change.table);
  for (const RowId row : change.rows) {
    Ending ending;
    for (const auto& memtable : found->second.memtables) {
      if (const auto at = memtable->find(row)) ending = {memtable.get(), *at};
    }
    if (ending.memtable == nullptr) {
      return Error(Code::invalid_argument, "table '" + found->second.schema->name + "' has no row version " +
                                               std::to_string(static_cast<std::uint64_t>(row)));
    }
    const auto same = [&](const Ending& e) {
      return e.memtable == ending.memtable && e.at.chunk == ending.at.chunk && e.at.row == ending.at.row;
    };
    // RowIds ascend within a change: only the last one of an earlier change of this group could be the same.
    const bool twice = std::ranges::any_of(endings_, same);
    if (twice || ending.memtable->end_sequence(ending.at) != kNeverEnds) {
      return Error(Code::conflict, "a row of table '" + found->second.schema->name +
                                       "' was changed by another transaction: run this one again")
          .with_sqlstate("40001");
    }
    endings_.push_back(ending);
  }
  return {};
}

std::shared_ptr<const Version> PreparedGroup::publish(std::uint64_t sequence) noexcept {
  published_ = true;
  for (const Ending& ending : endings_) ending.memtable->end(ending.at, sequence);
  for (const auto& memtable : appended_) memtable->publish(sequence);
  return next_;
}

}  // namespace mneme
