// PreparedGroup: a commit group with everything done that can fail, so that showing it cannot.
#pragma once

#include <span>
#include <vector>

#include "storage/table_index.h"
#include "storage/version.h"
#include "storage/write_set.h"

namespace mneme {

struct DeferredEnd {
  TableId table{};
  RowId row{};
  std::uint64_t sequence = 0;
};

class PreparedGroup {  // One thread at a time, under the store's lock.
 public:
  struct Context {  // What new memtables are made of.
    Scheduler& scheduler;
    MemoryBudget& budget;
    IndexFactory* indexes;  // May be null.
    // Recovery searches segments once for all groups: rows that are in no memtable go here.
    std::vector<DeferredEnd>* deferred = nullptr;
    BlobFiles* blobs = nullptr;  // Null: no row may refer to one.
    bool recovering = false;     // What is added was valid once, and what it names may not be known yet.
  };
  // `base` outlives it.
  PreparedGroup(const Version& base, const Context& context) : context_(context), base_(&base) {}
  PreparedGroup(const PreparedGroup&) = delete;
  PreparedGroup& operator=(const PreparedGroup&) = delete;
  ~PreparedGroup();  // Forgets what was not published.

  // Takes over one change: copies rows behind the visible ones, finds the versions that end, builds the next Version.
  // conflict: a version has ended already. corrupt or invalid_argument: a table is not what the change expects.
  Result<void> add(const Change& change);

  // Shows it all at `sequence` and gives the Version from now on; null: the same as before. Cannot fail and allocates
  // nothing.
  std::shared_ptr<const Version> publish(std::uint64_t sequence) noexcept;

 private:
  Result<void> create(const CreateTable& change);
  Result<void> alter(const AlterTable& change);
  static std::uint32_t crc_of_rows(const Batch& batch, std::size_t first, std::size_t count);
  struct Room {
    std::shared_ptr<Memtable> memtable;
    std::size_t rows = 0;  // That it takes yet.
  };
  Result<Room> memtable_with_room(TableId id, std::size_t rows_max);
  Result<void> insert(const InsertRows& change);
  Result<void> hold_blobs(const Batch& batch, std::size_t first, std::size_t count, Memtable& memtable);
  Result<void> end(const EndRows& change);
  Result<bool> end_in_memtables(const TableVersion& table, RowId row);
  Result<void> end_in_segments(const TableVersion& table, std::vector<RowId>& rows);
  Result<void> end_in_segment(const TableVersion& table, const TableSegment& segment, std::uint32_t ordinal);

  const Context context_;
  [[nodiscard]] const Version& now() const noexcept { return next_ ? *next_ : *base_; }
  Version& change_version();  // Copies the Version at the first call: most commits need no new one.

  const Version* const base_;
  std::shared_ptr<Version> next_;
  std::vector<std::shared_ptr<Memtable>> appended_;
  // Where rows end. Which ones is theirs to know: a delete may have millions.
  std::vector<std::shared_ptr<Memtable>> ending_;
  std::vector<std::shared_ptr<SegmentDeletes>> ending_deletes_;
  bool published_ = false;
};

}  // namespace mneme
