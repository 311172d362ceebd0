// CompactionJob: merges some segments of one table into one, a bounded step at a time.
//
// Nothing counts until the caller has named the result in the manifest. Commits go on ending rows of the inputs: those
// ends are translated to the new ordinals in collect_deletes(), without the commit lock, and the few that came since in
// settle(), under it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "storage/segment_merge.h"
#include "storage/segment_output.h"

namespace mneme {

class CompactionJob {  // One thread at a time.
 public:
  struct Options {
    std::uint64_t dead_at = 0;  // Rows that ended at or below it are left out.
    std::uint64_t origin = 0;
    std::set<FileNumber> emptied_blobs{};  // Files whose values move to others.
  };
  // `schema` is of the catalogue in the manifest: one that a crash could take back must not reach a segment. Takes a
  // file number. full: not enough memory for so many inputs.
  static Result<std::unique_ptr<CompactionJob>> begin(StoreCore& core, std::vector<TableSegment> inputs,
                                                      std::shared_ptr<const TableSchema> schema, const Options& options,
                                                      FileNumber& next_file);

  // Until the file is written and synced, directory aside (true), or the deadline passes. After an error the job is of
  // no more use.
  Result<bool> step(std::int64_t deadline_ns);

  [[nodiscard]] TableId table() const noexcept { return schema_->id; }
  [[nodiscard]] const std::vector<TableSegment>& inputs() const noexcept { return inputs_; }
  [[nodiscard]] const std::optional<WrittenSegment>& written() const noexcept { return written_; }  // None: all dead.
  [[nodiscard]] bool has_input(const SegmentDeletes& deletes) const noexcept;
  // Of those to be emptied: files that cannot be.
  [[nodiscard]] const std::set<FileNumber>& damaged_blobs() const noexcept { return mover_.damaged(); }
  // Then, in this order:
  Result<void> collect_deletes() LOCK_NOT_HELD(core_.mutex);
  // REQUIRES: the commit lock. False: an input or the table is there no more.
  [[nodiscard]] bool fits(const Version& version) const;
  void install(Version& version) const;  // REQUIRES: the commit lock, and that it fits.

 private:
  CompactionJob(StoreCore& core, std::vector<TableSegment> inputs, std::shared_ptr<const TableSchema> schema,
                const Options& options)
      : core_(core),
        inputs_(std::move(inputs)),
        schema_(std::move(schema)),
        options_(options),
        mover_(core, options.emptied_blobs) {}
  Result<void> finish();
  void settle() const;

  StoreCore& core_;
  const std::vector<TableSegment> inputs_;
  const std::shared_ptr<const TableSchema> schema_;
  const Options options_;
  BlobMover mover_;
  std::unique_ptr<SegmentMerge> merge_;
  std::unique_ptr<SegmentOutput> output_;
  std::unique_ptr<SectionJobs> sections_;
  bool rows_written_ = false;
  std::optional<WrittenSegment> written_;
  std::uint64_t collected_to_ = 0;  // Ends up to this sequence are in the new part's deletes.
};

}  // namespace mneme
