#include "storage/section_jobs.h"

#include "base/assert.h"

namespace mneme {

Result<SectionJobs> SectionJobs::begin(IndexFactory* factory, const TableSchema& schema, MemoryBudget& budget) {
  SectionJobs jobs;
  if (factory == nullptr) return jobs;
  for (const IndexSchema& index : schema.indexes) {
    Job job{{}, TRY(factory->section_builder(schema, index, budget))};
    if (!job.builder) continue;
    for (const ColumnId column : job.builder->name().columns) {
      const auto ordinal = schema.ordinal_of(column);
      ASSERT(ordinal.has_value());
      job.columns.push_back(*ordinal + 1);
    }
    jobs.jobs_.push_back(std::move(job));
  }
  return jobs;
}

// The columns are lent to each builder and taken back, not copied.
Result<void> SectionJobs::add(Batch& rows, std::uint64_t first_ordinal) {
  for (Job& job : jobs_) {
    Batch lent;
    for (const std::size_t column : job.columns) lent.columns.push_back(std::move(rows.columns[column]));
    auto added = job.builder->add(lent, first_ordinal);
    for (std::size_t i = job.columns.size(); i-- > 0;) rows.columns[job.columns[i]] = std::move(lent.columns[i]);
    if (!added) return added;
  }
  return {};
}

Result<bool> SectionJobs::step(SegmentWriter& writer, Clock& clock, std::int64_t deadline_ns) {
  while (next_ < jobs_.size()) {
    SectionBuilder& builder = *jobs_[next_].builder;
    if (sink_ == nullptr) sink_ = TRY(writer.begin_section(builder.name()));
    if (!TRY(builder.step(*sink_, clock, deadline_ns))) return false;
    TRY(writer.end_section());
    sink_ = nullptr;
    jobs_[next_++].builder.reset();
    if (next_ < jobs_.size() && clock.monotonic_ns() >= deadline_ns) return false;
  }
  return true;
}

}  // namespace mneme
