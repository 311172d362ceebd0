#include "powercut/workload.h"

#include <random>

namespace mneme::powercut {
namespace {

constexpr const char* kCounter = "counter";

std::uint64_t mixed(std::uint64_t n, std::uint64_t what) {
  std::uint64_t x = (n * 64 + what) * 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 31)) * 0xbf58476d1ce4e5b9U;
  return x ^ (x >> 29);
}

std::string body_of(std::uint64_t n, std::uint64_t which) {
  const bool is_large = n % 50 == 0 && which == 0;
  std::string body(is_large ? 100'000 : 16 + mixed(n, which) % 2'985, '\0');
  std::mt19937_64 random(mixed(n, which + 32));
  for (char& byte : body) byte = static_cast<char>(random());
  return body;
}

std::uint64_t journal_rows(std::uint64_t n) { return 1 + mixed(n, 40) % 4; }

std::string journal_key(std::uint64_t n, std::uint64_t row) { return std::to_string(n) + "." + std::to_string(row); }

std::string slot_key(std::uint64_t slot) { return "slot " + std::to_string(slot); }

void apply(const Change& change, State& state) {
  auto& rows = change.in_journal ? state.journal : state.slots;
  if (change.body) {
    rows[change.key] = *change.body;
  } else {
    rows.erase(change.key);
  }
}

// The first row by which two tables differ.
std::string difference(const std::map<std::string, std::string>& found,
                       const std::map<std::string, std::string>& want) {
  for (const auto& [key, body] : want) {
    const auto there = found.find(key);
    if (there == found.end()) return "row " + key + " is not there";
    if (there->second != body) return "row " + key + " has another body";
  }
  for (const auto& [key, body] : found) {
    if (!want.contains(key)) return "row " + key + " should not be there";
  }
  return "";
}

}  // namespace

std::vector<Change> transaction(std::uint64_t n) {
  std::vector<Change> changes;
  for (std::uint64_t row = 0; row < journal_rows(n); ++row) {
    changes.push_back({.in_journal = true, .key = journal_key(n, row), .body = body_of(n, row)});
  }
  for (std::uint64_t row = 0; n > kKept && row < journal_rows(n - kKept); ++row) {
    changes.push_back({.in_journal = true, .key = journal_key(n - kKept, row), .body = {}});
  }
  changes.push_back({.key = slot_key(n % 61), .body = body_of(n, 10)});
  changes.push_back({.key = slot_key(100 + mixed(n, 41) % 97), .body = body_of(n, 11)});
  changes.push_back({.key = kCounter, .body = std::to_string(n)});
  return changes;
}

State state_after(std::uint64_t n) {
  State state;
  for (std::uint64_t i = 1; i <= n; ++i) {
    for (const Change& change : transaction(i)) apply(change, state);
  }
  return state;
}

Result<std::uint64_t> transactions_in(const State& found) {
  const auto counter = found.slots.find(kCounter);
  const std::uint64_t n = counter == found.slots.end() ? 0 : std::strtoull(counter->second.c_str(), nullptr, 10);
  if (n > 1'000'000) return Error(Code::corrupt, "the counter is " + counter->second);
  const State want = state_after(n);
  for (const std::string& wrong : {difference(found.journal, want.journal), difference(found.slots, want.slots)}) {
    if (!wrong.empty()) return Error(Code::corrupt, "after transaction " + std::to_string(n) + ": " + wrong);
  }
  return n;
}

}  // namespace mneme::powercut
