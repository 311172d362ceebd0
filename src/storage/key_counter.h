// KeyCounter: the next number of a table's identity column (or hidden _id). A number once handed out, or seen in a
// row, is never handed out again; numbers of transactions that failed are skipped.
#pragma once

#include <atomic>
#include <cstdint>

#include "types/schema.h"

namespace mneme {

class KeyCounter {  // Thread-safe.
 public:
  // The first of `count` new numbers. Relaxed: the numbers publish nothing.
  [[nodiscard]] std::uint64_t reserve(std::uint64_t count) noexcept {
    return next_.fetch_add(count, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t next() const noexcept { return next_.load(std::memory_order_relaxed); }
  void raise_to(std::uint64_t next) noexcept {
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
  std::atomic<std::uint64_t> next_{1};
};

}  // namespace mneme
