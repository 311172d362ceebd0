#include "types/value_column.h"

namespace mneme {

void append_value(Column& column, const Value& value) {
  if (value.is_null()) return column.append_null();
  ASSERT(value.type() == column.type() && !value.is_reference());
  const Bytes bytes = as_bytes(value.bytes());
  column.type().is_variable() ? column.append_bytes(bytes) : column.append_fixed(bytes);
}

Value value_at(const Column& column, std::size_t row) {
  if (column.is_null(row)) return Value::null(column.type());
  return Value::of_bytes(column.type(), as_text(column.bytes_at(row)));
}

}  // namespace mneme
