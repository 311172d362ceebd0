// VECTOR(n, element) as text: [1,2,3] as pgvector prints it. Elements are finite. Vectors of bits are also read as
// 1011; element i is bit i % 8, counted from the lowest, of byte i / 8.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "mneme/type.h"

namespace mneme {

// Returns the dimension. That of the type, if it is not 0, must be the same (22000).
Result<std::uint16_t> parse_vector(const Type& type, std::string_view text, ByteBuffer& out);
void print_vector(const Type& type, Bytes value, std::string& out);

Error wrong_dimension(std::size_t expected, std::size_t got);  // expected 3 dimensions, not 2

// Element by element as double, of any element type. REQUIRES: index < type.dimension.
double vector_element(const Type& type, const std::byte* value, std::size_t index) noexcept;

}  // namespace mneme
