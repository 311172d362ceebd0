// For tests: a store on a simulated disk, whose every step of maintenance the test takes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "os/posix.h"
#include "os/sim/sim_file_system.h"
#include "storage/store.h"

namespace mneme::test {

// A column behind those there are, with the next id.
inline ColumnSchema& add_column(TableSchema& schema, std::string name, Type type = {}) {
  ColumnSchema& column = schema.columns.emplace_back();
  column.id = ColumnId{schema.next_column_id++};
  column.name = std::move(name);
  column.type = type;
  return column;
}

inline WriteSet change(Change what) {
  WriteSet writes;
  writes.changes.push_back(std::move(what));
  return writes;
}

// A killed process closes nothing and frees nothing; the leak checker finds what it left from here.
inline void kill_store(std::unique_ptr<Store> store) {
  static auto* const killed = new std::vector<Store*>;
  killed->push_back(store.release());
}

constexpr std::uint64_t kLogFileBytes = 64 << 10;

struct SimulatedStore {  // Without a maintenance thread.
  PosixWorld real;
  sim::SimFileSystem disk;
  World world{disk, real.world().clock, real.world().scheduler, real.world().random};
  StoreOptions options{.memory_budget = MemoryBudget::kBytesMin, .log_file_bytes = kLogFileBytes, .threads = 0};
  std::unique_ptr<Store> store = Store::open(world, "db", options).value();

  TableId make_table(TableSchema schema) {
    const TableId id = schema.id = store->next_table_id().value();
    commit(CreateTable{std::move(schema)}, Durability::commit);
    return id;
  }
  void commit(Change what, Durability durability = Durability::os) {
    store->commit(change(std::move(what)), durability).value();
  }
  void settle() {  // Takes the steps there are to take.
    for (int step = 0; step < 10'000 && store->step(0).value(); ++step) {
    }
  }
  void reopen() {
    store.reset();
    store = Store::open(world, "db", options).value();
  }
  void kill() {  // Without closing, but what was written is there.
    disk.reset(disk.cut(sim::CutPolicy::p1, 1));
    kill_store(std::move(store));
    store = Store::open(world, "db", options).value();
  }
  [[nodiscard]] std::size_t files(const std::string& directory, const std::string& ending) {
    std::size_t count = 0;
    for (const auto& name : disk.list("db/" + directory).value()) count += name.ends_with(ending);
    return count;
  }
};

}  // namespace mneme::test
