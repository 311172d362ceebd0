#include "storage/compaction_job.h"

#include <algorithm>

#include "storage/segment_source.h"

namespace mneme {

Result<std::unique_ptr<CompactionJob>> CompactionJob::begin(StoreCore& core, std::vector<TableSegment> inputs,
                                                            std::shared_ptr<const TableSchema> schema,
                                                            const Options& options, FileNumber& next_file) {
  std::unique_ptr<CompactionJob> job(new CompactionJob(core, std::move(inputs), std::move(schema), options));
  std::vector<SegmentMerge::Input> merged;
  for (const TableSegment& input : job->inputs_) {
    merged.push_back(
        {TRY(open_segment(input, job->schema_->id)), input.deletes->up_to(options.dead_at, options.dead_at)});
  }
  job->merge_ = TRY(SegmentMerge::begin(std::move(merged), job->schema_, core.budget));
  job->sections_ = std::make_unique<SectionJobs>(TRY(SectionJobs::begin(core.indexes, *job->schema_, core.budget)));
  const FileNumber number = next_file;
  next_file = next(next_file);
  job->output_ = TRY(SegmentOutput::create(core, number, 0, options.origin));
  return job;
}

Result<bool> CompactionJob::step(std::int64_t deadline_ns) {
  Clock& clock = core_.world.clock;
  BlobMover* mover = options_.emptied_blobs.empty() ? nullptr : &mover_;
  if (!rows_written_) rows_written_ = TRY(merge_->step(output_->writer(), clock, deadline_ns, sections_.get(), mover));
  if (!rows_written_ || !TRY(sections_->step(output_->writer(), clock, deadline_ns))) return false;
  TRY(finish());
  return true;
}

Result<void> CompactionJob::finish() {
  sections_.reset();
  if (merge_->rows() == 0) {
    output_.reset();
    return {};
  }
  std::uint32_t level = 0;
  for (const TableSegment& input : inputs_) level = std::max(level, input.part.level + 1);
  TRY(mover_.finish());
  TRY(output_->end_part(*schema_));
  written_ = TRY(output_->finish(level));
  output_.reset();
  return {};
}

bool CompactionJob::has_input(const SegmentDeletes& deletes) const noexcept {
  return std::ranges::any_of(inputs_, [&](const TableSegment& input) { return input.deletes.get() == &deletes; });
}

Result<void> CompactionJob::collect_deletes() {
  {
    Lock lock(core_.mutex);
    collected_to_ = core_.applied;
  }
  if (!written_) return {};
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    for (std::uint64_t first = 0; first < inputs_[i].part.rows; first += SegmentDeletes::kRangeRows) {
      for (const auto& pair : inputs_[i].deletes->after(options_.dead_at, first, SegmentDeletes::kRangeRows)) {
        const auto place = merge_->place(i, pair.ordinal);
        if (place && pair.end_sequence <= collected_to_) {
          TRY(written_->parts[0].segment.deletes->adopt(*place, pair.end_sequence));
        }
      }
    }
  }
  return {};
}

void CompactionJob::settle() const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    for (std::uint64_t first = 0; first < inputs_[i].part.rows; first += SegmentDeletes::kRangeRows) {
      for (const auto& pair : inputs_[i].deletes->after(collected_to_, first, SegmentDeletes::kRangeRows)) {
        const auto place = merge_->place(i, pair.ordinal);
        if (place) written_->parts[0].segment.deletes->add(*place, pair.end_sequence);
      }
    }
  }
}

bool CompactionJob::fits(const Version& version) const {
  const TableVersion* table = version.find(schema_->id);
  const auto is_input = [this](const TableSegment& segment) { return has_input(*segment.deletes); };
  return table != nullptr &&
         std::ranges::count_if(table->segments, is_input) == static_cast<std::ptrdiff_t>(inputs_.size());
}

void CompactionJob::install(Version& version) const {
  TableVersion& table = version.tables.at(schema_->id);
  std::erase_if(table.segments, [this](const TableSegment& segment) { return has_input(*segment.deletes); });
  if (!written_) return;
  settle();
  table.add(written_->parts[0].segment);
}

}  // namespace mneme
