#include "index/conformance/life.h"

#include <algorithm>

#include "storage/memtable_flush.h"
#include "storage/segment_source.h"

namespace mneme::conformance {
namespace {

DeleteSet deletes_of(const MemtableFlush& flush) {
  DeleteSet deletes;
  for (const DeleteSet::Pair& pair : flush.ended_after(0)) deletes.add(pair.ordinal, pair.end_sequence);
  return deletes;
}

constexpr std::size_t kKeptMax = 3;

// Stops at every chance it gets: work in steps must come to the same result.
template <class Step>
Result<void> run_in_steps(const Step& step) {
  for (bool done = false; !done;) done = TRY(step());
  return {};
}

}  // namespace

Life::Life(const Subject& subject, sim::Dice& dice)
    : subject_(subject),
      dice_(dice),
      budget_(subject.memory_budget),
      cache_(budget_, subject.world.scheduler, subject.memory_budget / 8) {}

Result<std::shared_ptr<const RowSource>> Life::source_of(const Part& part, const Subject& subject,
                                                         std::uint64_t sequence) {
  if (part.segment) return SegmentSource::open(*part.segment, subject.schema->id, sequence);
  return std::shared_ptr<const RowSource>(std::make_shared<MemtableSource>(part.memtable, sequence));
}

Moment Life::moment() const {
  if (!kept_.empty() && dice_.below(3) == 0) return kept_[dice_.below(kept_.size())];
  return {sequence_, parts_};
}

std::uint64_t Life::oldest_snapshot() const noexcept {
  std::uint64_t oldest = sequence_;
  for (const Moment& moment : kept_) oldest = std::min(oldest, moment.sequence);
  return oldest;
}

Result<void> Life::step() {
  const std::uint64_t draw = dice_.below(20);
  if (parts_.empty() || draw < 10) return last_step_ = "insert", insert();
  if (draw < 14) return last_step_ = "end rows", end_rows();
  if (draw < 16) return last_step_ = "flush", flush();
  if (draw < 17) return last_step_ = "merge", merge();
  if (draw < 18) return last_step_ = "reopen", reopen();
  last_step_ = "keep a snapshot";
  keep_snapshot();
  return {};
}

void Life::keep_snapshot() {
  if (kept_.size() == kKeptMax) kept_.erase(kept_.begin());
  kept_.push_back({sequence_, parts_});
}

Result<std::shared_ptr<Memtable>> Life::make_memtable() {
  auto memtable = std::make_shared<Memtable>(subject_.world.scheduler, budget_, subject_.schema);
  if (dice_.below(8) != 0) TRY(memtable->add_indexes(subject_.kinds, subject_.world.scheduler));  // Else: older.
  return memtable;
}

Result<void> Life::insert() {
  if (parts_.empty() || !parts_.back().memtable) parts_.push_back({TRY(make_memtable()), std::nullopt, {}});
  return insert_rows(dice_.below(12) == 0 ? 2'000 + dice_.below(3'000) : 1 + dice_.below(300));
}

Result<void> Life::insert_rows(std::size_t count) {
  Batch batch;
  std::vector<Row> rows(count);
  const bool ascending = dice_.below(3) == 0;  // As from a counter or a clock.
  for (const ColumnSchema& column : subject_.schema->columns) {
    Column& out = batch.columns.emplace_back(column.type);
    for (std::size_t i = 0; i < count; ++i) {
      Value value = random_value(column.type, !column.not_null, dice_);
      if (ascending && std::holds_alternative<std::int64_t>(value) && column.type.kind != TypeKind::boolean &&
          column.type.kind != TypeKind::date) {
        value = static_cast<std::int64_t>(next_row_ + i);
      }
      append(value, out);
      rows[i].push_back(std::move(value));
    }
  }
  Memtable& memtable = *parts_.back().memtable;
  TRY(memtable.append(batch, RowId{next_row_}));
  if (dice_.below(6) == 0) return memtable.discard(), Result<void>{};  // A group that was not written after all.
  memtable.publish(++sequence_);
  for (Row& row : rows) {
    live_.insert(live_.end(), RowId{next_row_});
    rows_.emplace_hint(rows_.end(), RowId{next_row_++}, ModelRow{std::move(row), sequence_, kNeverEnds});
  }
  return {};
}

Result<void> Life::end_rows() {
  ++sequence_;
  const std::uint64_t one_in = dice_.coin() ? 3 : 50;
  std::vector<RowId> ending;
  for (const RowId id : live_) {
    if (dice_.below(one_in) == 0) ending.push_back(id);
  }
  for (const RowId id : ending) {
    TRY(end_row(id, rows_.at(id)));
    live_.erase(id);
  }
  return {};
}

Result<void> Life::end_row(RowId id, ModelRow& row) {
  row.end = sequence_;
  for (Part& part : parts_) {
    if (part.memtable) {
      const auto at = part.memtable->find(id);
      if (at && part.memtable->end(*at, sequence_)) return {};
      continue;
    }
    const auto found = std::ranges::find(part.ids, id);
    if (found == part.ids.end()) continue;
    const auto ordinal = static_cast<std::uint32_t>(found - part.ids.begin());
    TRY(part.segment->deletes->prepare(ordinal));
    part.segment->deletes->end_prepared(sequence_);
    return {};
  }
  return Error(Code::corrupt, "the harness lost a row");
}

Result<void> Life::finish(SegmentWriter& writer, SectionJobs& jobs) {
  TRY(run_in_steps([&] { return jobs.step(writer, subject_.world.clock, 0); }));
  TRY(writer.end_part());
  TRY(writer.finish());
  return {};
}

Result<Part> Life::open_part(std::uint64_t number, const DeleteSet& deletes) {
  Part part;
  auto handle = std::make_shared<SegmentHandle>(subject_.world.files, subject_.world.scheduler, path_of(number), number,
                                                cache_, budget_);
  const auto file = TRY(handle->open());
  const std::uint64_t rows = file->part(0).rows();
  part.segment = TableSegment{std::move(handle), {}, nullptr};
  part.segment->part.rows = rows;
  part.segment->deletes = std::make_shared<SegmentDeletes>(subject_.world.scheduler, budget_, rows);
  TRY(part.segment->deletes->adopt(deletes));
  std::vector<std::uint32_t> ordinals(rows);
  for (std::uint32_t i = 0; i < rows; ++i) ordinals[i] = i;
  const auto source = TRY(source_of(part, subject_, sequence_));
  TRY(source->row_ids(ordinals, part.ids));
  return part;
}

Result<void> Life::flush() {
  if (parts_.empty() || !parts_.back().memtable || sequence_ == 0) return {};
  const auto memtable = parts_.back().memtable;
  if (memtable->visible_rows(sequence_) == 0) return {};
  memtable->freeze();
  const std::uint64_t number = next_file_++;
  auto writer = TRY(SegmentWriter::create(subject_.world.files, path_of(number), {.number = number}, budget_));
  const Lsn last{sequence_};
  auto flush = TRY(MemtableFlush::begin(memtable, {Lsn{1}, last, oldest_snapshot(), last}, budget_));
  IndexFactory* factory = dice_.below(8) == 0 ? nullptr : &subject_.kinds;  // Null: older than the index.
  SectionJobs jobs = TRY(SectionJobs::begin(factory, *subject_.schema, budget_));
  TRY(run_in_steps([&] { return flush->step(*writer, subject_.world.clock, 0, &jobs); }));
  TRY(finish(*writer, jobs));
  if (flush->rows() == 0) return parts_.pop_back(), Result<void>{};
  parts_.back() = TRY(open_part(number, deletes_of(*flush)));
  return {};
}

Result<Part> Life::write_merged(const std::vector<Part*>& inputs) {
  std::vector<SegmentMerge::Input> merged;
  std::vector<DeleteSet> deletes;
  for (const Part* part : inputs) {
    const auto file = TRY(part->segment->file->open());
    deletes.push_back(part->segment->deletes->up_to(sequence_));
    merged.push_back({file->part(0), part->segment->deletes->up_to(oldest_snapshot())});
  }
  auto merge = TRY(SegmentMerge::begin(std::move(merged), subject_.schema, budget_));
  const std::uint64_t number = next_file_++;
  auto writer = TRY(SegmentWriter::create(subject_.world.files, path_of(number), {.number = number}, budget_));
  SectionJobs jobs =
      TRY(SectionJobs::begin(dice_.below(8) == 0 ? nullptr : &subject_.kinds, *subject_.schema, budget_));
  TRY(run_in_steps([&] { return merge->step(*writer, subject_.world.clock, 0, &jobs); }));
  TRY(finish(*writer, jobs));
  DeleteSet later;
  for (std::size_t input = 0; input < deletes.size(); ++input) {
    for (const DeleteSet::Pair& pair : deletes[input].young()) {
      if (const auto place = merge->place(input, pair.ordinal)) later.add(*place, pair.end_sequence);
    }
  }
  return open_part(number, later);
}

Result<void> Life::merge() {
  std::vector<Part*> inputs;
  for (Part& part : parts_) {
    if (part.segment && inputs.size() < SegmentMerge::kInputsMax) inputs.push_back(&part);
  }
  if (inputs.size() < 2) return {};
  Part merged = TRY(write_merged(inputs));
  const std::size_t count = inputs.size();
  std::erase_if(parts_, [left = count](const Part& each) mutable { return each.segment && left != 0 && left-- != 0; });
  parts_.insert(parts_.begin(), std::move(merged));
  return {};
}

// One commit's rows of a lost memtable, and then what ended of them.
Result<void> Life::replay(Memtable& again, RowId first, std::uint64_t begin) {
  Batch batch;
  for (const ColumnSchema& column : subject_.schema->columns) batch.columns.emplace_back(column.type);
  auto row = rows_.find(first);
  for (; row != rows_.end() && row->second.begin == begin; ++row) {
    for (std::size_t i = 0; i < batch.columns.size(); ++i) append(row->second.values[i], batch.columns[i]);
  }
  TRY(again.append(batch, first));
  again.publish(begin);
  for (auto ended = rows_.find(first); ended != row; ++ended) {
    if (ended->second.end != kNeverEnds) again.end(*again.find(ended->first), ended->second.end);
  }
  return {};
}

// Files are opened anew, with nothing of them in memory; what was in memtables comes again as from the log.
Result<void> Life::reopen() {
  kept_.clear();
  cache_.reclaim(subject_.memory_budget);
  for (Part& part : parts_) {
    if (part.segment) {
      const std::uint64_t number = part.segment->file->number();
      part = TRY(open_part(number, part.segment->deletes->up_to(sequence_)));
      continue;
    }
    auto again = TRY(make_memtable());
    for (const auto& [id, row] : rows_) {
      const bool again_already = again->last_sequence() >= row.begin;
      if (!again_already && part.memtable->find(id)) TRY(replay(*again, id, row.begin));
    }
    part.memtable = std::move(again);
  }
  return {};
}

}  // namespace mneme::conformance
