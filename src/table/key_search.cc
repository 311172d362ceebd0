#include "table/key_search.h"

#include <algorithm>
#include <limits>

#include "storage/clustering_order.h"

namespace mneme {
namespace {

// The rows of [first, end) with the least and the greatest value; none: all are NULL.
std::optional<std::pair<std::size_t, std::size_t>> extremes(const Column& column, std::size_t first, std::size_t end) {
  std::optional<std::pair<std::size_t, std::size_t>> found;
  const bool words = !column.has_nulls() && is_word_key({&column.type(), 1});
  if (words && first < end) {  // Loads have many of these.
    std::size_t least = first, most = first;
    for (std::size_t row = first; row < end; ++row) {
      const std::uint64_t word = key_word(column, row);
      if (word < key_word(column, least)) least = row;
      if (word > key_word(column, most)) most = row;
    }
    return std::pair(least, most);
  }
  for (std::size_t row = first; row < end; ++row) {
    if (column.is_null(row)) continue;
    if (!found) found.emplace(row, row);
    if (compare_values(column, row, column, found->first) < 0) found->first = row;
    if (compare_values(column, row, column, found->second) > 0) found->second = row;
  }
  return found;
}

}  // namespace

Result<std::unique_ptr<KeySearch>> KeySearch::open(const Snapshot& snapshot, const IndexKinds& kinds,
                                                   std::shared_ptr<const TableSchema> schema, IndexId index,
                                                   MemoryBudget& budget, std::uint64_t newer_than) {
  auto search = std::make_unique<KeySearch>();
  const auto found = std::ranges::find(schema->indexes, index, &IndexSchema::id);
  ASSERT(found != schema->indexes.end());
  search->index_ = &*found;
  search->columns_ = TRY(index_columns(*schema, *found));
  search->schema_ = std::move(schema);
  if (snapshot.version->find(search->schema_->id) == nullptr) return search;
  IndexKind* kind = TRY(kinds.kind_of(*found));
  auto all = TRY(row_sources(snapshot, search->schema_->id));
  search->sources_.reserve(all.size());
  for (auto& rows : all) {
    if (newer_than != 0 && rows->last_sequence() <= newer_than) continue;
    const MemoryIndex* memory = rows->memtable() == nullptr ? nullptr : rows->memtable()->memory_index(index);
    auto reader = TRY(kind->open(rows, memory, *search->schema_, *found, budget));
    search->sources_.push_back({std::move(rows), std::move(reader)});
  }
  return search;
}

Result<std::optional<KeySearch::Hit>> KeySearch::find_in(const Source& source, Bytes key, const PendingRows* pending) {
  std::optional<Hit> hit;
  Result<void> failed;
  TRY(source.index->find(key, [&](std::uint32_t ordinal) {
    if (!source.rows->is_live(ordinal)) return true;  // Look on.
    ids_.clear();
    failed = source.rows->row_ids({&ordinal, 1}, ids_);
    if (!failed) return false;
    if (pending != nullptr && pending->has_ended(ids_[0])) return true;
    hit = Hit{source.rows, ordinal, ids_[0]};
    return false;
  }));
  TRY(failed);
  return hit;
}

Result<std::optional<KeySearch::Hit>> KeySearch::find_live(Bytes key, const PendingRows* pending) {
  for (const Source& source : sources_) {
    if (source.left_out) continue;
    if (auto hit = TRY(find_in(source, key, pending))) return hit;
  }
  return std::optional<Hit>();
}

Result<bool> KeySearch::narrow_to(const Column& column, std::size_t first, std::size_t end) {
  const auto found = extremes(column, first, end);
  if (!found) return false;  // Every key is NULL: nobody asks.
  ScanBound bound{columns_[0]->id, Column(column.type()), Column(column.type())};
  bound.lower->append_run(column, found->first, 1);
  bound.upper->append_run(column, found->second, 1);
  bool any = false;
  for (Source& source : sources_) {
    const RowSource& rows = *source.rows;
    const MemoryIndex* memory = rows.memtable() == nullptr ? nullptr : rows.memtable()->memory_index(index_->id);
    bool may = TRY(rows.may_contain(bound, 0, rows.rows()));
    may = may && (memory == nullptr || memory->may_have(*bound.lower, *bound.upper));
    source.left_out = !may;
    any = any || may;
  }
  return any;
}

bool memtables_may_have(const TableVersion& table, IndexId index, Bytes key, std::optional<std::uint64_t> sequence) {
  return std::ranges::any_of(table.memtables, [&](const std::shared_ptr<Memtable>& memtable) {
    const MemoryIndex* entries = memtable->memory_index(index);
    if (entries == nullptr) return true;
    constexpr std::size_t kAll = std::numeric_limits<std::uint32_t>::max();
    const std::size_t rows = sequence ? memtable->visible_rows(*sequence) : kAll;
    return entries->may_have_key(key, static_cast<std::uint32_t>(rows));
  });
}

std::optional<std::size_t> word_column(const TableSchema& schema, const IndexSchema& index) {
  const auto ordinal = schema.ordinal_of(index.columns[0]);
  if (index.columns.size() != 1 || !is_word_key({&schema.columns[*ordinal].type, 1})) return std::nullopt;
  return ordinal;
}

void key_of(const TableSchema& schema, const IndexSchema& index, const Batch& batch, std::size_t row, ByteBuffer& key) {
  key.clear();
  for (const ColumnId id : index.columns) {
    const Column& column = batch.columns[*schema.ordinal_of(id)];
    if (column.is_null(row)) return key.clear();
    encode_key_column(column, row, key);
  }
}

}  // namespace mneme
