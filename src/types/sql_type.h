// The names SQL has for types, PostgreSQL's aliases included.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mneme/type.h"

namespace mneme {

// `name` in any case and without its arguments: "int8", "double precision", "timestamp with time zone", "vector".
//   VECTOR(n[, f32 | f16 | i8 | u8 | bit])   without (n): dimension 0, for a cast that takes any
//   DECIMAL(p[, s])                          without: DECIMAL(18, 6)
//   VARCHAR(n), CHAR(n), TIMESTAMP(n), FLOAT(n) ... take their number and do not hold values to it, except that
//   FLOAT(1 .. 24) is REAL as in PostgreSQL.
// 42704 for a name that is no type; 22023 for arguments that do not fit.
Result<Type> type_from_sql(std::string_view name, std::span<const std::string> arguments);

bool is_serial(std::string_view name) noexcept;  // serial, bigserial, smallserial ...: INT with a counter.

}  // namespace mneme
