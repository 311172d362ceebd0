// KeySearch: one index of a table over everything a snapshot sees of it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "index/index_kinds.h"
#include "table/pending_rows.h"

namespace mneme {

class KeySearch {  // One thread at a time. Keeps the snapshot's files and memtables.
 public:
  struct Source {
    std::shared_ptr<const RowSource> rows;
    std::unique_ptr<IndexReader> index;
    bool left_out = false;  // By narrow_to().
  };
  struct Hit {
    std::shared_ptr<const RowSource> source;
    std::uint32_t ordinal = 0;
    RowId row{};
  };
  // Over the sources that hold rows of commits after `newer_than`. None when the snapshot does not know the table.
  // `budget` outlives it.
  static Result<std::unique_ptr<KeySearch>> open(const Snapshot& snapshot, const IndexKinds& kinds,
                                                 std::shared_ptr<const TableSchema> schema, IndexId index,
                                                 MemoryBudget& budget, std::uint64_t newer_than = 0);

  // A row the snapshot sees that has this key (types/key.h), and that `pending` (null: none) did not end.
  Result<std::optional<Hit>> find_live(Bytes key, const PendingRows* pending);
  // Leaves out the sources that cannot have any of the values [first, end) of `leading`, the index's first column:
  // many rows at once need not ask each source for each. False: no source is left.
  Result<bool> narrow_to(const Column& leading, std::size_t first, std::size_t end);
  [[nodiscard]] const std::vector<Source>& sources() const noexcept { return sources_; }
  [[nodiscard]] const IndexSchema& index() const noexcept { return *index_; }
  [[nodiscard]] const std::vector<const ColumnSchema*>& columns() const noexcept { return columns_; }

 private:
  Result<std::optional<Hit>> find_in(const Source& source, Bytes key, const PendingRows* pending);
  std::shared_ptr<const TableSchema> schema_;
  const IndexSchema* index_ = nullptr;  // Of schema_.
  std::vector<const ColumnSchema*> columns_;
  std::vector<Source> sources_;  // Newest first.
  std::vector<RowId> ids_;
};

// False: no row of the table's memtables has this key in the index, be it live or not. `sequence`: of rows of the
// commits up to it; none: of any, also such as nobody sees yet. Far cheaper than a search.
[[nodiscard]] bool memtables_may_have(const TableVersion& table, IndexId index, Bytes key,
                                      std::optional<std::uint64_t> sequence);
// The one column whose values are the index's key words (types/key.h), by its ordinal; none: its keys are no words.
std::optional<std::size_t> word_column(const TableSchema& schema, const IndexSchema& index);
// Of a row of `batch` (columns as the schema's): its key in the index. Empty: a column of it is NULL, so that it
// equals nothing.
void key_of(const TableSchema& schema, const IndexSchema& index, const Batch& batch, std::size_t row, ByteBuffer& key);

}  // namespace mneme
