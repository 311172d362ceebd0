// KeyCounter: the next number of a table's identity column (or hidden _id). A number once handed out, or seen in a
// row, is never handed out again; numbers of transactions that failed are skipped.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>

#include "types/schema.h"

namespace mneme {

class KeyCounter {  // Thread-safe.
 public:
  // The first of `count` new numbers. constraint, 2200H: there are not as many left. Relaxed: the numbers publish
  // nothing.
  Result<std::uint64_t> reserve(std::uint64_t count) {
    std::uint64_t first = next_.load(std::memory_order_relaxed);
    do {
      if (count > kEnd - first) {
        return Error(Code::constraint,
                     "the numbers of the table's rows have reached their maximum, " + std::to_string(kEnd - 1))
            .with_sqlstate("2200H");
      }
    } while (!next_.compare_exchange_weak(first, first + count, std::memory_order_relaxed));
    return first;
  }
  [[nodiscard]] std::uint64_t next() const noexcept { return next_.load(std::memory_order_relaxed); }
  void raise_to(std::uint64_t next) noexcept {
    next = std::min(next, kEnd);  // A file may say anything.
    std::uint64_t now = next_.load(std::memory_order_relaxed);
    while (now < next && !next_.compare_exchange_weak(now, next, std::memory_order_relaxed)) {
    }
  }
  // Goes above every number that the rows of `batch` have in the schema's identity columns.
  void pass(const TableSchema& schema, const Batch& batch) noexcept {
    for (std::size_t i = 0; i < schema.columns.size(); ++i) {
      if (!schema.columns[i].identity || schema.columns[i].type.kind != TypeKind::integer) continue;
      std::int64_t most = 0;
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        if (batch.columns[i].is_null(row)) continue;
        const std::int64_t value = batch.columns[i].values<std::int64_t>()[row];
        most = value > most ? value : most;
      }
      raise_to(static_cast<std::uint64_t>(most) + 1);
    }
  }

 private:
  static constexpr std::uint64_t kEnd = std::uint64_t{1} << 63;  // Behind the greatest INT. Never passed.
  std::atomic<std::uint64_t> next_{1};
};

}  // namespace mneme
