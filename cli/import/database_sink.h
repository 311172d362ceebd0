// A sink that is a database: tables under names of no meaning until publish() gives them theirs, all in one
// transaction.
#pragma once

#include <set>

#include "import/table_sink.h"
#include "mneme/database.h"

namespace mneme::cli {

class DatabaseSink final : public TableSink {  // One thread at a time.
 public:
  explicit DatabaseSink(Database& database) : database_(database), connection_(database.connect()) {}

  // Drops what an import that was killed left behind.
  Result<void> begin();
  void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }  // What stands before the names to come.
  // already_exists: the database has a table of this name.
  Result<std::size_t> begin_table(const ImportTable& table) override;
  Result<void> append(std::size_t table, const TableBatch& batch) override;
  // The closing transaction. When it returns, everything is on the disk.
  Result<void> publish();
  void abandon();  // Drops what was made.

 private:
  struct Table {
    std::string name;     // To be.
    std::string pending;  // For now.
  };
  Database& database_;
  Connection connection_;
  std::string prefix_;
  std::set<std::string> existing_;
  std::vector<Table> tables_;
};

}  // namespace mneme::cli
