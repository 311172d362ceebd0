// Index: one interface for every kind of index; how a question about one source of rows is answered.
//
// An index is segment-scoped: its answer for a table is the sum of its answers for every memtable and segment of a
// snapshot (RowSource). It names rows by ordinal and knows nothing of deletes: dead rows may be in an answer; the asker
// holds them against RowSource::live_mask() or leaves them out with `among`.
// The surprising decision: no source is ever without an answer. Where a segment is older than the index, or its section
// does not fit the columns any more, the same reader interface is served by a scan of the key columns.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "storage/row_source.h"
#include "storage/table_index.h"
#include "types/key.h"

namespace mneme {

// Rows whose key is this one; NULL is like any other value here, what SQL makes of NULL is the asker's business.
struct Equal {
  std::vector<Column> key;  // One row each, of every column of the index.
};
// Rows whose first columns are `prefix` and whose next column is inside the bounds. With a bound, NULL is outside.
struct Between {
  std::vector<Column> prefix;   // One row each, of the index's first columns. May be none of them.
  std::optional<Column> lower;  // One row, of the column after them; none: unbounded.
  std::optional<Column> upper;
  bool lower_inclusive = true;
  bool upper_inclusive = true;
};
// Closed: a new kind of question (Nearest, Match, Within) is a new alternative here, and each kind of index says
// `unsupported` to those that are not its own.
using Probe = std::variant<Equal, Between>;

struct IndexCost {
  double rows = 0;    // Ordinals in the answer, estimated.
  double blocks = 0;  // Blocks (4 to 64 KiB) to be read for it, cached or not.
};

struct IndexStats {
  std::uint64_t rows = 0;   // Stored versions covered, dead ones too.
  std::uint64_t bytes = 0;  // On disk or in memory.
  IndexStats& operator+=(const IndexStats& other) noexcept {
    rows += other.rows;
    bytes += other.bytes;
    return *this;
  }
};

struct OpenOptions {
  const std::uint64_t* among = nullptr;  // Bit i: ordinal i is wanted; ceil(rows / 64) words. Null: all of them.
  bool descending = false;               // Of ordered answers: the exact reverse.
  bool with_keys = false;                // Of ordered answers: IndexBatch::keys is filled.
  [[nodiscard]] bool wants(std::uint32_t ordinal) const noexcept {
    return among == nullptr || (among[ordinal / 64] >> (ordinal % 64) & 1) != 0;
  }
};

// A part of an answer.
struct IndexBatch {
  std::vector<std::uint32_t> ordinals;
  KeyRun keys;  // One per ordinal, if asked for.
  void clear() noexcept {
    ordinals.clear();
    keys.clear();
  }
};

class IndexCursor {  // One thread at a time. Must not outlive the reader it came from, nor `among`.
 public:
  virtual ~IndexCursor() = default;
  // Replaces `out` by the next 1 to kBatchRowsMax rows, in order; false: there are no more, and `out` is empty.
  virtual Result<bool> next(IndexBatch& out) = 0;
};

struct KeyRows {  // Of a source: [first, end).
  std::uint32_t first = 0, end = 0;
};

// A borrowed bool(std::uint32_t ordinal): a lookup allocates nothing for it.
class RowVisitor {
 public:
  template <class Visit>
    requires(!std::is_same_v<std::remove_cvref_t<Visit>, RowVisitor>)
  RowVisitor(Visit&& visit) noexcept  // NOLINT(google-explicit-constructor): a lambda is to be passed as it stands.
      : visit_(const_cast<void*>(static_cast<const void*>(std::addressof(visit)))),
        call_([](void* to, std::uint32_t ordinal) -> bool {
          return (*static_cast<std::remove_reference_t<Visit>*>(to))(ordinal);
        }) {}
  bool operator()(std::uint32_t ordinal) const { return call_(visit_, ordinal); }

 private:
  void* visit_;
  bool (*call_)(void*, std::uint32_t);
};

// An index over one source. Thread-safe.
class IndexReader {
 public:
  virtual ~IndexReader() = default;
  // `among_rows`: how many rows are wanted at all; RowSource::rows() for all.
  [[nodiscard]] virtual Result<IndexCost> cost(const Probe& probe, std::uint64_t among_rows) const = 0;
  // unsupported: not a question for this kind. Ordered answers come by (key, ordinal).
  [[nodiscard]] virtual Result<std::unique_ptr<IndexCursor>> open(const Probe& probe,
                                                                  const OpenOptions& options) const = 0;
  // Tells `visit` the ordinals whose whole key has these bytes (types/key.h), of a memtable the newest first, until it
  // returns false. What a point lookup takes; no lock is held during the visit.
  virtual Result<void> find(Bytes key, const RowVisitor& visit) const = 0;
  // The rows that alone can have a key, where that is one integer of eight bytes and they lie in its order, told
  // without reading them: a lookup may search the column itself. None: only find() knows. `word`: types/key.h.
  [[nodiscard]] virtual std::optional<KeyRows> rows_with([[maybe_unused]] std::uint64_t word) const noexcept {
    return std::nullopt;
  }
  [[nodiscard]] virtual Result<IndexStats> stats() const = 0;
  // Compares everything with the source's rows. corrupt: says what does not fit.
  virtual Result<void> verify() const = 0;
};

// A kind of index. Thread-safe.
class IndexKind {
 public:
  virtual ~IndexKind() = default;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  // Null: keeps nothing in memory, or nothing in segments.
  virtual Result<std::unique_ptr<MemoryIndex>> memory_index(const TableSchema& schema, const IndexSchema& index,
                                                            Scheduler& scheduler, MemoryBudget& budget) = 0;
  virtual Result<std::unique_ptr<SectionBuilder>> section_builder(const TableSchema& schema, const IndexSchema& index,
                                                                  MemoryBudget& budget) = 0;
  // `memory`: the source's part in memory, if it is a memtable that has one. The reader keeps `source`; `schema`'s
  // columns and `memory` must outlive it.
  virtual Result<std::unique_ptr<IndexReader>> open(std::shared_ptr<const RowSource> source, const MemoryIndex* memory,
                                                    const TableSchema& schema, const IndexSchema& index,
                                                    MemoryBudget& budget) = 0;
};

// The index's columns as the schema has them now. corrupt: it names one that is not there.
Result<std::vector<const ColumnSchema*>> index_columns(const TableSchema& schema, const IndexSchema& index);

}  // namespace mneme
