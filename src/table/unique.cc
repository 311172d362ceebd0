// Uniqueness: within the transaction, against its snapshot, and at commit against what came since.
#include <algorithm>

#include "table/blob_values.h"
#include "table/commit_check.h"
#include "table/key_search.h"
#include "table/transaction_changes.h"
#include "types/empty_batch.h"

namespace mneme {
namespace {

constexpr std::size_t kFreeKeys = 1'024;  // So many are not worth a reservation.
constexpr std::size_t kFewRows = 4;       // So many are looked for one by one before a search is opened.

std::string key_text(const TableSchema& schema, const IndexSchema& index) {
  std::string out;
  for (const ColumnId id : index.columns) out += (out.empty() ? "" : ", ") + schema.find(id)->name;
  return out;
}

Error duplicate(const TableSchema& schema, const IndexSchema& index) {
  return Error(Code::constraint, "duplicate key in unique index '" + index.name + "' (" + key_text(schema, index) +
                                     ") of table '" + schema.name + "'")
      .with_sqlstate("23505");
}

// False: none of the rows [first, end) has a key that a row in a memtable has; as memtables_may_have() says.
bool may_be_taken(const TableVersion& table, const TableSchema& schema, const IndexSchema& index, const Batch& batch,
                  std::size_t first, std::size_t end, std::optional<std::uint64_t> sequence) {
  if (end - first > kFewRows) return true;
  ByteBuffer key;
  key.reserve(32);  // Mostly enough.
  for (; first < end; ++first) {
    key_of(schema, index, batch, first, key);
    if (!key.empty() && memtables_may_have(table, index.id, key, sequence)) return true;
  }
  return false;
}

}  // namespace

// For that many keys more.
Result<void> Transaction::hold_keys(KnownKeys& known, std::size_t rows, bool as_map) {
  if (known.memory.bytes() == 0) {
    known.memory = TRY(store_.budget().reserve(0, MemoryShare::queries, "keys of a transaction"));
  }
  const std::size_t wanted = known.keys.bytes_after(rows, as_map);
  if (wanted < known.memory.bytes()) known.memory.shrink(known.memory.bytes() - wanted);
  auto room = known.memory.grow_to(wanted);
  if (room) return {};
  return std::move(room).error().with_hint("commit in smaller transactions");
}

// Remembers the keys of rows it has not seen yet; an index that is new in this transaction sees all of them.
Result<void> Transaction::check_own(const PendingRows& pending, const IndexSchema& index, KnownKeys& known) {
  ByteBuffer key;
  const auto words = word_column(pending.schema(), index);
  const bool charges = known.memory.bytes() != 0 || pending.rows() - known.rows > kFreeKeys;
  const auto hold = [&](std::size_t row, bool as_map) {
    return charges ? hold_keys(known, std::min(kBatchRowsMax, pending.rows() - row), as_map) : Result<void>{};
  };
  for (std::size_t row = known.rows; row < pending.rows(); ++row) {
    if (row == known.rows || row % kBatchRowsMax == 0) TRY(hold(row, false));
    if (pending.is_dead(row)) continue;
    const Batch& batch = pending.batch(row / kBatchRowsMax);
    const std::size_t at = row % kBatchRowsMax;
    if (words) {
      const Column& column = batch.columns[*words];
      if (column.is_null(at) || known.keys.add_ascending(key_word(column, at), row)) continue;
    }
    key_of(pending.schema(), index, batch, at, key);
    if (key.empty()) continue;
    if (!known.keys.is_map() && !known.keys.takes_in_order(key)) TRY(hold(row, true));
    const auto other = known.keys.add(key, row);
    if (!other) continue;
    if (!pending.is_dead(*other)) return duplicate(pending.schema(), index);
    known.keys.put(key, row);
  }
  known.rows = pending.rows();
  return {};
}

Result<void> Transaction::check_against_snapshot(const PendingRows& pending, const IndexSchema& index,
                                                 std::size_t from) {
  const auto& schema = find_table(pending.schema().id);
  const TableVersion* table = snapshot_.version->find(schema->id);
  if (table == nullptr) return {};
  const std::size_t last = (pending.rows() - 1) / kBatchRowsMax;
  if (table->segments.empty() && from / kBatchRowsMax == last &&
      !may_be_taken(*table, *schema, index, pending.batch(last), from % kBatchRowsMax,
                    (pending.rows() - 1) % kBatchRowsMax + 1, std::nullopt)) {
    return {};
  }
  const auto search = TRY(KeySearch::open(snapshot_, kinds_, schema, index.id, store_.budget()));
  if (search->sources().empty()) return {};
  ByteBuffer key;
  for (std::size_t first = from; first < pending.rows();) {
    const std::size_t end = std::min(pending.rows(), (first / kBatchRowsMax + 1) * kBatchRowsMax);
    const Batch& batch = pending.batch(first / kBatchRowsMax);
    const Column& leading = batch.columns[*schema->ordinal_of(index.columns[0])];
    const bool any = TRY(search->narrow_to(leading, first % kBatchRowsMax, (end - 1) % kBatchRowsMax + 1));
    if (!any) first = end;
    for (; first < end; ++first) {
      if (pending.is_dead(first)) continue;
      key_of(*schema, index, batch, first % kBatchRowsMax, key);
      if (!key.empty() && TRY(search->find_live(key, &pending))) return duplicate(*schema, index);
    }
  }
  return {};
}

Result<void> Transaction::check_unique() {
  for (const auto& [table, pending] : changes_->rows) {
    const auto mark = changes_->statement.marks.find(table);
    const std::size_t from = mark == changes_->statement.marks.end() ? 0 : mark->second.rows;
    if (from == pending.rows()) continue;
    for (const IndexSchema& index : pending.schema().indexes) {
      if (!index.unique) continue;
      TRY(check_own(pending, index, changes_->known_keys[{table, index.id}]));
      TRY(check_against_snapshot(pending, index, from));
    }
  }
  return {};
}

std::vector<const IndexSchema*> new_unique_indexes(const TableSchema& before, const TableSchema& after) {
  std::vector<const IndexSchema*> made;
  for (const IndexSchema& index : after.indexes) {
    const auto same = [&](const IndexSchema& old) { return old.id == index.id; };
    if (index.unique && std::ranges::none_of(before.indexes, same)) made.push_back(&index);
  }
  return made;
}

Result<void> Transaction::check_new_unique(const TableSchema& table, const IndexSchema& index) {
  UniqueKeys keys;
  ScanRequest request;
  request.table = table.id;
  request.columns = index.columns;
  const auto reader = TRY(scan(std::move(request)));
  std::vector<RowId> rows;
  ByteBuffer key;
  Reservation memory = TRY(store_.budget().reserve(0, MemoryShare::queries, "unique index check"));
  std::size_t count = 0;
  while (const auto batch = TRY(reader->next(rows))) {
    TRY(memory.grow_to(keys.bytes_after(rows.size(), false)));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      key.clear();
      bool null = false;
      for (const Column& column : batch->columns) {
        null = null || column.is_null(row);
        encode_key_column(column, row, key);
      }
      if (null) continue;
      if (!keys.is_map() && !keys.takes_in_order(key)) TRY(memory.grow_to(keys.bytes_after(rows.size(), true)));
      if (keys.add(key, count++)) return duplicate(table, index);
    }
  }
  return {};
}

Result<std::vector<RowId>> Transaction::find_conflicts(TableId table, const IndexSchema& index, const Batch& batch) {
  const auto schema = find_table(table);
  const PendingRows* pending = changes_->find_rows(table);
  KnownKeys& known = changes_->known_keys[{table, index.id}];
  if (pending != nullptr) TRY(check_own(*pending, index, known));
  const auto search = TRY(KeySearch::open(snapshot_, kinds_, schema, index.id, store_.budget()));
  std::vector<RowId> found(batch.rows(), RowId{0});
  ByteBuffer key;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    key_of(*schema, index, batch, row, key);
    if (key.empty()) continue;
    if (const auto own = known.keys.find(key); own && pending != nullptr && !pending->is_dead(*own)) {
      found[row] = PendingRows::id_of(*own);
    } else if (const auto hit = TRY(search->find_live(key, pending))) {
      found[row] = hit->row;
      changes_->found[hit->row] = {hit->source, hit->ordinal};
    }
  }
  return found;
}

Result<Batch> Transaction::fetch(TableId table, std::span<const RowId> rows) {
  const auto schema = find_table(table);
  const PendingRows* pending = changes_->find_rows(table);
  Batch out = empty_batch(*schema);
  for (const RowId id : rows) {
    for (std::size_t i = 0; i < schema->columns.size(); ++i) {
      if (is_provisional(id)) {
        const std::size_t row = PendingRows::row_of(id);
        out.columns[i].append_run(pending->batch(row / kBatchRowsMax).columns[i], row % kBatchRowsMax, 1);
      } else {
        const auto& [source, ordinal] = changes_->found.at(id);
        TRY(source->gather(schema->columns[i], {&ordinal, 1}, out.columns[i]));
      }
    }
  }
  std::vector<ColumnId> columns;
  for (const ColumnSchema& column : schema->columns) columns.push_back(column.id);
  TRY(load_blobs(store_, *schema, columns, out));
  return out;
}

// ---- At commit -------------------------------------------------------------------------------------------------

namespace {

class ReadingLatest {  // While it lives the transaction reads `latest`.
 public:
  ReadingLatest(Snapshot& snapshot, const Snapshot& latest) : snapshot_(snapshot), own_(latest) {
    std::swap(snapshot_, own_);
  }
  ReadingLatest(const ReadingLatest&) = delete;
  ReadingLatest& operator=(const ReadingLatest&) = delete;
  ~ReadingLatest() { std::swap(snapshot_, own_); }

 private:
  Snapshot& snapshot_;
  Snapshot own_;
};

}  // namespace

Result<void> CommitCheck::validate(const Snapshot& latest, const WriteSet& writes) {
  if (latest.sequence == transaction_.snapshot_.sequence && latest.version == transaction_.snapshot_.version) return {};
  for (const Change& change : writes.changes) {
    if (const auto* ended = std::get_if<EndRows>(&change)) TRY(check_schema(latest, ended->table));
    if (const auto* altered = std::get_if<AlterTable>(&change)) TRY(check_altered(latest, altered->schema));
    const auto* rows = std::get_if<InsertRows>(&change);
    if (rows == nullptr) continue;
    TRY(check_schema(latest, rows->table));
    TRY(check_keys(latest, *rows));
  }
  return {};
}

void CommitCheck::let_go() {
  auto schemas = std::make_shared<Version>();
  for (const auto& [id, table] : transaction_.snapshot_.version->tables) {
    schemas->tables[id] = {.schema = table.schema, .memtables = {}, .segments = {}, .keys = table.keys};
  }
  transaction_.snapshot_.version = std::move(schemas);
  transaction_.changes_->found.clear();
}

Result<void> CommitCheck::check_schema(const Snapshot& latest, TableId table) const {
  const TableVersion* before = transaction_.snapshot_.version->find(table);
  const TableVersion* now = latest.version->find(table);
  if (before == nullptr || (now != nullptr && now->schema == before->schema)) return {};
  return Error(Code::conflict,
               "table '" + before->schema->name + "' was changed by another transaction: run this one again")
      .with_sqlstate("40001");
}

// What the new schema asks of rows was asked of those in the snapshot. Where others have come, a unique index is looked
// at again, with the lock of commits held: they would come forever.
Result<void> CommitCheck::check_altered(const Snapshot& latest, const TableSchema& schema) {
  TRY(check_schema(latest, schema.id));
  const TableVersion* before = transaction_.snapshot_.version->find(schema.id);
  const auto& last = transaction_.find_table(schema.id);
  if (before == nullptr || last == nullptr || last->version != schema.version) return {};  // The last one is judged.
  const bool wants_values = std::ranges::any_of(schema.columns, [&](const ColumnSchema& column) {
    return column.not_null && column.missing_value.empty() && before->schema->find(column.id) == nullptr;
  });
  const auto made = new_unique_indexes(*before->schema, schema);
  if ((!wants_values && made.empty()) || !have_come(*before, *latest.version->find(schema.id))) return {};
  if (wants_values || transaction_.changes_->rows.contains(schema.id)) {
    return Error(Code::conflict, "rows came to table '" + schema.name + "' while it was altered: run this one again")
        .with_sqlstate("40001");
  }
  const ReadingLatest reading(transaction_.snapshot_, latest);
  for (const IndexSchema* index : made) TRY(transaction_.check_new_unique(schema, *index));
  return {};
}

// Perhaps: rows in files that the transaction did not see may be old ones.
bool CommitCheck::have_come(const TableVersion& before, const TableVersion& now) const {
  const auto unseen = [&](const TableSegment& segment) {
    return std::ranges::find(before.segments, segment.file, &TableSegment::file) == before.segments.end();
  };
  const auto newer = [&](const auto& memtable) { return memtable->last_sequence() > transaction_.snapshot_.sequence; };
  return std::ranges::any_of(now.memtables, newer) || std::ranges::any_of(now.segments, unseen);
}

Result<void> CommitCheck::check_keys(const Snapshot& latest, const InsertRows& rows) const {
  const TableVersion* table = latest.version->find(rows.table);
  if (table == nullptr) return {};  // Created by this very group.
  const auto& schema = transaction_.find_table(rows.table);
  // What lies in segments of the version that the transaction read was there before it.
  const bool only_memtables = table->segments.empty() || latest.version == transaction_.snapshot_.version;
  const PendingRows* pending = transaction_.changes_->find_rows(rows.table);
  ByteBuffer key;
  for (const IndexSchema& index : schema->indexes) {
    if (!index.unique) continue;
    // Its own rows lie behind those of the commits up to the latest.
    if (only_memtables && !may_be_taken(*table, *schema, index, rows.batch, 0, rows.batch.rows(), latest.sequence)) {
      continue;
    }
    const auto search = TRY(KeySearch::open(latest, transaction_.kinds_, schema, index.id, transaction_.store_.budget(),
                                            transaction_.snapshot_.sequence));
    if (search->sources().empty()) continue;
    const Column& leading = rows.batch.columns[*schema->ordinal_of(index.columns[0])];
    const bool any = TRY(search->narrow_to(leading, 0, rows.batch.rows()));
    if (!any) continue;
    for (std::size_t row = 0; row < rows.batch.rows(); ++row) {
      key_of(*schema, index, rows.batch, row, key);
      if (key.empty() || !TRY(search->find_live(key, pending))) continue;
      return Error(Code::conflict, duplicate(*schema, index).message() + ", by another transaction")
          .with_sqlstate("23505");
    }
  }
  return {};
}

}  // namespace mneme
