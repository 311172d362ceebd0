#include "index/ordered/leaf.h"

#include <algorithm>

namespace mneme::ordered {

Result<void> Leaf::load(std::uint32_t leaf) {
  if (rows_ == nullptr) {
    node_ = TRY(section_.node(leaf, BlockCache::Priority::normal));
    entries_ = node_->node.entries();
    return {};
  }
  const std::uint64_t rows = section_.meta().rows;
  if (leaf >= rows) return Error(Code::corrupt, "ordered index: a leaf begins behind the last row");
  first_row_ = leaf;
  entries_ = static_cast<std::size_t>(std::min<std::uint64_t>(kLeafRows, rows - leaf));
  return {};
}

Result<std::size_t> Leaf::lower_bound(Bytes key) {
  if (rows_ == nullptr) return node_->node.lower_bound(key);
  const auto end = static_cast<std::uint32_t>(first_row_ + entries_);
  const std::uint32_t row = TRY(rows_->lower_bound(first_row_, end, key));
  return std::size_t{row - first_row_};
}

Result<int> Leaf::compare(std::size_t entry, Bytes key) {
  if (rows_ == nullptr) return node_->node.compare(entry, key);
  return rows_->compare(static_cast<std::uint32_t>(first_row_ + entry), key);
}

Result<std::uint32_t> Leaf::ordinal(std::size_t entry) const {
  if (rows_ != nullptr) return static_cast<std::uint32_t>(first_row_ + entry);
  const std::uint32_t ordinal = node_->node.number(entry);
  if (ordinal >= section_.meta().rows) return Error(Code::corrupt, "ordered index: an entry names no row");
  return ordinal;
}

Result<void> Leaf::append_key(std::size_t entry, ByteBuffer& out) {
  if (rows_ != nullptr) return rows_->append_key(static_cast<std::uint32_t>(first_row_ + entry), out);
  node_->node.append_key(entry, out);
  return {};
}

}  // namespace mneme::ordered
