#include "index/index_kinds.h"

namespace mneme {

Result<IndexKind*> IndexKinds::kind_of(const IndexSchema& index) const {
  for (const auto& kind : kinds_) {
    if (kind->name() == index.kind) return kind.get();
  }
  return Error(Code::unsupported, "index " + index.name + " is of kind '" + index.kind + "'");
}

Result<std::unique_ptr<MemoryIndex>> IndexKinds::memory_index(const TableSchema& schema, const IndexSchema& index,
                                                              Scheduler& scheduler, MemoryBudget& budget) {
  IndexKind* kind = TRY(kind_of(index));
  return kind->memory_index(schema, index, scheduler, budget);
}

Result<std::unique_ptr<SectionBuilder>> IndexKinds::section_builder(const TableSchema& schema, const IndexSchema& index,
                                                                    MemoryBudget& budget) {
  IndexKind* kind = TRY(kind_of(index));
  return kind->section_builder(schema, index, budget);
}

}  // namespace mneme
