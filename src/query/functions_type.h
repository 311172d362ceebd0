// Types that come of types: of numbers together, of DECIMAL arithmetic.
#pragma once

#include <optional>

#include "mneme/type.h"

namespace mneme::query {

bool is_number(const Type& type) noexcept;        // INT, DECIMAL, REAL, FLOAT
bool is_exact_number(const Type& type) noexcept;  // INT, DECIMAL

// The type both widen to; nothing when there is none. Vectors of one dimension meet in f32.
std::optional<Type> meeting_type(const Type& a, const Type& b) noexcept;

// The result of + - * / % over INT and DECIMAL, at least one of them DECIMAL. Eighteen digits are all there is: where
// the exact result may have more, the scale gives way before the digits ahead of the point do, down to 6 digits.
// Division keeps what eighteen digits leave, from 6 to 16.
Type decimal_result(char symbol, const Type& a, const Type& b) noexcept;

// The DECIMAL of so many digits behind the point that holds what `of` holds, where eighteen digits suffice; else, as
// above, with fewer.
Type decimal_with_scale(const Type& of, int scale) noexcept;

}  // namespace mneme::query
