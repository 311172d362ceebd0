// Operand and the loops kernels are made of.
//
// An operand is a column of as many rows as the batch, or one value that stands for every row (a constant or a
// parameter): its stride is then 0. The loops skip rows in which a strict function's argument is NULL, so that a
// kernel is never handed bytes of a value that is not there: 1 / NULL is NULL and no division by zero.
#pragma once

#include <concepts>
#include <span>

#include "base/result.h"
#include "types/column.h"

namespace mneme::query {

struct Operand {
  const Column* column = nullptr;
  bool constant = false;  // One row, read for every row.

  [[nodiscard]] std::size_t index(std::size_t row) const noexcept { return constant ? 0 : row; }
  [[nodiscard]] bool is_null(std::size_t row) const noexcept { return column->is_null(index(row)); }
  template <class T>
  [[nodiscard]] const T& at(std::size_t row) const noexcept {
    return column->values<T>()[index(row)];
  }
};
using Operands = std::span<const Operand>;

// Bit i is 1 where no operand is NULL; empty when that is every row.
std::vector<std::uint64_t> strict_validity(Operands operands, std::size_t rows);

inline bool bit_of(const std::vector<std::uint64_t>& words, std::size_t row) noexcept {
  return words.empty() || (words[row / 64] >> (row % 64) & 1) != 0;
}

// Calls each(row) for every row in which no operand is NULL; the first error ends it.
template <class Each>
Result<void> for_each_valid(const std::vector<std::uint64_t>& validity, std::size_t rows, Each each) {
  if (validity.empty()) {
    for (std::size_t row = 0; row < rows; ++row) TRY(each(row));
    return {};
  }
  for (std::size_t row = 0; row < rows; ++row) {
    if (bit_of(validity, row)) TRY(each(row));
  }
  return {};
}

// out[row] = compute(row) for fixed-width R, where `compute` cannot fail: no branch in the loop but for NULLs.
template <class R, class Compute>
void map_rows(Operands operands, std::size_t rows, Column& out, Compute compute) {
  auto validity = strict_validity(operands, rows);
  ByteBuffer bytes(rows * sizeof(R));
  auto* values = reinterpret_cast<R*>(bytes.data());
  if (validity.empty()) {
    for (std::size_t row = 0; row < rows; ++row) values[row] = compute(row);
  } else {
    for (std::size_t row = 0; row < rows; ++row) {
      if (bit_of(validity, row)) values[row] = compute(row);
    }
  }
  out.adopt(std::move(bytes), rows, std::move(validity));
}

// The same where `compute(row, result)` may fail.
template <class R, class Compute>
Result<void> try_map_rows(Operands operands, std::size_t rows, Column& out, Compute compute) {
  auto validity = strict_validity(operands, rows);
  ByteBuffer bytes(rows * sizeof(R));
  auto* values = reinterpret_cast<R*>(bytes.data());
  TRY(for_each_valid(validity, rows, [&](std::size_t row) { return compute(row, values[row]); }));
  out.adopt(std::move(bytes), rows, std::move(validity));
  return {};
}

}  // namespace mneme::query
