// What is written while the power may go: a sequence of transactions, each a function of its number alone.
//
// Transaction n, one atomic group over two tables (or ranges of keys): one to four rows are added to the journal, the
// rows that transaction n - kKept added go, two slots get new contents, and one slot counts to n. Bodies are 16 to
// 3,000 bytes, in every fiftieth transaction one of 100,000. So the state after n is a function of n as well: whoever
// reads any other has found a lost, a torn or a raised transaction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace mneme::powercut {

constexpr std::uint64_t kKept = 150;

struct Change {
  bool in_journal = false;  // Else in the slots.
  std::string key;
  std::optional<std::string> body;  // None: the row goes.
};

struct State {
  std::map<std::string, std::string> journal;
  std::map<std::string, std::string> slots;
  bool operator==(const State&) const = default;
};

std::vector<Change> transaction(std::uint64_t n);
State state_after(std::uint64_t n);

// The number of the transaction after which this is the state; corrupt: there is none, and what is wrong.
Result<std::uint64_t> transactions_in(const State& found);

}  // namespace mneme::powercut
