// Values in and out of columns.
#pragma once

#include "mneme/value.h"
#include "types/column.h"

namespace mneme {

// Appends a copy. A NULL of any type or none goes in. REQUIRES: otherwise value.type() == column.type().
void append_value(Column& column, const Value& value);
Value value_at(const Column& column, std::size_t row);  // A NULL has the column's type.

}  // namespace mneme
