// mneme under test: a database of its own on disk, whose maintenance runs only when it is told to.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "differential/outcome.h"
#include "mneme/database.h"
#include "support/scratch_directory.h"

namespace mneme::differential {

// How a statement reached the engine.
struct Way {
  std::string_view sql;
  bool prepared = false;
  bool in_transaction = false;
  bool flushed = false;  // Since the last change.
};

// For the controls: may spoil an outcome, as a bug would.
using Tamper = std::function<void(const Way&, Outcome&)>;

class MnemeSide {  // One thread at a time.
 public:
  explicit MnemeSide(Tamper tamper = {});

  Outcome execute(const std::string& sql);
  // The literals as parameters. null: `sql` cannot be prepared, since nothing says a parameter's type.
  std::optional<Outcome> execute_prepared(const std::string& sql, std::span<const Value> parameters);
  // Runs a prepared statement by its stream; every plan goes by the operators there.
  std::optional<Outcome> stream_prepared(const std::string& sql, std::span<const Value> parameters);
  [[nodiscard]] bool in_transaction() const;
  void flush();    // Everything into segments.
  void compact();  // And all there is to merge.
  void reopen();
  // Problems that the engine's own check finds, in words; empty: none.
  std::string check();

 private:
  void open();
  Outcome seen(std::string_view sql, bool prepared, Outcome outcome);

  const Tamper tamper_;
  support::ScratchDirectory folder_ = support::ScratchDirectory::in_memory();
  std::optional<Database> database_;
  std::optional<Connection> connection_;  // Ends before the database does.
  bool flushed_ = false;
};

}  // namespace mneme::differential
