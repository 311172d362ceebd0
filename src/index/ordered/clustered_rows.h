// ClusteredRows: rows of a segment that lie in the order of a key, searched in their column blocks.
#pragma once

#include <optional>

#include "storage/segment.h"
#include "types/key.h"

namespace mneme::ordered {

class ClusteredRows {  // One thread at a time. Must not outlive the segment.
 public:
  // REQUIRES: every column is one of the segment's, and none is paged.
  ClusteredRows(const Segment& segment, std::vector<std::size_t> columns);

  // The first row of [first, end) whose key is not below `key`; `end`: none.
  Result<std::uint32_t> lower_bound(std::uint32_t first, std::uint32_t end, Bytes key);
  Result<int> compare(std::uint32_t row, Bytes key);
  Result<void> append_key(std::uint32_t row, ByteBuffer& out);
  // Keys of rows [first, end), appended.
  Result<void> append_keys(std::uint32_t first, std::uint32_t end, KeyRun& out);

 private:
  struct Place {  // The block a column was last read in.
    std::size_t column = 0;
    std::optional<BlockView> block;
    std::uint32_t first = 0;
    Column value;
  };
  Result<void> load(Place& place, std::uint32_t row);

  const Segment& segment_;
  std::vector<Place> places_;
  ByteBuffer key_;
};

}  // namespace mneme::ordered
