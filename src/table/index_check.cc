#include "table/index_check.h"

#include "storage/segment.h"

namespace mneme {
namespace {

Result<void> check_source(const std::shared_ptr<const RowSource>& source, IndexKind& kind, const TableSchema& schema,
                          const IndexSchema& index, MemoryBudget& budget) {
  const MemoryIndex* memory = source->memtable() == nullptr ? nullptr : source->memtable()->memory_index(index.id);
  const auto reader = TRY(kind.open(source, memory, schema, index, budget));
  return reader->verify();
}

std::string place_of(const RowSource& source) {
  return source.segment() == nullptr ? "in memory" : "'" + source.segment()->file().path() + "'";
}

}  // namespace

Result<void> check_indexes(const Snapshot& snapshot, const IndexKinds& kinds, MemoryBudget& budget,
                           std::vector<std::string>& problems) {
  for (const auto& [id, table] : snapshot.version->tables) {
    if (table.schema->indexes.empty()) continue;
    const auto sources = TRY(row_sources(snapshot, id));
    for (const IndexSchema& index : table.schema->indexes) {
      IndexKind* kind = TRY(kinds.kind_of(index));
      for (const auto& source : sources) {
        auto checked = check_source(source, *kind, *table.schema, index, budget);
        if (checked) continue;
        if (checked.error().code() != Code::corrupt) return checked;
        problems.push_back("index '" + index.name + "' of table '" + table.schema->name + "', " + place_of(*source) +
                           ": " + checked.error().message());
      }
    }
  }
  return {};
}

}  // namespace mneme
