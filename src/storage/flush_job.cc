#include "storage/flush_job.h"

#include <algorithm>

namespace mneme {

FlushJob::FlushJob(StoreCore& core, std::vector<std::shared_ptr<const Memtable>> memtables, const Options& options)
    : core_(core), options_(options), memtables_(std::move(memtables)) {
  plan(memtables_);
}

void FlushJob::plan(std::vector<std::shared_ptr<const Memtable>> memtables) {
  std::vector<Group> packs;
  for (auto& memtable : memtables) {
    if (memtable->memory_bytes() >= kPackBytesMax) {
      groups_.push_back({std::move(memtable)});
      continue;
    }
    const auto has_table = [&](const Group& pack) {
      return std::ranges::any_of(pack, [&](const auto& m) { return m->schema().id == memtable->schema().id; });
    };
    auto pack = std::ranges::find_if_not(packs, has_table);
    if (pack == packs.end()) pack = packs.insert(pack, Group{});
    pack->push_back(std::move(memtable));
  }
  for (Group& pack : packs) groups_.push_back(std::move(pack));
}

Result<bool> FlushJob::step(std::int64_t deadline_ns, FileNumber& next_file) {
  Clock& clock = core_.world.clock;
  while (group_ < groups_.size()) {
    if (!flush_ && !TRY(next_part(next_file))) {
      TRY(end_file());
    } else {
      if (!rows_written_) rows_written_ = TRY(flush_->step(output_->writer(), clock, deadline_ns, sections_.get()));
      if (rows_written_ && TRY(sections_->step(output_->writer(), clock, deadline_ns))) {
        TRY(output_->end_part(flush_->memtable()->schema()));
        parts_.push_back({std::move(flush_), written_.size(), parts_in_file_++});
      }
    }
    if (clock.monotonic_ns() >= deadline_ns) return group_ == groups_.size();
  }
  return true;
}

// Begins the next memtable of the group that has a row left. False: the group is done.
Result<bool> FlushJob::next_part(FileNumber& next_file) {
  for (const Group& group = groups_[group_]; member_ < group.size();) {
    const auto& memtable = group[member_++];
    const MemtableFlush::Options options{.first_lsn = Lsn{memtable->first_sequence()},
                                         .last_lsn = Lsn{memtable->last_sequence()},
                                         .oldest_snapshot = options_.oldest_snapshot,
                                         .covered_to = options_.covered_to};
    auto flush = TRY(MemtableFlush::begin(memtable, options, core_.budget));
    if (flush->rows() == 0) continue;
    if (!output_) TRY(begin_output(next_file));
    sections_ = std::make_unique<SectionJobs>(TRY(SectionJobs::begin(core_.indexes, memtable->schema(), core_.budget)));
    flush_ = std::move(flush);
    rows_written_ = false;
    return true;
  }
  return false;
}

Result<void> FlushJob::begin_output(FileNumber& next_file) {
  const FileNumber number = next_file;
  next_file = next(next_file);
  output_ = TRY(SegmentOutput::create(core_, number, 0, options_.origin));
  parts_in_file_ = 0;
  return {};
}

Result<void> FlushJob::end_file() {
  if (output_) written_.push_back(TRY(output_->finish(0)));
  output_.reset();
  ++group_;
  member_ = 0;
  return {};
}

// Most of the work without the lock: what ends from here on is little.
Result<void> FlushJob::collect_deletes() {
  {
    Lock lock(core_.mutex);
    collected_to_ = core_.applied;
  }
  for (const Part& part : parts_) {
    SegmentDeletes& deletes = *written_[part.file].parts[part.part].segment.deletes;
    for (const DeleteSet::Pair& pair : part.flush->ended_after(0)) {
      if (pair.end_sequence <= collected_to_) TRY(deletes.adopt(pair.ordinal, pair.end_sequence));
    }
  }
  return {};
}

void FlushJob::settle() {
  for (const Part& part : parts_) {
    SegmentDeletes& deletes = *written_[part.file].parts[part.part].segment.deletes;
    for (const DeleteSet::Pair& pair : part.flush->ended_after(collected_to_)) {
      deletes.add(pair.ordinal, pair.end_sequence);
    }
  }
}

void FlushJob::install(Version& version) const {
  for (auto& [id, table] : version.tables) {
    std::erase_if(table.memtables,
                  [this](const auto& memtable) { return std::ranges::find(memtables_, memtable) != memtables_.end(); });
  }
  for (const WrittenSegment& file : written_) {
    for (const WrittenPart& part : file.parts) {
      const auto table = version.tables.find(part.table);
      if (table != version.tables.end()) table->second.add(part.segment);  // Else it was dropped meanwhile.
    }
  }
}

}  // namespace mneme
