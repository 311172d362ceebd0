// Transaction: what one connection sees and changes until it commits.
//
// Snapshot isolation: it reads one snapshot plus its own changes, which stay in memory until commit() hands them to
// the store as one write set. First committer wins: a version somebody else ended, a unique key somebody else took,
// a table somebody else altered make commit() fail with `conflict`, and nothing has changed.
// Rows are named by a RowId; a row of this transaction has a provisional one with the highest bit set.
// Statements are atomic: begin_statement() marks, and rollback_statement() undoes what came after it. A scan sees what
// was there when it was opened, so a statement drains what it reads before it changes anything.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "index/index_kinds.h"
#include "storage/row_source.h"
#include "storage/store.h"
#include "table/pending_rows.h"

namespace mneme {

// Values of an index's first columns, then perhaps a range of the next: what a scan through an index looks for.
struct KeyRange {
  IndexId index{};
  Batch equal;                  // One row; its columns are the index's first ones. May have none.
  std::optional<Column> lower;  // One row, of the column after those of `equal`; none: unbounded.
  std::optional<Column> upper;
  bool lower_inclusive = true;
  bool upper_inclusive = true;
  bool descending = false;
};

struct ScanRequest {
  TableId table{};
  std::vector<ColumnId> columns;
  std::vector<ScanBound> bounds;  // To skip by; rows outside may still come.
  std::optional<KeyRange> key;    // Only rows in it come, in its index's order.
  // BLOB columns that come as references where their values lie in blob files (types/blob_ref.h): of `in_part` some
  // bytes will be read afterwards, so that batches become shorter where values are long; of `by_reference` none.
  std::vector<ColumnId> by_reference{};
  std::vector<ColumnId> in_part{};
  bool row_ids = true;  // False: nobody asks for them; there is one RowId a row, of any value.
};

class TableReader {  // One thread at a time. Keeps its snapshot.
 public:
  virtual ~TableReader() = default;
  // The next batch with at least one row (columns as requested) and the RowId of each row; null at the end.
  virtual Result<std::optional<Batch>> next(std::vector<RowId>& rows) = 0;
};

class PlacedReader;  // table/placed_reader.h

class Transaction {  // One thread at a time.
 public:
  // `now_ns`: what now() is in it. The store and the kinds outlive it.
  static Result<std::unique_ptr<Transaction>> begin(Store& store, const IndexKinds& kinds, std::int64_t now_ns);
  // Of a snapshot of `store`.
  Transaction(Store& store, const IndexKinds& kinds, Snapshot snapshot, std::int64_t now_ns);
  ~Transaction();

  [[nodiscard]] Store& store() const noexcept { return store_; }
  [[nodiscard]] std::int64_t now_ns() const noexcept { return now_ns_; }
  [[nodiscard]] const Snapshot& snapshot() const noexcept { return snapshot_; }
  [[nodiscard]] bool has_changes() const noexcept;
  // False: what it sees of the table is what its snapshot does.
  [[nodiscard]] bool has_touched(TableId table) const noexcept;

  // The catalogue with this transaction's changes. Null: no such table.
  [[nodiscard]] std::shared_ptr<const TableSchema> find_table(std::string_view name) const;
  // Good until this transaction changes the table.
  [[nodiscard]] const std::shared_ptr<const TableSchema>& find_table(TableId table) const;
  [[nodiscard]] std::vector<std::shared_ptr<const TableSchema>> tables() const;  // By name.
  // Gives the schema its id. already_exists: the name is taken.
  Result<void> create_table(TableSchema schema);
  // The next version of a table: columns or indexes were added, dropped, renamed. A new unique index is checked
  // against the rows: constraint, 23505. After an error only rollback_statement() or a savepoint leads back.
  Result<void> alter_table(TableSchema schema);
  Result<void> drop_table(TableId table);

  // not_found: a column asked for is not there.
  Result<std::unique_ptr<TableReader>> scan(ScanRequest request);
  // The same without `key`, for who looks at few columns of all rows and at the others of few rows.
  Result<std::unique_ptr<PlacedReader>> scan_in_place(ScanRequest request);
  // All columns of rows that find_conflicts() named since begin_statement(), in the order asked.
  Result<Batch> fetch(TableId table, std::span<const RowId> rows);

  // Adds rows: one column per column of the schema. Identity and hidden columns that are NULL get the next number (in
  // `batch`, so that RETURNING sees it). constraint: NOT NULL (23502).
  // Uniqueness is judged by check_unique() once the statement has made all its changes.
  Result<void> insert(TableId table, Batch& batch);
  // The same, but text in `batch` is not copied: it stays where it is until the transaction is over.
  Result<void> insert_lent(TableId table, Batch& batch);
  Result<void> remove(TableId table, const RowSet& rows);
  // constraint, 23505: a key that was inserted since begin_statement() exists twice.
  Result<void> check_unique();
  // Of each row of `batch` (columns as the schema's), the live row this transaction sees whose key in `index` equals
  // it; none: RowId{0}. For ON CONFLICT. Keys with a NULL equal nothing.
  Result<std::vector<RowId>> find_conflicts(TableId table, const IndexSchema& index, const Batch& batch);

  void begin_statement();
  void rollback_statement();
  void set_savepoint(const std::string& name);
  Result<void> rollback_to(std::string_view name);  // invalid_argument, 3B001: no such savepoint. It stays.
  Result<void> release(std::string_view name);

  // Makes all changes at once, as durable as asked. conflict: 40001, or 23505 when another transaction took a unique
  // key. The transaction is over either way.
  Result<CommitResult> commit(std::optional<Durability> durability = std::nullopt);

 private:
  friend class CommitCheck;
  struct Savepoint;
  struct KnownKeys;
  struct Changes;

  Result<void> insert_by(TableId table, Batch& batch, bool lent);
  Result<void> hold_blobs(const Batch& batch);
  Result<PendingRows*> admit(TableId table, Batch& batch, std::size_t bytes_max);
  Result<void> number_rows(const TableSchema& schema, Batch& batch);
  Result<void> check_new_unique(const TableSchema& table, const IndexSchema& index);
  Result<void> hold_keys(KnownKeys& known, std::size_t rows, bool as_map);
  Result<void> check_own(const PendingRows& pending, const IndexSchema& index, KnownKeys& known);
  Result<void> check_against_snapshot(const PendingRows& pending, const IndexSchema& index, std::size_t from);
  Result<std::uint64_t> reserve_keys(TableId table, std::uint64_t count);
  [[nodiscard]] Result<std::size_t> find_savepoint(std::string_view name) const;

  Store& store_;
  const IndexKinds& kinds_;
  Snapshot snapshot_;
  const std::int64_t now_ns_;
  std::unique_ptr<Changes> changes_;
};

// constraint, 23502: a row has NULL where none may be. Identity columns are left out: they are numbered when rows are
// added.
Result<void> refuse_nulls(const TableSchema& schema, const Batch& batch);

}  // namespace mneme
