// SortKeys: rows' sort keys as entries that compare fast.
//
// An entry carries where NULL puts the row and the first eight bytes of the first key's order. When the first key is
// not wholly in them (text) or there are more keys, the rest is a blob per row whose memcmp order is the keys' order
// (types/key.h, complemented where a key descends). Ties keep the order of arrival: the row number decides.
#pragma once

#include "query/row_buffer.h"

namespace mneme::query {

// Types all of whose order eight bytes can say, and those bytes as a number. REQUIRES: not NULL.
[[nodiscard]] bool has_order_word(const Type& type) noexcept;
[[nodiscard]] std::uint64_t order_word(const Column& column, std::size_t row);

struct SortEntry {
  std::uint64_t prefix = 0;
  RowNumber row = 0;
  std::uint32_t rank = 1;  // NULLS FIRST 0, a value 1, NULLS LAST 2.
};
static_assert(sizeof(SortEntry) == 16);

class SortKeys {  // Immutable.
 public:
  explicit SortKeys(const std::vector<query::SortKey>& keys);

  [[nodiscard]] bool has_rest() const noexcept { return has_rest_; }
  // Of each row of the input an entry (its row counted within the batch) and, if has_rest(), a blob in `rest`.
  Result<void> encode(const EvaluationInput& input, std::vector<SortEntry>& entries, Column& rest) const;

  // True when the entries alone say that `a` sorts after `b`, or equal to it with nothing else to ask.
  [[nodiscard]] bool is_behind(const SortEntry& a, const SortEntry& b) const noexcept {
    if (a.rank != b.rank) return a.rank > b.rank;
    return has_rest_ ? a.prefix > b.prefix : a.prefix >= b.prefix;
  }

 private:
  const std::vector<query::SortKey>& keys_;
  bool first_is_whole_ = false;  // Eight bytes say all of the first key.
  bool has_rest_ = false;
};

// Sorts entries whose rows are rows of `rows`; the column `rest_column` has their rests. With `wanted` fewer than there
// are, only the first `wanted` are kept.
void sort_entries(std::vector<SortEntry>& entries, const SortKeys& keys, const RowBuffer& rows, std::size_t rest_column,
                  std::size_t wanted = ~std::size_t{0});

}  // namespace mneme::query
