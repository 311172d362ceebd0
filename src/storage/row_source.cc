#include "storage/row_source.h"

#include "base/coding.h"
#include "storage/memtable_source.h"
#include "storage/segment_source.h"

namespace mneme {

Result<void> append_missing(const ColumnSchema& column, std::size_t rows, Column& out) {
  if (column.missing_value.empty()) {
    for (std::size_t i = 0; i < rows; ++i) out.append_null();
    return {};
  }
  Reader reader{Bytes(column.missing_value)};
  const Column one = TRY(decode_column(column.type, 1, reader));
  for (std::size_t i = 0; i < rows; ++i) out.append_run(one, 0, 1);
  return {};
}

Result<std::vector<std::shared_ptr<const RowSource>>> row_sources(const Snapshot& snapshot, TableId table) {
  const TableVersion* found = snapshot.version->find(table);
  if (found == nullptr) {
    return Error(Code::not_found, "table " + std::to_string(static_cast<std::uint64_t>(table)) + " does not exist");
  }
  std::vector<std::shared_ptr<const RowSource>> sources;
  sources.reserve(found->memtables.size() + found->segments.size());
  for (auto memtable = found->memtables.rbegin(); memtable != found->memtables.rend(); ++memtable) {
    sources.push_back(std::make_shared<MemtableSource>(*memtable, snapshot.sequence));
  }
  for (auto segment = found->segments.rbegin(); segment != found->segments.rend(); ++segment) {
    sources.push_back(TRY(SegmentSource::open(*segment, table, snapshot.sequence)));
  }
  return sources;
}

}  // namespace mneme
