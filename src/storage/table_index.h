// How indexes hang on tables without storage knowing any of them: the composition root gives the store a factory.
//
// A memtable carries one MemoryIndex per index of its schema, filled as rows are appended; a flush or a merge writes
// one section per index with the factory's builder (storage/section.h). An index needs no log, no delete path and no
// recovery of its own: it is derived from rows.
#pragma once

#include <memory>

#include "os/scheduler.h"
#include "storage/memory_budget.h"
#include "storage/section.h"
#include "types/schema.h"

namespace mneme {

// The part of an index that covers one memtable. add() is called by one thread (the commit lock) before the rows are
// shown; readers may look at any time, and take ordinals the snapshot does not see yet for what RowSource says of them.
class MemoryIndex {
 public:
  virtual ~MemoryIndex() = default;
  // The next rows of the memtable in ordinal order; `rows` has the index's columns, in its order. full: not added.
  virtual Result<void> add(const Batch& rows, std::uint32_t first_ordinal) = 0;
  virtual void forget_from(std::uint32_t ordinal) noexcept = 0;  // Rows from here on were discarded.
  // False: in no row does the index's first column have a value between these, one row each, of its type. Of rows that
  // are published.
  [[nodiscard]] virtual bool may_have(const Column& /*least*/, const Column& /*most*/) const { return true; }
  // False: none of the rows below `rows`, published or not, has this whole key (types/key.h).
  [[nodiscard]] virtual bool may_have_key(Bytes /*key*/, std::uint32_t /*rows*/) const { return true; }
};

class IndexFactory {  // Thread-safe. Outlives the store.
 public:
  virtual ~IndexFactory() = default;
  // Null: this kind keeps nothing in memory, or nothing in segments.
  virtual Result<std::unique_ptr<MemoryIndex>> memory_index(const TableSchema& schema, const IndexSchema& index,
                                                            Scheduler& scheduler, MemoryBudget& budget) = 0;
  virtual Result<std::unique_ptr<SectionBuilder>> section_builder(const TableSchema& schema, const IndexSchema& index,
                                                                  MemoryBudget& budget) = 0;
};

}  // namespace mneme
