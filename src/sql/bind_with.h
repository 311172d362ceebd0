// WITH: each of its tables is bound anew where it is used, seeing what it saw where it was written.
#pragma once

#include <deque>

#include "sql/bind_state.h"

namespace mneme::sql::binding {

struct CommonTableScope {
  const CommonTable& table;
  CommonTableScope* next = nullptr;  // What its own query sees.
  const Scope* outer = nullptr;
  bool used = false;
};

class CommonTables {  // One thread at a time; outlives what is bound inside.
 public:
  explicit CommonTables(const Surroundings& around) : around_(around), inside_(around) {}

  // 42712: a name twice. Recursion is not there yet.
  Result<void> open(const std::vector<CommonTable>& tables, bool recursive);
  [[nodiscard]] const Surroundings& inside() const noexcept { return inside_; }
  // A table that nothing names is bound all the same, so that its errors are seen, and dropped.
  Result<void> check_unused() const;

 private:
  const Surroundings& around_;
  Surroundings inside_;
  std::deque<CommonTableScope> tables_;  // Their addresses stay.
};

}  // namespace mneme::sql::binding
