// What a value of a type may be, for values that come as bytes: who writes them as text is told by its reader.
#pragma once

#include "mneme/value.h"

namespace mneme {

// The errors that the same value as text would have: 22P02 (BOOL, JSON), 22021 (TEXT), 22003 (DECIMAL, POINT),
// 22000 (VECTOR). A NULL passes. REQUIRES: no reference.
Result<void> check_value(const Value& value);
// The elements of a VECTOR. 22000: one is not finite.
Result<void> check_elements(std::span<const float> elements);

}  // namespace mneme
