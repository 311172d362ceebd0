#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace mneme {

std::string_view code_name(Code code) noexcept {
  switch (code) {
    case Code::invalid_argument: return "invalid argument";
    case Code::not_found: return "not found";
    case Code::already_exists: return "already exists";
    case Code::conflict: return "conflict";
    case Code::constraint: return "constraint";
    case Code::full: return "full";
    case Code::io: return "io";
    case Code::corrupt: return "corrupt";
    case Code::busy: return "busy";
    case Code::closed: return "closed";
    case Code::unsupported: return "unsupported";
    case Code::snapshot_too_old: return "snapshot too old";
    case Code::cancelled: return "cancelled";
  }
  return "unknown";
}

std::string Error::to_string() const {
  std::string text(code_name(code()));
  text += ": ";
  text += message();
  if (const auto where = position()) {
    text += " (line " + std::to_string(where->line) + ", column " + std::to_string(where->column) + ")";
  }
  if (!hint().empty()) {
    text += "\n  hint: ";
    text += hint();
  }
  return text;
}

void detail::value_of_error(const Error& error) noexcept {
  std::fprintf(stderr, "mneme: value() of an error: %s\n", error.to_string().c_str());
  std::abort();
}

}  // namespace mneme
