#include "query/join_rows.h"

#include <algorithm>

namespace mneme::query {
namespace {

void append_right(const std::shared_ptr<RowBuffer>& right, std::size_t width, std::span<const RowNumber> rows,
                  Batch& out) {
  const bool some_absent = std::ranges::find(rows, kNoRow) != rows.end();
  for (std::size_t i = 0; i < width; ++i) {
    Column& column = out.columns.emplace_back(right->types()[i]);
    if (!some_absent) {
      right->gather(i, rows, column);
    } else {
      right->gather_or_null(i, rows, column);
    }
    if (column.type().is_variable()) column.keep_alive(right);
  }
  if (out.columns.empty()) out.columns.push_back(placeholder(rows.size()));
}

}  // namespace

Batch joined(const std::shared_ptr<const Batch>& left, std::size_t left_width, const std::shared_ptr<RowBuffer>& right,
             std::size_t right_width, const Pairs& pairs) {
  Batch out;
  out.columns.reserve(left_width + right_width);
  for (std::size_t i = 0; i < left_width; ++i) {
    out.columns.push_back(gather(left->columns[i], pairs.left));
    if (out.columns.back().type().is_variable()) out.columns.back().keep_alive(left);
  }
  append_right(right, right_width, pairs.right, out);
  return out;
}

Batch right_alone(const std::vector<Type>& left_types, const std::shared_ptr<RowBuffer>& right, std::size_t right_width,
                  std::span<const RowNumber> rows) {
  Batch out;
  const std::vector<std::uint64_t> all_null((rows.size() + 63) / 64);
  for (const Type& type : left_types) out.columns.emplace_back(type).extend(rows.size(), all_null.data());
  append_right(right, right_width, rows, out);
  return out;
}

std::size_t pairs_per_batch(const Batch& left, std::size_t left_width, const RowBuffer& right) {
  auto columns = pointers_to(left);
  columns.resize(left_width);
  const std::size_t left_row_bytes = value_bytes(columns, left.rows()) / std::max<std::size_t>(1, left.rows());
  const std::size_t right_row_bytes = kBatchBytesMax / right.rows_per_batch();
  return std::clamp<std::size_t>(kBatchBytesMax / (left_row_bytes + right_row_bytes + 1), 1, kBatchRowsMax);
}

}  // namespace mneme::query
