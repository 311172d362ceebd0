// IndexKinds: the kinds of index a database has, by name; the factory it gives its store.
#pragma once

#include "index/index.h"

namespace mneme {

class IndexKinds final : public IndexFactory {  // Thread-safe; immutable.
 public:
  explicit IndexKinds(std::vector<std::unique_ptr<IndexKind>> kinds) : kinds_(std::move(kinds)) {}
  explicit IndexKinds(std::unique_ptr<IndexKind> only) : kinds_(list_of(std::move(only))) {}

  // unsupported: the index is of a kind that this build does not have.
  [[nodiscard]] Result<IndexKind*> kind_of(const IndexSchema& index) const;
  Result<std::unique_ptr<MemoryIndex>> memory_index(const TableSchema& schema, const IndexSchema& index,
                                                    Scheduler& scheduler, MemoryBudget& budget) override;
  Result<std::unique_ptr<SectionBuilder>> section_builder(const TableSchema& schema, const IndexSchema& index,
                                                          MemoryBudget& budget) override;

 private:
  static std::vector<std::unique_ptr<IndexKind>> list_of(std::unique_ptr<IndexKind> only) {
    std::vector<std::unique_ptr<IndexKind>> list;
    list.push_back(std::move(only));
    return list;
  }
  const std::vector<std::unique_ptr<IndexKind>> kinds_;
};

}  // namespace mneme
