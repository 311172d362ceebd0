// Leaf: the rows of one leaf of an ordered section, in the order of their keys, whichever form the section has.
#pragma once

#include "index/ordered/clustered_rows.h"
#include "index/ordered/section.h"

namespace mneme::ordered {

class Leaf {  // One thread at a time. Must not outlive what it was made from.
 public:
  // `rows` null: the section has leaves of its own.
  Leaf(const OrderedSection& section, ClusteredRows* rows) : section_(section), rows_(rows) {}

  Result<void> load(std::uint32_t leaf);
  [[nodiscard]] std::size_t entries() const noexcept { return entries_; }
  Result<std::size_t> lower_bound(Bytes key);
  Result<int> compare(std::size_t entry, Bytes key);
  // corrupt: no row of the segment.
  [[nodiscard]] Result<std::uint32_t> ordinal(std::size_t entry) const;
  Result<void> append_key(std::size_t entry, ByteBuffer& out);

 private:
  const OrderedSection& section_;
  ClusteredRows* const rows_;
  std::optional<LoadedNode> node_;
  std::uint32_t first_row_ = 0;
  std::size_t entries_ = 0;
};

}  // namespace mneme::ordered
