// A life: the steps that one seed draws. A schema, its rows, then questions between changes, transactions, flushes,
// merges and reopenings. Nothing in it depends on what anybody answers, so it can be played again, and made smaller.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "differential/tree.h"

namespace mneme::differential {

enum class Act : std::uint8_t { create, index, change, ask, flush, compact, reopen, begin, commit, rollback };

// How a question is checked.
enum class Check : std::uint8_t {
  compare,   // With SQLite (unless `free`) and PostgreSQL, and with mneme's tables without indexes.
  prepared,  // The same with parameters, by execute() and by the stream.
  norec,
  tlp_where,
  tlp_distinct,
  tlp_aggregate,
  tlp_having,
};

struct Step {
  Act act = Act::ask;
  Tree tree;
  Check check = Check::compare;
  bool free = false;
  bool ordered = false;
};

using Life = std::vector<Step>;

Life draw_life(std::uint64_t seed);
std::size_t count_questions(const Life& life);
// As SQL that a person can run, a comment for each step that is not SQL.
std::string script_of(const Life& life, Dialect dialect);

}  // namespace mneme::differential
