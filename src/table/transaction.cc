#include "table/transaction.h"

#include <algorithm>

#include "storage/blob_tally.h"
#include "storage/table_scan.h"
#include "table/blob_values.h"
#include "table/commit_check.h"
#include "table/table_reader.h"
#include "table/transaction_changes.h"

namespace mneme {
namespace {

constexpr std::size_t kTrailBytesMax = 10;  // Of one row of a RowTrail.

Error table_exists(const std::string& name) {
  return Error(Code::already_exists, "table '" + name + "' already exists").with_sqlstate("42P07");
}

}  // namespace

Transaction::Transaction(Store& store, const IndexKinds& kinds, Snapshot snapshot, std::int64_t now_ns)
    : store_(store),
      kinds_(kinds),
      snapshot_(std::move(snapshot)),
      now_ns_(now_ns),
      changes_(std::make_unique<Changes>()) {
  changes_->memory = store.budget().reserve(0, MemoryShare::queries, "transaction").value();
}

Transaction::~Transaction() = default;

Result<std::unique_ptr<Transaction>> Transaction::begin(Store& store, const IndexKinds& kinds, std::int64_t now_ns) {
  Snapshot snapshot = TRY(store.snapshot());
  return std::make_unique<Transaction>(store, kinds, std::move(snapshot), now_ns);
}

bool Transaction::has_changes() const noexcept {
  return !changes_->schema_changes.empty() ||
         std::ranges::any_of(changes_->rows, [](const auto& entry) { return !entry.second.empty(); });
}

bool Transaction::has_touched(TableId table) const noexcept {
  return !changes_->schema_changes.empty() || !changes_->schemas.empty() || changes_->rows.contains(table);
}

// ---- The catalogue ---------------------------------------------------------------------------------------------

std::vector<std::shared_ptr<const TableSchema>> Transaction::tables() const {
  std::vector<std::shared_ptr<const TableSchema>> found;
  for (const auto& [id, table] : snapshot_.version->tables) {
    if (!changes_->schemas.contains(id)) found.push_back(table.schema);
  }
  for (const auto& [id, schema] : changes_->schemas) {
    if (schema != nullptr) found.push_back(schema);
  }
  std::ranges::sort(found, {}, &TableSchema::name);
  return found;
}

std::shared_ptr<const TableSchema> Transaction::find_table(std::string_view name) const {
  for (const auto& [id, schema] : changes_->schemas) {
    if (schema != nullptr && schema->name == name) return schema;
  }
  for (const auto& [id, table] : snapshot_.version->tables) {
    if (table.schema->name == name && !changes_->schemas.contains(id)) return table.schema;
  }
  return nullptr;
}

const std::shared_ptr<const TableSchema>& Transaction::find_table(TableId table) const {
  static const std::shared_ptr<const TableSchema> none;
  if (const auto changed = changes_->schemas.find(table); changed != changes_->schemas.end()) return changed->second;
  const TableVersion* found = snapshot_.version->find(table);
  return found == nullptr ? none : found->schema;
}

Result<void> Transaction::create_table(TableSchema schema) {
  if (find_table(schema.name) != nullptr) return table_exists(schema.name);
  schema.id = TRY(store_.next_table_id());
  changes_->before_schema_change();
  changes_->schemas[schema.id] = std::make_shared<const TableSchema>(schema);
  changes_->schema_changes.emplace_back(CreateTable{std::move(schema)});
  return {};
}

Result<void> Transaction::alter_table(TableSchema schema) {
  const auto current = find_table(schema.id);
  ASSERT(current != nullptr);
  if (schema.name != current->name && find_table(schema.name) != nullptr) return table_exists(schema.name);
  schema.version = current->version + 1;
  auto next = std::make_shared<const TableSchema>(std::move(schema));
  changes_->before_schema_change();
  if (const auto pending = changes_->rows.find(next->id); pending != changes_->rows.end()) {
    pending->second = TRY(pending->second.as(next));
  }
  changes_->schemas[next->id] = next;
  changes_->schema_changes.emplace_back(AlterTable{*next});
  // Of the rows as they are read from now on: the index may be of a column that has just been added.
  for (const IndexSchema* index : new_unique_indexes(*current, *next)) TRY(check_new_unique(*next, *index));
  return {};
}

Result<void> Transaction::drop_table(TableId table) {
  ASSERT(find_table(table) != nullptr);
  changes_->before_schema_change();
  changes_->rows.erase(table);
  changes_->schemas[table] = nullptr;
  changes_->schema_changes.emplace_back(DropTable{table});
  return {};
}

// ---- Rows ------------------------------------------------------------------------------------------------------

// A table that is not committed yet numbers its rows here; the store goes above them when it is.
Result<std::uint64_t> Transaction::reserve_keys(TableId table, std::uint64_t count) {
  if (snapshot_.version->find(table) != nullptr) return store_.reserve_keys(table, count);
  return changes_->new_table_keys[table].reserve(count);
}

Result<void> Transaction::number_rows(const TableSchema& schema, Batch& batch) {
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    const ColumnSchema& column = schema.columns[i];
    if (!column.identity) continue;
    std::size_t missing = 0;
    for (std::size_t row = 0; row < batch.rows(); ++row) missing += batch.columns[i].is_null(row) ? 1 : 0;
    if (missing == 0) continue;
    std::uint64_t next = TRY(reserve_keys(schema.id, missing));  // Unsigned: behind the last number there is none.
    Column filled(column.type);
    filled.reserve(batch.rows());
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      if (batch.columns[i].is_null(row)) {
        filled.append(static_cast<std::int64_t>(next++));
      } else {
        filled.append_run(batch.columns[i], row, 1);
      }
    }
    batch.columns[i] = std::move(filled);
  }
  return {};
}

Result<void> Transaction::insert(TableId table, Batch& batch) { return insert_by(table, batch, false); }
Result<void> Transaction::insert_lent(TableId table, Batch& batch) { return insert_by(table, batch, true); }

Result<void> Transaction::insert_by(TableId table, Batch& batch, bool lent) {
  if (batch.rows() == 0) return {};
  // Never less than it takes; what it really takes is known afterwards.
  const std::size_t bytes_max = PendingRows::append_bytes_max(batch, lent);
  TRY(hold_blobs(batch));
  PendingRows* pending = TRY(admit(table, batch, bytes_max));
  const std::size_t grown = lent ? pending->append_lent(batch) : pending->append(batch);
  if (grown < bytes_max) changes_->memory.shrink(bytes_max - grown);
  return {};
}

Result<void> Transaction::hold_blobs(const Batch& batch) {
  BlobTally tally;
  for (const Column& column : batch.columns) tally.add(ColumnId{}, column, 0, batch.rows());
  for (const auto& [key, bytes] : tally.bytes()) changes_->blobs.insert(TRY(store_.blob_file(key.first)));
  return {};
}

Result<void> refuse_nulls(const TableSchema& schema, const Batch& batch) {
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    const ColumnSchema& column = schema.columns[i];
    if (!column.not_null || column.identity || !batch.columns[i].has_nulls()) continue;
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      if (!batch.columns[i].is_null(row)) continue;
      return refuse_null(schema, column);
    }
  }
  return {};
}

// Numbers the rows, checks and reserves what can fail; tells where they go.
Result<PendingRows*> Transaction::admit(TableId table, Batch& batch, std::size_t bytes_max) {
  const auto& schema = find_table(table);
  ASSERT(schema != nullptr && batch.columns.size() == schema->columns.size());
  TRY(number_rows(*schema, batch));
  TRY(refuse_nulls(*schema, batch));
  if (auto room = changes_->memory.grow(bytes_max); !room) {
    return std::move(room).error().during("rows of an open transaction").with_hint("commit in smaller transactions");
  }
  if (snapshot_.version->find(table) == nullptr) changes_->new_table_keys[table].pass(*schema, batch);
  return &changes_->rows_of(schema);
}

Result<void> Transaction::remove(TableId table, const RowSet& rows) {
  const auto schema = find_table(table);
  ASSERT(schema != nullptr);
  PendingRows& pending = changes_->rows_of(schema);
  const auto end = rows.end();
  for (auto row = rows.begin(); row != end;) {
    // Some at a time, each as if it lay alone; once they are in it is known what they take, and again at the commit.
    const std::size_t before = changes_->memory.bytes(), held = pending.ended_bytes();
    const std::size_t count = std::min(rows.size(), kBatchRowsMax);
    TRY(changes_->memory.grow(count * (RowSet::kInsertBytes + kTrailBytesMax)));
    for (std::size_t i = 0; i < count && row != end; ++i, ++row) pending.remove(*row);
    const std::size_t wanted = before + 2 * (pending.ended_bytes() - held);
    if (wanted < changes_->memory.bytes()) changes_->memory.shrink(changes_->memory.bytes() - wanted);
  }
  return {};
}

Result<std::unique_ptr<TableReader>> Transaction::scan(ScanRequest request) {
  if (!request.key) return std::unique_ptr<TableReader>(TRY(scan_in_place(std::move(request))));
  ReaderBase base{find_table(request.table), std::move(request.columns), changes_->find_rows(request.table)};
  ASSERT(base.schema != nullptr);
  TRY(check_columns(*base.schema, base.columns));
  const auto schema = base.schema;
  auto columns = base.columns;
  const BlobColumns blobs{std::move(request.by_reference), std::move(request.in_part)};
  auto search = TRY(KeySearch::open(snapshot_, kinds_, base.schema, request.key->index, store_.budget()));
  auto reader = TRY(read_by_key(std::move(base), std::move(search), std::move(*request.key)));
  return with_blobs(store_, schema, std::move(columns), blobs, std::move(reader));
}

Result<std::unique_ptr<PlacedReader>> Transaction::scan_in_place(ScanRequest request) {
  ASSERT(!request.key);
  ReaderBase base{find_table(request.table), std::move(request.columns), changes_->find_rows(request.table),
                  request.row_ids};
  ASSERT(base.schema != nullptr);
  TRY(check_columns(*base.schema, base.columns));
  const auto schema = base.schema;
  auto columns = base.columns;
  const BlobColumns blobs{std::move(request.by_reference), std::move(request.in_part)};
  auto reader = TRY(read_in_order_of_storage(std::move(base), snapshot_, std::move(request.bounds)));
  return with_blobs(store_, schema, std::move(columns), blobs, std::move(reader));
}

// ---- Statements and savepoints ---------------------------------------------------------------------------------

void Transaction::begin_statement() {
  changes_->statement = changes_->mark({});
  changes_->found.clear();
}

void Transaction::rollback_statement() { changes_->rollback(changes_->statement); }

void Transaction::set_savepoint(const std::string& name) { changes_->savepoints.push_back(changes_->mark(name)); }

Result<std::size_t> Transaction::find_savepoint(std::string_view name) const {
  for (std::size_t i = changes_->savepoints.size(); i > 0; --i) {
    if (changes_->savepoints[i - 1].name == name) return i - 1;
  }
  return Error(Code::invalid_argument, "savepoint '" + std::string(name) + "' does not exist").with_sqlstate("3B001");
}

Result<void> Transaction::rollback_to(std::string_view name) {
  const std::size_t at = TRY(find_savepoint(name));
  changes_->savepoints.resize(at + 1);
  changes_->rollback(changes_->savepoints[at]);
  return {};
}

Result<void> Transaction::release(std::string_view name) {
  changes_->savepoints.resize(TRY(find_savepoint(name)));
  return {};
}

// ---- Commit ----------------------------------------------------------------------------------------------------

Result<CommitResult> Transaction::commit(std::optional<Durability> durability) {
  WriteSet writes;
  writes.changes = std::move(changes_->schema_changes);
  Durability asked = Durability::os;  // The strictest of the tables that change.
  for (auto& [table, pending] : changes_->rows) {
    if (pending.empty()) continue;
    asked = std::min(asked, pending.schema().durability);
    if (!pending.ended().empty()) writes.changes.emplace_back(EndRows{table, pending.ended()});
  }
  if (!writes.changes.empty() && !changes_->schemas.empty()) asked = Durability::commit;
  CommitCheck check(*this);
  for (auto& [table, pending] : changes_->rows) {
    for (Batch& batch : pending.take_live_batches()) {
      writes.changes.emplace_back(InsertRows{table, std::move(batch), RowId{0}});
    }
  }
  if (writes.empty()) return CommitResult{snapshot_.sequence};
  return store_.commit(std::move(writes), durability.value_or(asked), &check);
}

}  // namespace mneme
