#include "table/point_lookup.h"

#include <algorithm>

#include "storage/block_slots.h"
#include "storage/memtable_source.h"
#include "storage/segment_format.h"
#include "storage/segment_source.h"
#include "storage/word_search.h"

namespace mneme {
namespace {

constexpr std::size_t kElsewhere = ~std::size_t{0};  // A column the source itself must be asked for.

struct Release {  // Also when memory runs out.
  BlockGuard& guard;
  ~Release() { guard.release(); }
};

const SegmentBlock& segment_block(const CachedBlock& block) noexcept {
  return static_cast<const SegmentBlock&>(*block.opened);
}

template <class T>
std::shared_ptr<T> borrowed(const std::shared_ptr<T>& from) {
  return std::shared_ptr<T>(std::shared_ptr<void>(), from.get());
}

}  // namespace

struct PointLookup::SegmentPlace {
  struct Part {  // A column whose blocks are held while a row is read.
    std::size_t position = 0;
    ColumnWays ways;
  };
  std::shared_ptr<const RowSource> rows;
  std::unique_ptr<IndexReader> index;
  const Segment* segment = nullptr;
  const SegmentDeletes* deletes = nullptr;
  bool by_word = false;              // The key can be searched for in the blocks of parts[0].
  std::vector<Part> parts;           // Each column once.
  std::vector<std::size_t> part_of;  // Of each of columns_; kElsewhere.

  std::size_t add(std::size_t position) {
    const auto found = std::ranges::find(parts, position, &Part::position);
    if (found != parts.end()) return static_cast<std::size_t>(found - parts.begin());
    parts.push_back({position, {}});
    return parts.size() - 1;
  }
};

struct PointLookup::MemtablePlace {
  std::shared_ptr<const RowSource> rows;
  std::unique_ptr<IndexReader> index;
};

PointLookup::PointLookup(const IndexKinds& kinds, MemoryBudget& budget, std::shared_ptr<const TableSchema> schema,
                         IndexId index, std::span<const ColumnId> columns)
    : kinds_(kinds), budget_(budget), schema_(std::move(schema)) {
  const auto found = std::ranges::find(schema_->indexes, index, &IndexSchema::id);
  ASSERT(found != schema_->indexes.end() && found->unique);
  index_ = &*found;
  for (const ColumnId id : columns) columns_.push_back(schema_->find(id));
  const ColumnSchema* first = schema_->find(index_->columns.front());
  const bool is_integer =
      first != nullptr && (first->type.kind == TypeKind::integer || first->type.kind == TypeKind::timestamp ||
                           first->type.kind == TypeKind::decimal);
  if (index_->columns.size() == 1 && is_integer) word_column_ = first;
  blocks_.resize(columns_.size());
}

PointLookup::~PointLookup() = default;

Result<bool> PointLookup::fits(const std::shared_ptr<const Version>& version) {
  if (!version_.owner_before(version) && !version.owner_before(version_)) return table_ != nullptr;
  version_.reset();
  table_ = nullptr;
  segments_.clear();
  memtables_.clear();
  memtables_at_.reset();
  const TableVersion* table = version->find(schema_->id);
  if (table != nullptr && table->schema == schema_) {
    TRY(open_segments(*table));
    table_ = table;
  }
  version_ = version;
  return table_ != nullptr;
}

Result<void> PointLookup::open_segments(const TableVersion& table) {
  IndexKind* kind = TRY(kinds_.kind_of(*index_));
  for (const TableSegment& segment : table.segments) {
    SegmentPlace place;
    place.rows = TRY(SegmentSource::borrow(segment, schema_->id, 0));
    place.index = TRY(kind->open(place.rows, nullptr, *schema_, *index_, budget_));
    place.deletes = segment.deletes.get();
    place.segment = place.rows->segment();
    if (BlockCache* cache = place.segment->file().cache(); cache != nullptr && !guard_) {
      guard_.emplace(cache->ways(), columns_.size() + 1);
    }
    place_columns(place);
    segments_.push_back(std::move(place));
  }
  std::ranges::stable_sort(segments_, std::ranges::greater(), [](const SegmentPlace& p) { return p.rows->rows(); });
  return {};
}

void PointLookup::place_columns(SegmentPlace& place) {
  const auto position_in = [&](const ColumnSchema& column) {
    const auto position = place.segment->position_of(column.id);
    const bool direct = position && !place.segment->is_paged(*position) &&
                        place.segment->columns()[*position].type == column.type && column.type.kind != TypeKind::blob;
    return direct ? *position : kElsewhere;
  };
  const std::size_t key = word_column_ == nullptr ? kElsewhere : position_in(*word_column_);
  place.by_word = key != kElsewhere;
  if (place.by_word) place.add(key);
  for (const ColumnSchema* column : columns_) {
    const std::size_t position = position_in(*column);
    place.part_of.push_back(position == kElsewhere ? kElsewhere : place.add(position));
  }
}

Result<void> PointLookup::open_memtables(std::uint64_t sequence) {
  memtables_.clear();
  IndexKind* kind = TRY(kinds_.kind_of(*index_));
  for (auto memtable = table_->memtables.rbegin(); memtable != table_->memtables.rend(); ++memtable) {
    MemtablePlace place;
    place.rows = std::make_shared<MemtableSource>(borrowed(std::shared_ptr<const Memtable>(*memtable)), sequence);
    place.index = TRY(kind->open(place.rows, (*memtable)->memory_index(index_->id), *schema_, *index_, budget_));
    memtables_.push_back(std::move(place));
  }
  memtables_at_ = sequence;
  return {};
}

Result<bool> PointLookup::find(std::uint64_t sequence, Bytes key, std::span<Column> out) {
  ASSERT(table_ != nullptr && out.size() == columns_.size());
  for (SegmentPlace& place : segments_) {
    const bool found = TRY(find_in(place, sequence, key, out));
    if (found) return true;
  }
  if (memtables_at_ != sequence) TRY(open_memtables(sequence));
  for (const MemtablePlace& place : memtables_) {
    const bool found = TRY(find_in(place, key, out));
    if (found) return true;
  }
  return false;
}

Result<bool> PointLookup::find_in(SegmentPlace& place, std::uint64_t sequence, Bytes key, std::span<Column> out) {
  std::uint32_t ordinal = 0;
  Found found = Found::unknown;
  if (place.by_word && key.size() == kKeyWordBytes && key.front() == kKeyValue) {
    found = TRY(find_word(place, sequence, key_word_of(key), ordinal, out));
  }
  if (found == Found::unknown) {
    found = Found::nothing;
    TRY(place.index->find(key, [&](std::uint32_t at) {
      if (!place.deletes->is_live(at, sequence)) return true;  // Look on.
      ordinal = at;
      found = Found::row;
      return false;
    }));
  }
  if (found == Found::nothing) return false;
  if (found == Found::row) TRY(read(place, ordinal, out));
  TRY(read_elsewhere(place, ordinal, out));
  return true;
}

// The key's block is held with the blocks of the row it stands for: which ones is known before the key is found.
// Nothing in here waits for the disk.
Result<PointLookup::Found> PointLookup::find_word(SegmentPlace& place, std::uint64_t sequence, std::uint64_t word,
                                                  std::uint32_t& ordinal, std::span<Column> out) {
  const std::optional<KeyRows> rows = place.index->rows_with(word);
  if (!rows) return Found::unknown;
  if (rows->first == rows->end) return Found::nothing;
  if (!hold_blocks(place, rows->first)) return Found::unknown;
  const Release release{*guard_};
  Found found = TRY(search(place, sequence, *rows, integer_of_key_word(word), ordinal));
  if (found != Found::row) return found;
  const bool done = TRY(read_held(place, ordinal, out));
  return done ? Found::all : Found::row;
}

// In the block that is held of the key's column. Unknown: it is not that of all these rows.
Result<PointLookup::Found> PointLookup::search(const SegmentPlace& place, std::uint64_t sequence, KeyRows rows,
                                               std::int64_t value, std::uint32_t& ordinal) const {
  const SegmentBlock& block = segment_block(guard_->block(0));
  const std::size_t first = std::size_t{rows.first} - block.first_row;  // Huge, if the block begins behind.
  const std::size_t end = first + (rows.end - rows.first);
  if (first >= block.view.rows() || end > block.view.rows() || block.view.has_nulls()) return Found::unknown;
  for (std::size_t row = TRY(integer_lower_bound(block.view, first, end, value)); row < end; ++row) {
    const std::int64_t found = TRY(block.view.integer_at(row));
    if (found != value) break;
    ordinal = block.first_row + static_cast<std::uint32_t>(row);
    if (place.deletes->is_live(ordinal, sequence)) return Found::row;
  }
  return Found::nothing;
}

Result<void> PointLookup::read(SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out) {
  if (hold_blocks(place, ordinal)) {
    const Release release{*guard_};
    const bool done = TRY(read_held(place, ordinal, out));
    if (done) return {};
  }
  return read_pinned(place, ordinal, out);
}

Result<void> PointLookup::read_elsewhere(const SegmentPlace& place, std::uint32_t ordinal,
                                         std::span<Column> out) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (place.part_of[i] != kElsewhere) continue;
    out[i].clear();
    TRY(place.rows->gather(*columns_[i], {&ordinal, 1}, out[i]));
  }
  return {};
}

// False: not all blocks are in memory, or one has just gone.
bool PointLookup::hold_blocks(SegmentPlace& place, std::uint32_t ordinal) noexcept {
  if (!guard_) return false;
  guard_->release();
  std::size_t rows = 0, number = 0;
  for (SegmentPlace::Part& part : place.parts) {
    if (part.ways.slots == nullptr) part.ways = place.segment->ways(part.position);
    if (part.ways.slots == nullptr) return false;
    // Most columns have blocks of one size.
    if (part.ways.block_rows != rows) number = ordinal / (rows = part.ways.block_rows);
    if (number >= part.ways.slots->count() || !guard_->choose(part.ways.slots->way(number))) return false;
  }
  return guard_->hold();
}

// False: the row is in another block, nothing was read. All blocks are asked for before the first is read: what is not
// in the processor's caches comes for all at once.
Result<bool> PointLookup::read_held(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (place.part_of[i] == kElsewhere) continue;
    const CachedBlock& cached = guard_->block(place.part_of[i]);
    const SegmentBlock& block = segment_block(cached);
    blocks_[i] = {&block.view, std::size_t{ordinal} - block.first_row};
    if (blocks_[i].row >= block.view.rows()) return false;
    cached.ask();
    block.view.prefetch(blocks_[i].row);
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (place.part_of[i] != kElsewhere) TRY(blocks_[i].view->only(blocks_[i].row, out[i]));
  }
  return true;
}

Result<void> PointLookup::read_pinned(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (place.part_of[i] == kElsewhere) continue;
    const PinnedBlock block = TRY(place.segment->block_at(place.parts[place.part_of[i]].position, ordinal));
    TRY(block.view->only(ordinal - block.first_row, out[i]));
  }
  return {};
}

Result<bool> PointLookup::find_in(const MemtablePlace& place, Bytes key, std::span<Column> out) const {
  std::optional<std::uint32_t> hit;
  TRY(place.index->find(key, [&](std::uint32_t ordinal) {
    if (!place.rows->is_live(ordinal)) return true;
    hit = ordinal;
    return false;
  }));
  if (!hit) return false;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column value(columns_[i]->type);  // Text in it is the memtable's, which nobody keeps.
    TRY(place.rows->gather(*columns_[i], {&*hit, 1}, value));
    out[i].clear();
    out[i].append_run(value, 0, 1);
  }
  return true;
}

}  // namespace mneme
