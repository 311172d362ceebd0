// OrderedMemory: the ordered index of a memtable: a hash table for equality, sorted runs for ranges.
//
// As long as key words come ascending, as a counter's or a clock's do, they are their own index: found by interpolation
// in the log of keys. Rows from the first one on that is not above all before it go into the hash table.
// Writers pay for the hash table alone. Ranges are served from runs of row numbers sorted by key, which the first
// reader that needs them makes of the rows that came since the last one; runs of like size are merged, so that n rows
// are sorted O(n log n) altogether whoever asks, and rows that arrive in order (a clock, a counter) are only looked at.
// The surprising decision: readers sort, the committer never does. A commit's pause is bounded by one hash bucket, and
// a memtable that is flushed before anybody asked for a range was never sorted for one.
#pragma once

#include <memory>
#include <vector>

#include "index/index.h"
#include "index/key_bounds.h"
#include "index/ordered/key_log.h"
#include "index/ordered/key_table.h"
#include "os/thread.h"

namespace mneme {

class OrderedMemory final : public MemoryIndex {
  // add, forget_from: one thread at a time (the commit lock). Everything else: thread-safe.
 public:
  // Rows [first, first + rows.size()) by (key, row).
  struct Run {
    std::uint32_t first = 0;
    std::vector<std::uint32_t> rows;
    Reservation memory;
  };
  using Runs = std::vector<std::shared_ptr<const Run>>;

  OrderedMemory(std::vector<Type> types, Scheduler& scheduler, MemoryBudget& budget);

  Result<void> add(const Batch& rows, std::uint32_t first_ordinal) override LOCK_NOT_HELD(mutex_);
  void forget_from(std::uint32_t ordinal) noexcept override LOCK_NOT_HELD(mutex_);
  [[nodiscard]] bool may_have(const Column& least, const Column& most) const override LOCK_NOT_HELD(mutex_);
  [[nodiscard]] bool may_have_key(Bytes key, std::uint32_t rows) const override LOCK_NOT_HELD(mutex_);

  [[nodiscard]] const std::vector<Type>& types() const noexcept { return types_; }
  // Tells `visit` the rows below `rows` whose whole key is this one, newest first, until it returns false. REQUIRES:
  // those rows are published.
  void find(Bytes key, std::uint32_t rows, const RowVisitor& visit) const LOCK_NOT_HELD(mutex_);
  // Runs that cover rows [0, rows), perhaps more. full: no room for the order. REQUIRES: those rows are published.
  Result<Runs> sorted(std::uint32_t rows) const LOCK_NOT_HELD(mutex_, runs_mutex_);
  [[nodiscard]] KeyLog::View keys() const LOCK_NOT_HELD(mutex_);
  [[nodiscard]] IndexStats stats() const LOCK_NOT_HELD(mutex_, runs_mutex_);

 private:
  static constexpr std::size_t kSliceRows = 64;  // Under one hold of the mutex: what a reader waits for at most.
  static constexpr std::size_t kFoundRows = 16;  // Likewise, in a chain of rows with one key.
  // Of what is held so much may be reserved ahead: a row then mostly asks for nothing.
  static constexpr std::size_t kSparePart = 16;
  Result<void> add_slice(const Batch& rows, std::size_t first, std::size_t count) LOCK_NOT_HELD(mutex_);
  void append_slice(const Batch& rows, std::size_t first, std::size_t count) LOCK_HELD(mutex_);
  [[nodiscard]] std::size_t held_bytes() const LOCK_HELD(mutex_);
  void index_newest() LOCK_HELD(mutex_);
  [[nodiscard]] std::uint32_t newest(Bytes key) const LOCK_HELD(mutex_);
  [[nodiscard]] std::uint32_t older(std::uint32_t row) const LOCK_HELD(mutex_);
  [[nodiscard]] std::uint32_t find_ascending(std::uint64_t word) const LOCK_HELD(mutex_);
  Result<std::shared_ptr<const Run>> sorted_run(const KeyLog::View& keys, std::uint32_t first,
                                                std::uint32_t count) const;
  Result<std::shared_ptr<const Run>> merged(const KeyLog::View& keys, const Run& left, const Run& right) const;

  const std::vector<Type> types_;
  const bool words_;  // Keys are key words.
  MemoryBudget& budget_;
  // The adding thread's.
  Reservation memory_;
  KeyRun slice_keys_;
  // Guarded. Short: readers of keys take a view and let go.
  mutable Mutex mutex_;
  KeyLog log_ GUARDED_BY(mutex_);
  KeyTable table_ GUARDED_BY(mutex_);
  std::uint32_t ascending_ GUARDED_BY(mutex_) = 0;  // The first rows: words, each above the one before; not in table_.
  // No word is outside of them; while there are none, the least is above the most.
  std::uint64_t least_word_ GUARDED_BY(mutex_) = ~std::uint64_t{0};
  std::uint64_t most_word_ GUARDED_BY(mutex_) = 0;
  // Held while sorting, by readers of ranges alone; taken before mutex_.
  mutable Mutex runs_mutex_;
  mutable Runs runs_ GUARDED_BY(runs_mutex_);
};

// Over a memtable's rows; `memory` outlives it.
std::unique_ptr<IndexReader> make_memory_reader(std::shared_ptr<const RowSource> source,
                                                std::vector<const ColumnSchema*> columns, const OrderedMemory& memory);

}  // namespace mneme
