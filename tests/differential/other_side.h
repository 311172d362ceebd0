// The other side of a comparison: an engine that answers the same statements.
#pragma once

#include <memory>
#include <string>

#include "differential/outcome.h"
#include "differential/tree.h"

namespace mneme::differential {

class OtherSide {  // One thread at a time.
 public:
  OtherSide() = default;
  OtherSide(const OtherSide&) = delete;
  OtherSide& operator=(const OtherSide&) = delete;
  virtual ~OtherSide() = default;

  virtual Outcome execute(const std::string& sql) = 0;
  virtual void restart() = 0;  // An empty database.
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Dialect dialect() const = 0;
};

// SQLite in memory, in this process.
std::unique_ptr<OtherSide> make_sqlite_side();
// PostgreSQL whose server's socket is in `folder`. Null: this build has no libpq, or nobody answers there.
std::unique_ptr<OtherSide> make_postgres_side(const std::string& folder);

}  // namespace mneme::differential
