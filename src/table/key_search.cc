#include "table/key_search.h"

#include <algorithm>

#include "storage/clustering_order.h"

namespace mneme {

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
  for (auto& rows : TRY(row_sources(snapshot, search->schema_->id))) {
    if (rows->last_sequence() <= newer_than) continue;
    const MemoryIndex* memory = rows->memtable() == nullptr ? nullptr : rows->memtable()->memory_index(index);
    auto reader = TRY(kind->open(rows, memory, *search->schema_, *found, budget));
    search->sources_.push_back({std::move(rows), std::move(reader)});
  }
  search->left_out_.resize(search->sources_.size());
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
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (left_out_[i]) continue;
    if (auto hit = TRY(find_in(sources_[i], key, pending))) return hit;
  }
  return std::optional<Hit>();
}

Result<void> KeySearch::narrow_to(const Column& column, std::size_t first, std::size_t end) {
  std::optional<std::size_t> least;
  std::optional<std::size_t> most;
  for (std::size_t row = first; row < end; ++row) {
    if (column.is_null(row)) continue;
    if (!least || compare_values(column, row, column, *least) < 0) least = row;
    if (!most || compare_values(column, row, column, *most) > 0) most = row;
  }
  if (!least) return {};  // Every key is NULL: nobody asks.
  ScanBound bound{columns_[0]->id, Column(column.type()), Column(column.type())};
  bound.lower->append_run(column, *least, 1);
  bound.upper->append_run(column, *most, 1);
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    left_out_[i] = !TRY(sources_[i].rows->may_contain(bound, 0, sources_[i].rows->rows()));
  }
  return {};
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
