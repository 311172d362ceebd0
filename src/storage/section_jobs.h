// SectionJobs: the sections of one table's part while a flush or a merge writes it: one builder for each index.
#pragma once

#include <memory>
#include <vector>

#include "storage/segment_writer.h"
#include "storage/table_index.h"

namespace mneme {

class SectionJobs {  // One thread at a time.
 public:
  // `factory` may be null: no sections.
  static Result<SectionJobs> begin(IndexFactory* factory, const TableSchema& schema, MemoryBudget& budget);

  // The next rows of the part; column 0 is the RowId, the others are the schema's. Unchanged when it returns.
  Result<void> add(Batch& rows, std::uint64_t first_ordinal);
  // After the writer's end_rows(): writes until done (true) or until the deadline passes.
  Result<bool> step(SegmentWriter& writer, Clock& clock, std::int64_t deadline_ns);

 private:
  struct Job {
    std::vector<std::size_t> columns;  // Of the part's batches.
    std::unique_ptr<SectionBuilder> builder;
  };
  std::vector<Job> jobs_;
  std::size_t next_ = 0;
  SectionSink* sink_ = nullptr;  // Of the section being written.
};

}  // namespace mneme
