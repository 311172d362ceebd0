// Question: what the robot asks, in SQL, and what the answer must be.
#pragma once

#include <string>
#include <vector>

#include "mneme/database.h"
#include "terminal.h"

namespace mneme::demo {

struct Question {
  std::string title;  // In the robot's words.
  std::string sql;
  std::vector<Value> parameters;
  std::vector<std::vector<Value>> expected;  // Every row, computed without the database.
  double tolerance = 1e-9;                   // Relative, of floating values; all others must be equal.
};

// Asks, shows plan, time and rows, and checks the answer. False: it is wrong, empty or an error.
bool ask(Connection& connection, const Question& question, std::size_t number, Terminal& terminal);

}  // namespace mneme::demo
