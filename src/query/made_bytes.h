// MadeBytes: how much text a call makes, asked before it is made, so that the memory for it can be refused.
//
// Texts grow by what is asked for, not by what is there: repeat('x', 60000000) of a thousand rows is 60 GB. A function
// that only hands on parts of its operands makes nothing. Where a kernel refuses a row for its length it counts as 0.
#pragma once

#include <algorithm>

#include "query/operand.h"

namespace mneme::query {

struct MadeBytes {
  std::size_t total = 0;
  std::size_t longest = 0;  // Of one row: kernels make it aside and copy it.
  void add(std::size_t bytes) noexcept {
    if (__builtin_add_overflow(total, bytes, &total)) total = SIZE_MAX / 2;
    longest = std::max(longest, bytes);
  }
};
using MadeFunction = MadeBytes (*)(Operands operands, std::size_t rows);

// Of a strict function, by what it makes of one row.
template <auto kOfRow>
MadeBytes made_by(Operands operands, std::size_t rows) {
  const auto validity = strict_validity(operands, rows);
  MadeBytes made;
  for (std::size_t row = 0; row < rows; ++row) {
    if (bit_of(validity, row)) made.add(kOfRow(operands, row));
  }
  return made;
}

inline std::size_t text_bytes(const Operand& operand, std::size_t row) noexcept {
  return operand.at<StringRef>(row).bytes();
}

// At most so many bytes for each of the first operand, and for what stands around them.
template <std::size_t kTimes>
std::size_t bytes_of_first(Operands operands, std::size_t row) noexcept {
  return kTimes * text_bytes(operands[0], row) + kTimes;
}
template <std::size_t kTimes>
MadeBytes made_of_first(Operands operands, std::size_t rows) {
  return made_by<bytes_of_first<kTimes>>(operands, rows);
}

// At most, as a value prints; of a NULL nothing.
inline std::size_t printed_bytes(const Operand& operand, std::size_t row) noexcept {
  const Type& type = operand.column->type();
  if (operand.is_null(row)) return 0;
  if (type.kind == TypeKind::vector) return std::size_t{type.dimension} * 16 + 2;
  if (!type.is_variable()) return 0;  // Short.
  return text_bytes(operand, row) * (type.kind == TypeKind::blob ? 2 : 1);
}

}  // namespace mneme::query
