#include "query/sort_keys.h"

#include <algorithm>

#include "base/coding.h"
#include "types/key.h"

namespace mneme::query {
namespace {

// The first eight bytes as a big-endian number, zeros behind the end.
std::uint64_t leading_word(Bytes bytes) noexcept {
  std::uint64_t word = 0;
  if (!bytes.empty()) std::memcpy(&word, bytes.data(), std::min<std::size_t>(bytes.size(), 8));
  return __builtin_bswap64(word);
}

std::uint32_t rank_of_null(const query::SortKey& key) noexcept { return key.nulls_first ? 0 : 2; }

void fill_entries(const query::SortKey& key, const Column& values, std::span<SortEntry> entries) {
  const bool word = is_word_key({&values.type(), 1}), text = values.type().is_variable();
  const std::uint64_t flip = key.descending ? ~std::uint64_t{0} : 0;
  ByteBuffer scratch;
  for (std::size_t row = 0; row < entries.size(); ++row) {
    SortEntry& entry = entries[row];
    entry = {.prefix = 0, .row = static_cast<RowNumber>(row), .rank = 1};
    if (values.is_null(row)) {
      entry.rank = rank_of_null(key);
      continue;
    }
    if (word) {
      entry.prefix = key_word(values, row) ^ flip;
    } else if (text) {
      entry.prefix = leading_word(values.bytes_at(row)) ^ flip;
    } else {
      scratch.clear();
      encode_key_column(values, row, scratch);
      entry.prefix = leading_word(Bytes(scratch).subspan(1)) ^ flip;
    }
  }
}

void append_rest(const query::SortKey& key, const Column& values, std::size_t row, ByteBuffer& out) {
  const std::size_t begin = out.size();
  encode_key_column(values, row, out);
  if (values.is_null(row)) {
    out[begin] = static_cast<std::byte>(rank_of_null(key));
    return;
  }
  if (!key.descending) return;  // The marker of a value is 1, as its rank.
  for (std::size_t i = begin + 1; i < out.size(); ++i) out[i] = ~out[i];
}

}  // namespace

bool has_order_word(const Type& type) noexcept {
  return type.kind == TypeKind::boolean || type.kind == TypeKind::date || type.kind == TypeKind::real ||
         is_word_key({&type, 1});
}

std::uint64_t order_word(const Column& column, std::size_t row) {
  if (column.type().width() == 8) return key_word(column, row);
  ByteBuffer key;
  encode_key_column(column, row, key);
  return leading_word(Bytes(key).subspan(1));
}

SortKeys::SortKeys(const std::vector<query::SortKey>& keys) : keys_(keys) {
  first_is_whole_ = !keys.empty() && has_order_word(keys.front().expression->type);
  has_rest_ = keys.size() > (first_is_whole_ ? 1 : 0);
}

Result<void> SortKeys::encode(const EvaluationInput& input, std::vector<SortEntry>& entries, Column& rest) const {
  entries.assign(input.rows, {});
  std::vector<Computed> values;
  for (const query::SortKey& key : keys_) values.push_back(TRY(Computed::of(*key.expression, input)));
  if (keys_.empty()) {
    for (std::size_t row = 0; row < input.rows; ++row) entries[row].row = static_cast<RowNumber>(row);
    return {};
  }
  fill_entries(keys_.front(), *values.front(), entries);
  if (!has_rest_) return {};
  ByteBuffer scratch;
  for (std::size_t row = 0; row < input.rows; ++row) {
    scratch.clear();
    for (std::size_t i = first_is_whole_ ? 1 : 0; i < keys_.size(); ++i) {
      append_rest(keys_[i], *values[i], row, scratch);
    }
    rest.append_bytes(scratch);
  }
  return {};
}

void sort_entries(std::vector<SortEntry>& entries, const SortKeys& keys, const RowBuffer& rows, std::size_t rest_column,
                  std::size_t wanted) {
  const auto by_prefix = [](const SortEntry& a, const SortEntry& b) noexcept {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return a.row < b.row;
  };
  const auto rest_of = [&](RowNumber row) noexcept {
    return rows.column(row, rest_column).values<StringRef>()[rows.row_in_chunk(row)].view();
  };
  const auto by_all = [&](const SortEntry& a, const SortEntry& b) noexcept {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = rest_of(a.row).compare(rest_of(b.row));
    return order != 0 ? order < 0 : a.row < b.row;
  };
  const auto sort = [&](auto before) {
    if (wanted < entries.size()) {
      const auto end = entries.begin() + static_cast<std::ptrdiff_t>(wanted);
      std::nth_element(entries.begin(), end, entries.end(), before);
      entries.erase(end, entries.end());
    }
    std::sort(entries.begin(), entries.end(), before);
  };
  keys.has_rest() ? sort(by_all) : sort(by_prefix);
}

}  // namespace mneme::query
