#include "table/point_lookup.h"

#include <algorithm>

#include "storage/memtable_source.h"
#include "storage/segment_source.h"

namespace mneme {
namespace {

constexpr std::size_t kElsewhere = ~std::size_t{0};  // A column the source itself must be asked for.

template <class T>
std::shared_ptr<T> borrowed(const std::shared_ptr<T>& from) {
  return std::shared_ptr<T>(std::shared_ptr<void>(), from.get());
}

}  // namespace

struct PointLookup::SegmentPlace {
  std::shared_ptr<const RowSource> rows;
  std::unique_ptr<IndexReader> index;
  const SegmentDeletes* deletes = nullptr;
  std::vector<std::size_t> positions;  // Of columns_ in the segment; kElsewhere.
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
    const Segment& part = *place.rows->segment();
    if (BlockCache* cache = part.file().cache(); cache != nullptr && !guard_) {
      guard_.emplace(cache->ways(), columns_.size());
    }
    for (const ColumnSchema* column : columns_) {
      const auto position = part.position_of(column->id);
      const bool direct = position && !part.is_paged(*position) && part.columns()[*position].type == column->type &&
                          column->type.kind != TypeKind::blob;
      place.positions.push_back(direct ? *position : kElsewhere);
    }
    segments_.push_back(std::move(place));
  }
  std::ranges::stable_sort(segments_, std::ranges::greater(), [](const SegmentPlace& p) { return p.rows->rows(); });
  return {};
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
  for (const SegmentPlace& place : segments_) {
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

Result<bool> PointLookup::find_in(const SegmentPlace& place, std::uint64_t sequence, Bytes key, std::span<Column> out) {
  std::optional<std::uint32_t> hit;
  TRY(place.index->find(key, [&](std::uint32_t ordinal) {
    if (!place.deletes->is_live(ordinal, sequence)) return true;  // Look on.
    hit = ordinal;
    return false;
  }));
  if (!hit) return false;
  TRY(read(place, *hit, out));
  return true;
}

Result<void> PointLookup::read(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out) {
  const bool guarded = TRY(read_guarded(place, ordinal, out));
  if (!guarded) TRY(read_pinned(place, ordinal, out));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (place.positions[i] == kElsewhere) TRY(place.rows->gather(*columns_[i], {&ordinal, 1}, out[i]));
  }
  return {};
}

// False: not all blocks are in memory, or one has just gone.
bool PointLookup::hold_blocks(const SegmentPlace& place, std::uint32_t ordinal) noexcept {
  if (!guard_) return false;
  const Segment& segment = *place.rows->segment();
  guard_->release();
  for (const std::size_t position : place.positions) {
    if (position == kElsewhere) continue;
    const BlockWay* way = segment.way_to(position, ordinal);
    if (way == nullptr || !guard_->choose(*way)) return false;
  }
  return guard_->hold();
}

// False: nothing was read, this way does not lead there. All blocks are asked for before the first is read: what is not
// in the processor's caches comes for all at once. Nothing in here waits: blocks that are held cannot be freed.
Result<bool> PointLookup::read_guarded(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out) {
  if (!hold_blocks(place, ordinal)) return false;
  struct Release {  // Also when memory runs out.
    BlockGuard& guard;
    ~Release() { guard.release(); }
  } const release{*guard_};
  return read_held(place, ordinal, out);
}

Result<bool> PointLookup::read_held(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out) {
  std::size_t held = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (place.positions[i] == kElsewhere) continue;
    blocks_[i] = Segment::block_seen(guard_->block(held++), ordinal);
    if (blocks_[i].view == nullptr) return false;
    blocks_[i].view->prefetch(ordinal - blocks_[i].first_row);
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (place.positions[i] != kElsewhere) TRY(blocks_[i].view->at(ordinal - blocks_[i].first_row, out[i]));
  }
  return true;
}

Result<void> PointLookup::read_pinned(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (place.positions[i] == kElsewhere) continue;
    const PinnedBlock block = TRY(place.rows->segment()->block_at(place.positions[i], ordinal));
    TRY(block.view->at(ordinal - block.first_row, out[i]));
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
    out[i].append_run(value, 0, 1);
  }
  return true;
}

}  // namespace mneme
