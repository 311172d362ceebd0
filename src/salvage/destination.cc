#include "salvage/destination.h"

#include <algorithm>

#include "types/value_column.h"

namespace mneme {
namespace {

// Its text stays that of `rows`.
Batch part_of(const Batch& rows, std::size_t first, std::size_t count) {
  Batch part;
  for (const Column& column : rows.columns) {
    part.columns.emplace_back(column.type()).append_lent(column, first, count);
  }
  return part;
}

std::string key_text(const TableSchema& schema, const IndexSchema& index, const Batch& row) {
  constexpr std::size_t kTextMax = 64;
  std::string text;
  for (const ColumnId id : index.columns) {
    const Column& column = row.columns[*schema.ordinal_of(id)];
    text += (text.empty() ? "" : ", ") + value_at(column, 0).to_text().substr(0, kTextMax);
  }
  return text;
}

}  // namespace

Result<void> RowOrigins::add(RowId first, std::span<const RowId> origins, MemoryBudget& budget) {
  if (memory_.bytes() == 0) memory_ = TRY(budget.reserve(0, MemoryShare::queries, "ids of salvaged rows"));
  auto at = static_cast<std::uint64_t>(first);
  for (const RowId row : origins) {
    const auto origin = static_cast<std::uint64_t>(row);
    const bool goes_on = !runs_.empty() && runs_.back().first + runs_.back().rows == at &&
                         runs_.back().origin + runs_.back().rows == origin;
    if (goes_on) {
      ++runs_.back().rows;
    } else {
      if (runs_.size() == runs_.capacity()) {
        const std::size_t room = std::max<std::size_t>(64, runs_.capacity() * 2);
        TRY(memory_.grow_to(room * sizeof(Run)));
        runs_.reserve(room);
      }
      runs_.push_back({at, origin, 1});
    }
    ++at;
  }
  return {};
}

RowId RowOrigins::origin_of(RowId row) const {
  const auto wanted = static_cast<std::uint64_t>(row);
  const auto after = std::ranges::upper_bound(runs_, wanted, {}, &Run::first);
  if (after == runs_.begin()) return RowId{};
  const Run& run = *(after - 1);
  return wanted - run.first < run.rows ? RowId{run.origin + (wanted - run.first)} : RowId{};
}

Destination::~Destination() {
  if (blobs_.writer) store_.blobs().give_back(std::move(blobs_));
}

Result<TableId> Destination::create_table(TableSchema schema) {
  const std::string name = schema.name;
  auto transaction = TRY(Transaction::begin(store_, kinds_, now_ns_));
  TRY(transaction->create_table(std::move(schema)));
  const TableId id = transaction->find_table(name)->id;
  TRY(transaction->commit(Durability::os));
  return id;
}

Result<void> Destination::remember(std::span<const RowId> ids) {
  if (keeps_origins_) TRY(origins_.add(RowId{next_row_}, ids, store_.budget()));
  next_row_ += ids.size();
  return {};
}

Result<void> Destination::insert(TableId table, std::span<const RowId> ids, Batch& rows, const LeaveOut& left_out) {
  if (ids.empty()) return {};
  TRY(end_blobs());
  TRY(insert_some(table, ids, rows, 0, ids.size(), left_out));
  held_.clear();
  return {};
}

// All at once, or by halves down to the one that stands against another.
Result<void> Destination::insert_some(TableId table, std::span<const RowId> ids, const Batch& rows, std::size_t first,
                                      std::size_t count, const LeaveOut& left_out) {
  Batch part = part_of(rows, first, count);
  auto transaction = TRY(Transaction::begin(store_, kinds_, now_ns_));
  transaction->begin_statement();
  auto inserted = transaction->insert_lent(table, part);
  if (inserted) inserted = transaction->check_unique();
  if (inserted) {
    TRY(transaction->commit(Durability::os));
    return remember(ids.subspan(first, count));
  }
  if (inserted.error().code() != Code::constraint) return inserted;
  transaction.reset();
  if (count == 1) return insert_one(table, ids[first], part, left_out);
  TRY(insert_some(table, ids, rows, first, count / 2, left_out));  // At most 11 deep: a batch has 2,048 rows.
  return insert_some(table, ids, rows, first + count / 2, count - count / 2, left_out);
}

// The younger of those with one key stays.
Result<void> Destination::insert_one(TableId table, RowId id, const Batch& row, const LeaveOut& left_out) {
  auto transaction = TRY(Transaction::begin(store_, kinds_, now_ns_));
  const auto schema = transaction->find_table(table);
  RowSet older;
  std::vector<LeftOut> gone;
  for (const IndexSchema& index : schema->indexes) {
    if (!index.unique) continue;
    const auto found = TRY(transaction->find_conflicts(table, index, row));
    if (found[0] == RowId{}) continue;
    const RowId origin = origins_.origin_of(found[0]);
    LeftOut older_row{"a younger row has the same key in '" + index.name + "': " + key_text(*schema, index, row),
                      origin};
    if (origin == RowId{} || origin >= id) {
      older_row.row = id;
      left_out(older_row);
      return {};
    }
    if (older.insert(found[0])) gone.push_back(std::move(older_row));
  }
  transaction->begin_statement();
  TRY(transaction->remove(table, older));
  Batch copy = part_of(row, 0, 1);
  auto inserted = transaction->insert_lent(table, copy);
  if (inserted) inserted = transaction->check_unique();
  if (!inserted && inserted.error().code() == Code::constraint) {
    left_out({inserted.error().message(), id, false});
    return {};  // The older rows stay: nothing was committed.
  }
  TRY(std::move(inserted));
  TRY(transaction->commit(Durability::os));
  for (const LeftOut& older_row : gone) left_out(older_row);
  return remember(std::span(&id, 1));
}

Result<void> Destination::raise_keys(TableId table, std::uint64_t next_key) {
  const std::uint64_t next = TRY(store_.reserve_keys(table, 1)) + 1;
  if (next < next_key) TRY(store_.reserve_keys(table, next_key - next));
  return {};
}

Result<std::optional<BlobRef>> Destination::store_blob(std::uint64_t bytes, const Piece& piece) {
  if (blobs_.writer && blobs_.writer->end_bytes() > store_.options().blob_file_bytes) TRY(end_blobs());
  if (!blobs_.writer) blobs_ = TRY(store_.blobs().take());
  TRY(blobs_.writer->begin(bytes));
  bool failed = false;
  while (const auto part = piece(failed)) TRY(blobs_.writer->append(*part));
  if (failed) {
    TRY(blobs_.writer->abandon());
    return std::optional<BlobRef>();
  }
  return std::optional(TRY(blobs_.writer->end()));
}

Result<void> Destination::end_blobs() {
  if (!blobs_.writer) return {};
  TRY(store_.blobs().make_durable(blobs_));
  held_.push_back(blobs_.file);
  store_.blobs().give_back(std::exchange(blobs_, OpenBlobFile{}));
  return {};
}

Result<void> Destination::finish() {
  TRY(store_.sync());
  return store_.flush();
}

}  // namespace mneme
