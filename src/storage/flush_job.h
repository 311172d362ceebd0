// FlushJob: writes frozen memtables to segment files, a bounded step at a time.
//
// A memtable of some size gets a file of its own; small ones share a pack. Nothing counts until the caller has named
// the files in the manifest.
#pragma once

#include <memory>
#include <vector>

#include "storage/memtable_flush.h"
#include "storage/segment_output.h"

namespace mneme {

class FlushJob {  // One thread at a time.
 public:
  static constexpr std::size_t kPackBytesMax = 256 << 10;  // Smaller memtables share a file.

  struct Options {
    Lsn covered_to{};                   // All commits up to it are in the memtables, or in segments.
    std::uint64_t oldest_snapshot = 0;  // As in MemtableFlush.
    std::uint64_t origin = 0;
  };
  FlushJob(StoreCore& core, std::vector<std::shared_ptr<const Memtable>> memtables, const Options& options);

  // Until everything is written and synced, directory aside (true), or the deadline passes. Takes file numbers from
  // `next_file`. After an error the job is of no more use.
  Result<bool> step(std::int64_t deadline_ns, FileNumber& next_file);

  // Then: the files, in which each part's SegmentDeletes holds what had ended by now; settle() adds the rest, under the
  // commit lock, and the Version that reads the files instead of the memtables may be published.
  [[nodiscard]] const std::vector<WrittenSegment>& written() const noexcept { return written_; }
  Result<void> collect_deletes();
  void settle();
  void install(Version& version) const;
  // Those of a part that are to be in its .del file.
  [[nodiscard]] Lsn covered_to() const noexcept { return options_.covered_to; }

 private:
  struct Part {  // A memtable whose rows are in written_[file].parts[part].
    std::unique_ptr<MemtableFlush> flush;
    std::size_t file = 0;
    std::size_t part = 0;
  };
  using Group = std::vector<std::shared_ptr<const Memtable>>;  // Goes to one file; each table once.

  void plan(std::vector<std::shared_ptr<const Memtable>> memtables);
  Result<bool> next_part(FileNumber& next_file);
  Result<void> begin_output(FileNumber& next_file);
  Result<void> end_file();

  StoreCore& core_;
  const Options options_;
  std::vector<std::shared_ptr<const Memtable>> memtables_;  // All, as given.
  std::vector<Group> groups_;
  std::size_t group_ = 0;   // At hand.
  std::size_t member_ = 0;  // The next of it.
  std::unique_ptr<SegmentOutput> output_;
  std::unique_ptr<MemtableFlush> flush_;  // The part being written.
  std::unique_ptr<SectionJobs> sections_;
  bool rows_written_ = false;
  std::size_t parts_in_file_ = 0;
  std::vector<Part> parts_;
  std::vector<WrittenSegment> written_;
  std::uint64_t collected_to_ = 0;  // Ends up to this sequence are in the parts' deletes.
};

}  // namespace mneme
