// The suite can fail: an index with one small bug does not get through it, whichever bug it is.
#include <doctest/doctest.h>

#include "index/conformance/conformance.h"
#include "index/ordered/ordered.h"
#include "os/posix.h"
#include "os/sim/sim_file_system.h"

namespace mneme::conformance {
namespace {

enum class Bug : std::uint8_t {
  none,
  loses_a_row_in_a_hundred,
  takes_bounds_as_exclusive,
  forgets_what_is_wanted,
  takes_descending_for_ascending,
  tells_keys_of_another_row,
  goes_on_when_told_to_stop,
  finds_nothing_in_segments,
  searches_among_too_few,
  invents_a_row,
};

Column copy_of(const Column& value) {
  Column copy(value.type());
  copy.append_run(value, 0, value.rows());
  return copy;
}

Probe exclusive(const Between& from) {
  Between between;
  for (const Column& value : from.prefix) between.prefix.push_back(copy_of(value));
  if (from.lower) between.lower = copy_of(*from.lower);
  if (from.upper) between.upper = copy_of(*from.upper);
  between.lower_inclusive = between.upper_inclusive = false;
  return between;
}

class BuggyCursor final : public IndexCursor {
 public:
  BuggyCursor(std::unique_ptr<IndexCursor> inner, Bug bug, std::uint32_t rows)
      : inner_(std::move(inner)), bug_(bug), rows_(rows) {}
  Result<bool> next(IndexBatch& out) override {
    const bool more = TRY(inner_->next(out));
    if (!more) return false;
    if (bug_ == Bug::loses_a_row_in_a_hundred && out.ordinals.size() > 100)
      out.ordinals.erase(out.ordinals.begin() + 99);
    if (bug_ == Bug::invents_a_row && out.ordinals.size() > 100) out.ordinals[99] = (out.ordinals[99] + 1) % rows_;
    if (bug_ == Bug::tells_keys_of_another_row && out.keys.size() > 1) {
      KeyRun shifted;
      for (std::size_t i = 0; i < out.keys.size(); ++i) shifted.add(out.keys[(i + 1) % out.keys.size()]);
      out.keys = std::move(shifted);
    }
    return true;
  }

 private:
  const std::unique_ptr<IndexCursor> inner_;
  const Bug bug_;
  const std::uint32_t rows_;
};

class BuggyReader final : public IndexReader {
 public:
  BuggyReader(std::unique_ptr<IndexReader> inner, Bug bug, const RowSource& source)
      : inner_(std::move(inner)), bug_(bug), rows_(source.rows()), in_segment_(source.segment() != nullptr) {}
  Result<IndexCost> cost(const Probe& probe, std::uint64_t among_rows) const override {
    return inner_->cost(probe, among_rows);
  }
  Result<std::unique_ptr<IndexCursor>> open(const Probe& probe, const OpenOptions& options) const override {
    OpenOptions how = options;
    const auto* between = std::get_if<Between>(&probe);
    const bool changed = between != nullptr && bug_ == Bug::takes_bounds_as_exclusive;
    if (bug_ == Bug::forgets_what_is_wanted) how.among = nullptr;
    if (bug_ == Bug::takes_descending_for_ascending) how.descending = false;
    auto cursor = TRY(changed ? inner_->open(exclusive(*between), how) : inner_->open(probe, how));
    return std::unique_ptr<IndexCursor>(std::make_unique<BuggyCursor>(std::move(cursor), bug_, rows_));
  }
  Result<void> find(Bytes key, const RowVisitor& visit) const override {
    if (bug_ == Bug::finds_nothing_in_segments && in_segment_) return {};
    const bool deaf = bug_ == Bug::goes_on_when_told_to_stop;
    return inner_->find(key, [&](std::uint32_t ordinal) { return visit(ordinal) || deaf; });
  }
  [[nodiscard]] std::optional<KeyRows> rows_with(std::uint64_t word) const noexcept override {
    auto rows = inner_->rows_with(word);
    if (bug_ == Bug::searches_among_too_few && rows) rows->end -= (rows->end - rows->first + 1) / 2;
    return rows;
  }
  [[nodiscard]] Result<IndexStats> stats() const override { return inner_->stats(); }
  Result<void> verify() const override { return inner_->verify(); }

 private:
  const std::unique_ptr<IndexReader> inner_;
  const Bug bug_;
  const std::uint32_t rows_;
  const bool in_segment_;
};

class BuggyKind final : public IndexKind {
 public:
  explicit BuggyKind(Bug bug) : bug_(bug) {}
  [[nodiscard]] std::string_view name() const noexcept override { return inner_->name(); }
  Result<std::unique_ptr<MemoryIndex>> memory_index(const TableSchema& schema, const IndexSchema& index,
                                                    Scheduler& scheduler, MemoryBudget& budget) override {
    return inner_->memory_index(schema, index, scheduler, budget);
  }
  Result<std::unique_ptr<SectionBuilder>> section_builder(const TableSchema& schema, const IndexSchema& index,
                                                          MemoryBudget& budget) override {
    return inner_->section_builder(schema, index, budget);
  }
  Result<std::unique_ptr<IndexReader>> open(std::shared_ptr<const RowSource> source, const MemoryIndex* memory,
                                            const TableSchema& schema, const IndexSchema& index,
                                            MemoryBudget& budget) override {
    const RowSource& rows = *source;
    auto reader = TRY(inner_->open(std::move(source), memory, schema, index, budget));
    return std::unique_ptr<IndexReader>(std::make_unique<BuggyReader>(std::move(reader), bug_, rows));
  }

 private:
  const std::unique_ptr<IndexKind> inner_ = ordered_kind();
  const Bug bug_;
};

// An integer key, by which the table is clustered, and an index: on a text that may be NULL, or on that key.
Result<void> live_with(Bug bug, ColumnId indexed = ColumnId{2}) {
  TableSchema schema;
  schema.id = TableId{3};
  schema.columns.resize(2);
  for (std::uint32_t i = 0; i < 2; ++i) schema.columns[i].id = ColumnId{i + 1};
  schema.columns[0].type.kind = TypeKind::integer;
  schema.columns[0].not_null = true;
  schema.columns[1].type.kind = TypeKind::text;
  schema.primary_key = {ColumnId{1}};
  schema.indexes.resize(1);
  schema.indexes[0].id = IndexId{1};
  schema.indexes[0].columns = {indexed};
  PosixWorld real;
  const World world = real.world();
  sim::SimFileSystem disk;
  IndexKinds kinds(std::make_unique<BuggyKind>(bug));
  return run({{disk, world.clock, world.scheduler, world.random},
              kinds,
              std::make_shared<const TableSchema>(std::move(schema)),
              64 << 20},
             5, 60);
}

TEST_CASE("the suite passes an index without a planted bug and fails one with any of them") {
  const auto sound = live_with(Bug::none);
  CHECK_MESSAGE(sound.has_value(), (sound ? std::string() : sound.error().message()));
  for (const Bug bug : {Bug::loses_a_row_in_a_hundred, Bug::takes_bounds_as_exclusive, Bug::forgets_what_is_wanted,
                        Bug::takes_descending_for_ascending, Bug::tells_keys_of_another_row,
                        Bug::goes_on_when_told_to_stop, Bug::finds_nothing_in_segments, Bug::invents_a_row}) {
    INFO("bug number " << static_cast<int>(bug));
    const auto lived = live_with(bug);
    REQUIRE_FALSE(lived);
    CHECK(lived.error().code() == Code::corrupt);
  }
}

TEST_CASE("the suite fails an index on rows in its order that tells too few of them") {
  const auto sound = live_with(Bug::none, ColumnId{1});
  CHECK_MESSAGE(sound.has_value(), (sound ? std::string() : sound.error().message()));
  const auto lived = live_with(Bug::searches_among_too_few, ColumnId{1});
  REQUIRE_FALSE(lived);
  CHECK(lived.error().message().find("rows_with") != std::string::npos);
}

}  // namespace
}  // namespace mneme::conformance
