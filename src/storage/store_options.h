// What the host chooses about a store.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mneme {

struct StoreOptions {
  std::size_t memory_budget = 64 << 20;
  std::uint64_t log_file_bytes = 16 << 20;       // Also how much log may wait before what it holds goes to segments.
  std::size_t blob_inline_max = 64 << 10;        // A longer value of a BLOB column goes to a blob file.
  std::uint64_t blob_file_bytes = 64 << 20;      // A blob file of so much takes no more values.
  std::uint64_t blob_bytes_max = 2'147'483'647;  // Of one value; not above it.
  // Maintenance threads, 0 or 1. 0: the host calls step(), and a commit that finds no memory does it itself.
  unsigned threads = 1;
};

}  // namespace mneme
