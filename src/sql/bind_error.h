// The binder's errors: a SQLSTATE of PostgreSQL's, a place, and the nearest name where one is near.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme::sql::binding {

// `sqlstate` is a string literal.
inline Error wrong(const char* sqlstate, std::string message, SourcePosition at) {
  return Error(Code::invalid_argument, std::move(message)).with_sqlstate(sqlstate).at(at);
}
inline Error missing(const char* sqlstate, std::string message, SourcePosition at) {
  return Error(Code::not_found, std::move(message)).with_sqlstate(sqlstate).at(at);
}
inline Error not_yet(const std::string& what, SourcePosition at, std::string hint) {
  return Error(Code::unsupported, what + " is not supported yet")
      .with_sqlstate("0A000")
      .at(at)
      .with_hint(std::move(hint));
}

// The candidate fewest edits away from `name`, if few enough to be a slip; otherwise empty.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);
// `did you mean "x"?`, or empty.
std::string nearest_hint(std::string_view name, std::span<const std::string> candidates);

}  // namespace mneme::sql::binding
