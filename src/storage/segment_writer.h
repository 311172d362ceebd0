// SegmentWriter: writes one segment file, part by part, batch by batch. The bytes are in docs/format.md, "segments".
//
// Incremental: each call does a bounded amount of work, so that a flush or a compaction can stop between any two of
// them. The file is allocated ahead of what is written, so that a full disk shows as `full` in append(), not at the
// sync. finish() cuts it to its size; making it durable (sync of the file, then of the directory) is one call of the
// caller's. A writer that is destroyed before finish() leaves a file without a trailer, which no reader opens.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file.h"
#include "storage/blob_tally.h"
#include "storage/memory_budget.h"
#include "storage/section.h"
#include "storage/segment.h"
#include "types/column.h"

namespace mneme {

class SegmentWriter {  // One thread at a time.
 public:
  struct Options {
    std::uint64_t number = 0;
    std::uint64_t expected_bytes = 0;  // Allocated at once; more is allocated in steps of 1 MiB.
    std::uint64_t origin = 0;          // Of the database that made it.
    std::int64_t created_ns = 0;       // Wall time.
  };
  // Creates the file, which must not exist.
  static Result<std::unique_ptr<SegmentWriter>> create(FileSystem& files, const std::string& path,
                                                       const Options& options, MemoryBudget& budget);
  ~SegmentWriter();

  Result<void> begin_part(SegmentPart part);
  // Rows in the order they shall have; columns as in begin_part. Any number of rows.
  Result<void> append(const Batch& batch);
  [[nodiscard]] const BlobTally& part_blobs() const noexcept;  // That the part's rows so far refer to.
  Result<void> end_rows();  // After the last append() of a part, before its sections.
  // Starts a section of the part; append to the sink until the next call on the writer.
  Result<SectionSink*> begin_section(SectionName name);
  Result<void> end_section();
  Result<void> end_part();

  Result<std::uint64_t> finish();  // Footer and trailer; returns the file's size. Nothing but sync() may follow.
  Result<void> sync();

 private:
  class State;
  explicit SegmentWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mneme
