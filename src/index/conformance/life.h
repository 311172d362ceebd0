// Life: a table's random life over real memtables and segments, and the model that knows what it must hold.
//
// Rows come and end; a memtable is frozen and flushed, segments are merged, memory is lost and rebuilt as a replay of
// the log would; snapshots are taken and kept through all of it. Some memtables and segments are made as if they were
// older than the index. Nothing here knows how the index works.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "index/conformance/value.h"
#include "index/index_kinds.h"
#include "os/world.h"
#include "storage/section_jobs.h"
#include "storage/segment_merge.h"
#include "storage/version.h"

namespace mneme::conformance {

// The table and the one index that is tested: schema->indexes[0].
struct Subject {
  World world;
  IndexKinds& kinds;
  std::shared_ptr<const TableSchema> schema;
  std::size_t memory_budget = 64 << 20;
};

struct ModelRow {
  Row values;  // In the schema's order.
  std::uint64_t begin = 0;
  std::uint64_t end = kNeverEnds;
  [[nodiscard]] bool seen_at(std::uint64_t sequence) const noexcept { return begin <= sequence && sequence < end; }
};

struct Part {  // A memtable, or a segment.
  std::shared_ptr<Memtable> memtable;
  std::optional<TableSegment> segment;
  std::vector<RowId> ids;  // Of a segment, by ordinal.
};

struct Moment {  // What a snapshot pins.
  std::uint64_t sequence = 0;
  std::vector<Part> parts;  // Oldest first.
};

class Life {  // One thread at a time.
 public:
  Life(const Subject& subject, sim::Dice& dice);

  Result<void> step();                  // One random thing happens.
  [[nodiscard]] Moment moment() const;  // Now, or a kept snapshot.
  [[nodiscard]] const std::map<RowId, ModelRow>& rows() const noexcept { return rows_; }
  [[nodiscard]] const Subject& subject() const noexcept { return subject_; }
  [[nodiscard]] sim::Dice& dice() const noexcept { return dice_; }
  [[nodiscard]] MemoryBudget& budget() noexcept { return budget_; }
  [[nodiscard]] const std::string& last_step() const noexcept { return last_step_; }

  static Result<std::shared_ptr<const RowSource>> source_of(const Part& part, const Subject& subject,
                                                            std::uint64_t sequence);

 private:
  Result<void> insert();
  Result<void> insert_rows(std::size_t count);
  Result<void> end_rows();
  Result<void> end_row(RowId id, ModelRow& row);
  Result<void> flush();
  Result<void> merge();
  Result<void> reopen();
  Result<void> replay(Memtable& again, RowId first, std::uint64_t begin);
  void keep_snapshot();
  Result<std::shared_ptr<Memtable>> make_memtable();
  Result<Part> open_part(std::uint64_t number, const DeleteSet& deletes);
  Result<Part> write_merged(const std::vector<Part*>& inputs);
  Result<void> finish(SegmentWriter& writer, SectionJobs& jobs);
  [[nodiscard]] std::string path_of(std::uint64_t number) const { return std::to_string(number) + ".seg"; }
  [[nodiscard]] std::uint64_t oldest_snapshot() const noexcept;

  const Subject subject_;
  sim::Dice& dice_;
  MemoryBudget budget_;
  BlockCache cache_;
  std::map<RowId, ModelRow> rows_;
  std::set<RowId> live_;
  std::vector<Part> parts_;  // Oldest first; the last one is the open memtable.
  std::vector<Moment> kept_;
  std::uint64_t sequence_ = 0;
  std::uint64_t next_row_ = 1;
  std::uint64_t next_file_ = 1;
  std::string last_step_;
};

}  // namespace mneme::conformance
