// Losses: the report of a salvage while it is made.
#pragma once

#include <map>
#include <string>

#include "mneme/salvage.h"
#include "types/schema.h"

namespace mneme {

// Of an error met in reading what is salvaged. Want of memory is none: nothing is lost by it, and more of it helps.
[[nodiscard]] inline bool is_damage(const Error& error) noexcept { return error.code() != Code::full; }

class Losses {  // One thread at a time.
 public:
  static constexpr std::size_t kListedMax = 10'000;
  explicit Losses(std::string directory) : directory_(std::move(directory)) {}

  // Counts it for its table. One that goes on where the last one of the same block ended is added to it.
  void add(SalvageLoss loss);
  void note(std::string what);
  void recovered(const std::string& table, std::uint64_t rows) { table_of(table).rows += rows; }
  void end_recovered(const std::string& table) { --table_of(table).rows; }  // It went for a younger one.
  void name_table(const std::string& table) { static_cast<void>(table_of(table)); }
  // The path as the report has it: inside the database's directory.
  [[nodiscard]] std::string inside(const std::string& path) const;
  [[nodiscard]] SalvageReport take();

 private:
  SalvagedTable& table_of(const std::string& name);

  const std::string directory_;
  SalvageReport report_;
  std::map<std::string, SalvagedTable> tables_;
  bool uncounted_ = false;  // Something was lost of which nobody knows how many rows of which tables it had.
};

}  // namespace mneme
