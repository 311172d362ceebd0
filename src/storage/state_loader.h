// StateLoader: from the manifest's state and the log behind it to the Version that both add up to.
//
// Recovery and readers in other processes build it the same way: segments, their deletes and the catalogue as the
// manifest has them, then the log's records one by one through the PreparedGroup that commits go through. It writes
// nothing.
#pragma once

#include <functional>

#include "storage/log_record.h"
#include "storage/manifest_state.h"
#include "storage/prepared_group.h"
#include "storage/store_core.h"
#include "storage/write_set.h"

namespace mneme {

class StateLoader {  // One thread at a time.
 public:
  struct Hooks {
    // A segment that the manifest names, opened when it is first read.
    std::function<std::shared_ptr<SegmentHandle>(const SegmentInfo&)> segment;
    // A .del file that was read: its table, and up to where it says what has ended.
    std::function<void(const DeleteFile&, TableId, std::uint64_t)> deletes;
    // No memory for more rows. Makes some of `version`, which has all records up to `applied`; null: it cannot.
    std::function<Result<void>(Version& version, Lsn applied)> make_room;
  };
  // `state` outlives load().
  StateLoader(StoreCore& core, const ManifestState& state, Hooks hooks);

  Result<void> load();
  // The next record of the log. A row's end in a segment counts only from resolve_deferred() on.
  Result<void> replay(const LogRecord& record);
  Result<void> resolve_deferred();

  [[nodiscard]] const std::shared_ptr<const Version>& version() const noexcept { return version_; }
  [[nodiscard]] std::uint64_t next_row() const noexcept { return next_row_; }
  [[nodiscard]] std::uint64_t next_table() const noexcept { return next_table_; }

 private:
  Result<void> load_segment(const SegmentInfo& info, Version& version);
  Result<void> load_deletes(Version& version);
  Result<void> apply(const WriteSet& writes, Lsn lsn);
  void note_numbers(const WriteSet& writes);
  // Memory for the record that is replayed, `bytes` in all.
  Result<void> hold(std::size_t bytes);
  Result<void> make_room();

  StoreCore& core_;
  const ManifestState& state_;
  const Hooks hooks_;
  std::shared_ptr<const Version> version_;  // Only this thread knows it yet.
  std::uint64_t next_row_ = 1;
  std::uint64_t next_table_ = 1;
  std::vector<DeferredEnd> deferred_;
  Lsn applied_{};
  Reservation record_memory_;
};

// The tables of a record's changes are looked up in `version`.
Result<WriteSet> decode_record(const LogRecord& record, const Version& version);
Error record_error(Lsn lsn, const Error& error);  // corrupt.

}  // namespace mneme
