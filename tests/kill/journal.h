// The database that is killed: every writer counts, and keeps a journal of its last transactions.
//
// Transaction n of a writer, one atomic group: its counter row moves to n, journal row n is added, journal row
// n - kKept goes. So the state after n is a function of n alone, and whoever reads any other has found a lost, a torn
// or a raised transaction.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace mneme::kill {

constexpr std::uint64_t kKept = 20;

struct WriterState {
  std::uint64_t count = 0;
  std::map<std::uint64_t, std::string> journal;
  bool operator==(const WriterState&) const = default;
};

// What a writer has after its transaction n; texts of 0 to 300 bytes, now and then of 6,000.
WriterState state_after(std::uint64_t writer, std::uint64_t n);
std::string journal_text(std::uint64_t writer, std::uint64_t n);
// The blob of that row, written piece by piece; of most rows none (empty), else longer than a row keeps.
std::string journal_clip(std::uint64_t writer, std::uint64_t n);

class Journal {  // Thread-safe, one thread a writer.
 public:
  // Opens the database in `directory`, creating it and its tables if they are not there.
  static Result<std::unique_ptr<Journal>> open(const std::string& directory, std::uint64_t writers);
  virtual ~Journal() = default;
  // Transaction n of a writer; durable when it returns.
  virtual Result<void> transact(std::uint64_t writer, std::uint64_t n) = 0;
  // By writer; corrupt: rows that no writer has.
  virtual Result<std::vector<WriterState>> read() = 0;
  // Holds every block and index against its checksums and rules.
  virtual Result<void> check() = 0;
  virtual Result<void> close() = 0;
};

}  // namespace mneme::kill
