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

struct Error::Data {
  Code code;
  std::string message;
  std::string hint;
  std::string_view sqlstate;
  std::optional<SourcePosition> position;

  // The border of the library makes it of std::bad_alloc, when there may be no memory for an error either. One for all,
  // never changed; its text fits a string without the heap.
  static constexpr std::string_view kOutOfMemory = "out of memory";
  static Data* out_of_memory() noexcept {
    static const Data data{Code::full, std::string(kOutOfMemory), {}, "53200", {}};
    return const_cast<Data*>(&data);
  }
  [[nodiscard]] bool is_shared() const noexcept { return this == out_of_memory(); }
};

Error::Error(Code code, std::string message) : data_(new Data{code, std::move(message), {}, {}, {}}) {}
Error::Error(Code code, const char* message)
    : data_(code == Code::full && message == Data::kOutOfMemory ? Data::out_of_memory()
                                                                : new Data{code, message, {}, {}, {}}) {}
Error::Error(const Error& other) : data_(other.data_->is_shared() ? other.data_ : new Data(*other.data_)) {}
Error& Error::operator=(const Error& other) { return *this = Error(other); }
void Error::drop() noexcept {
  if (!data_->is_shared()) delete data_;
}

Code Error::code() const noexcept { return data_->code; }
const std::string& Error::message() const noexcept { return data_->message; }
std::string_view Error::sqlstate() const noexcept { return data_->sqlstate; }
std::optional<SourcePosition> Error::position() const noexcept { return data_->position; }
std::string_view Error::hint() const noexcept { return data_->hint; }

Error Error::during(std::string_view what) && {
  if (data_->is_shared()) return std::move(*this);
  data_->message = std::string(what) + ": " + data_->message;
  return std::move(*this);
}
Error Error::at(SourcePosition position) && {
  if (!data_->is_shared() && !data_->position) data_->position = position;
  return std::move(*this);
}
Error Error::with_hint(std::string hint) && {
  if (!data_->is_shared()) data_->hint = std::move(hint);
  return std::move(*this);
}
Error Error::with_sqlstate(const char* five_characters) && {
  if (!data_->is_shared()) data_->sqlstate = five_characters;
  return std::move(*this);
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

void detail::error_of_value() noexcept {
  std::fputs("mneme: error() of a value\n", stderr);
  std::abort();
}

}  // namespace mneme
