// What every reader of a foreign format says when it is done, and while it is not.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mneme::cli {

struct ImportSummary {
  std::uint64_t bytes = 0;  // Of the file.
  std::uint64_t rows = 0;   // Of all tables.
  std::size_t tables = 0;
  std::vector<std::string> warnings;  // What was read around.
};

// Called now and then with how much of the work is done, of how much, in bytes.
using ImportProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

}  // namespace mneme::cli
