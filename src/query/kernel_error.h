// What kernels say of arguments they cannot compute with, with PostgreSQL's SQLSTATEs.
#pragma once

#include <string>

#include "base/result.h"

namespace mneme::query {

inline Error bad_argument(std::string message, const char* sqlstate) {
  return Error(Code::invalid_argument, std::move(message)).with_sqlstate(sqlstate);
}
inline Error out_of_range(std::string_view type) { return bad_argument(std::string(type) + " out of range", "22003"); }
inline Error division_by_zero() { return bad_argument("division by zero", "22012"); }

}  // namespace mneme::query
