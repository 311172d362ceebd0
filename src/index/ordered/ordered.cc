#include "index/ordered/ordered.h"

#include <algorithm>

#include "index/ordered/builder.h"
#include "index/ordered/memory.h"
#include "index/ordered/section_reader.h"
#include "index/scan_reader.h"
#include "storage/segment.h"

namespace mneme {
namespace {

Result<std::vector<Type>> key_types(const TableSchema& schema, const IndexSchema& index) {
  std::vector<Type> types;
  const std::vector<const ColumnSchema*> columns = TRY(index_columns(schema, index));
  for (const ColumnSchema* column : columns) {
    if (!is_key_type(column->type)) {
      return Error(Code::invalid_argument, "column " + column->name + " of type " + type_name(column->type) +
                                               " has no order, so index " + index.name + " cannot be kept");
    }
    types.push_back(column->type);
  }
  return types;
}

class OrderedKind final : public IndexKind {
 public:
  explicit OrderedKind(ScratchFiles* scratch) : scratch_(scratch) {}
  [[nodiscard]] std::string_view name() const noexcept override { return "ordered"; }

  Result<std::unique_ptr<MemoryIndex>> memory_index(const TableSchema& schema, const IndexSchema& index,
                                                    Scheduler& scheduler, MemoryBudget& budget) override {
    std::vector<Type> types = TRY(key_types(schema, index));
    return std::unique_ptr<MemoryIndex>(std::make_unique<OrderedMemory>(std::move(types), scheduler, budget));
  }

  Result<std::unique_ptr<SectionBuilder>> section_builder(const TableSchema& schema, const IndexSchema& index,
                                                          MemoryBudget& budget) override {
    TRY(key_types(schema, index));
    auto builder = TRY(ordered::OrderedBuilder::make(schema, index, budget, scratch_));
    return std::unique_ptr<SectionBuilder>(std::move(builder));
  }

  Result<std::unique_ptr<IndexReader>> open(std::shared_ptr<const RowSource> source, const MemoryIndex* memory,
                                            const TableSchema& schema, const IndexSchema& index,
                                            MemoryBudget& budget) override {
    std::vector<const ColumnSchema*> columns = TRY(index_columns(schema, index));
    if (source->segment() != nullptr) {
      auto reader = TRY(open_section(source, columns, index));
      if (reader != nullptr) return reader;
    } else if (memory != nullptr) {
      const auto& kept = static_cast<const OrderedMemory&>(*memory);  // Made by memory_index() above.
      const auto same = [&](const ColumnSchema* column, const Type& type) { return column->type == type; };
      if (std::ranges::equal(columns, kept.types(), same)) {
        return make_memory_reader(std::move(source), std::move(columns), kept);
      }
    }
    return make_scan_reader(std::move(source), std::move(columns), budget);
  }

 private:
  // Null: the segment is older than the index, or its section is of no use any more.
  static Result<std::unique_ptr<IndexReader>> open_section(const std::shared_ptr<const RowSource>& source,
                                                           const std::vector<const ColumnSchema*>& columns,
                                                           const IndexSchema& index) {
    const Segment& segment = *source->segment();
    const auto number = segment.find_section(index.id);
    if (!number || segment.section_name(*number).columns != index.columns) return std::unique_ptr<IndexReader>();
    const auto bytes = TRY(segment.open_section(*number));  // The segment's, like what is made of it.
    const auto* section = TRY(ordered::OrderedSection::open(*bytes));
    return ordered::make_section_reader(source, columns, *section);
  }

  ScratchFiles* const scratch_;
};

}  // namespace

std::unique_ptr<IndexKind> ordered_kind(ScratchFiles* scratch) { return std::make_unique<OrderedKind>(scratch); }

}  // namespace mneme
