// Which tables a damaged database had: from the manifest's catalogue, what the log changed, and the schemas that
// segments carry.
#pragma once

#include <map>
#include <set>

#include "storage/write_set.h"

namespace mneme {

class Catalogue {  // One thread at a time.
 public:
  // The catalogue of a manifest. False: it cannot be read. Tables below `next_table` that it does not have were
  // dropped.
  bool begin_with(Bytes checkpoint, TableId next_table);
  // What a segment's footer says of its table. A schema that is no good says nothing.
  void learn(Bytes schema, TableId table);
  // A change that the log tells; what it says counts over all before.
  void apply(const Change& change);
  // The latest of each table, by id; names that two have are told apart by their ids.
  [[nodiscard]] std::map<TableId, TableSchema> tables() const;
  // The rows of the next record are written in it. Null: no such table.
  [[nodiscard]] const TableSchema* find(TableId table) const;
  // Versions that may be tried when a record does not fit the latest, youngest first.
  [[nodiscard]] std::vector<const TableSchema*> older(TableId table) const;
  [[nodiscard]] bool dropped(TableId table) const { return dropped_.contains(table); }

 private:
  std::map<TableId, std::map<std::uint32_t, TableSchema>> versions_;
  std::set<TableId> dropped_;
  TableId next_table_{};
};

// False: it cannot be a table's, whatever its checksum says.
bool is_sound(const TableSchema& schema);

}  // namespace mneme
