// For tests: a kind of index that keeps nothing, so that every answer is a scan and only its user is tested.
#pragma once

#include "index/scan_reader.h"

namespace mneme::test {

class ScanKind final : public IndexKind {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "ordered"; }
  Result<std::unique_ptr<MemoryIndex>> memory_index(const TableSchema&, const IndexSchema&, Scheduler&,
                                                    MemoryBudget&) override {
    return std::unique_ptr<MemoryIndex>();
  }
  Result<std::unique_ptr<SectionBuilder>> section_builder(const TableSchema&, const IndexSchema&,
                                                          MemoryBudget&) override {
    return std::unique_ptr<SectionBuilder>();
  }
  Result<std::unique_ptr<IndexReader>> open(std::shared_ptr<const RowSource> source, const MemoryIndex*,
                                            const TableSchema& schema, const IndexSchema& index,
                                            MemoryBudget& budget) override {
    return make_scan_reader(std::move(source), TRY(index_columns(schema, index)), budget);
  }
};

inline std::vector<std::unique_ptr<IndexKind>> scan_kinds() {
  std::vector<std::unique_ptr<IndexKind>> kinds;
  kinds.push_back(std::make_unique<ScanKind>());
  return kinds;
}

}  // namespace mneme::test
