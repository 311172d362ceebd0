// Version: what a database consists of at a moment, and Snapshot: what one statement reads.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "storage/memtable.h"

namespace mneme {

struct TableVersion {
  std::shared_ptr<const TableSchema> schema;
  std::vector<std::shared_ptr<Memtable>> memtables;  // Oldest first; the last one takes new rows.
};

struct Version {  // Immutable. A change of tables or files publishes another; new rows do not.
  std::map<TableId, TableVersion> tables;
  [[nodiscard]] const TableVersion* find(TableId table) const noexcept {
    const auto found = tables.find(table);
    return found == tables.end() ? nullptr : &found->second;
  }
};

// The commits up to `sequence`, over the tables and files of `version`. Immutable; cheap to copy.
struct Snapshot {
  std::uint64_t sequence = 0;
  std::shared_ptr<const Version> version;
};

}  // namespace mneme
