// Result and Error: how every call of mneme reports failure. No exception crosses the library's border.
//
// A Result<T> holds either a T or an Error. Errors carry a code a program can act on, a message a person can
// read (what went wrong and where), and for SQL statements the five-character SQLSTATE of PostgreSQL's
// appendix A and the position in the text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mneme/export.h"

namespace mneme {

enum class Code : std::uint8_t {
  invalid_argument = 1,  // The request is wrong; the message says what and where.
  not_found,             // A named thing (table, column, file) does not exist.
  already_exists,        // A name or key is taken.
  conflict,              // A lost race: run the transaction again (SQLSTATE 40001).
  constraint,            // NOT NULL, UNIQUE, PRIMARY KEY, CHECK or a type's range refused a value.
  full,                  // A limit: memory budget, disk space, quota. Resumable once there is room.
  io,                    // The operating system failed; after a failed sync the database is read-only.
  corrupt,               // Bytes on disk do not fit their checksum or format; names file and offset.
  busy,                  // Another process owns the database.
  closed,                // The object was closed.
  unsupported,           // Known, but not there yet; the message gives a hint.
  snapshot_too_old,      // The snapshot was given up so that space could be reclaimed.
  cancelled,             // The caller or a deadline stopped the statement.
};

// The code's name as it is written above, for messages and logs.
MNEME_API std::string_view code_name(Code code) noexcept;

// Where in a SQL text an error stands; both count from 1, columns in characters (code points).
struct SourcePosition {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

template <class T>
class Result;

// Everything that makes or ends an Error is out of line and cold: errors are rare, and the code that handles them is in
// every function. But for the question whether there is anything to end: a compiler that sees it after a call has
// succeeded, or after the error has moved on, drops it; asked to save bytes, it would call a function instead.
class [[nodiscard]] MNEME_API Error {
 public:
  [[gnu::cold]] Error(Code code, std::string message);
  [[gnu::cold]] Error(Code code, const char* message);  // So that callers need no string, nor code to end one.
  Error(Error&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  Error& operator=(Error&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  [[gnu::cold]] Error(const Error& other);
  [[gnu::cold]] Error& operator=(const Error& other);
  [[gnu::always_inline]] ~Error() {
    if (data_ != nullptr) drop();
  }

  [[nodiscard]] Code code() const noexcept;
  [[nodiscard]] const std::string& message() const noexcept;
  [[nodiscard]] std::string_view sqlstate() const noexcept;  // Empty when none fits.
  [[nodiscard]] std::optional<SourcePosition> position() const noexcept;
  [[nodiscard]] std::string_view hint() const noexcept;

  // Builders, used on a temporary: return Error(...).during("open 'a'").
  [[gnu::cold]] Error during(std::string_view what) &&;
  [[gnu::cold]] Error at(SourcePosition position) &&;
  [[gnu::cold]] Error with_hint(std::string hint) &&;
  [[gnu::cold]] Error with_sqlstate(const char* five_characters) &&;  // REQUIRES: a string literal.

  // "conflict: message (line 1, column 8)  hint: ..."
  [[nodiscard]] std::string to_string() const;

 private:
  friend class Result<void>;
  struct Data;
  explicit Error(std::nullptr_t) noexcept : data_(nullptr) {}
  [[gnu::cold]] void drop() noexcept;
  Data* data_;  // Owned; null only after a move. One pointer, so that Result<T> stays small.
};

namespace detail {
[[noreturn]] MNEME_API void value_of_error(const Error& error) noexcept;  // Prints the error and aborts.
[[noreturn]] MNEME_API void error_of_value() noexcept;                    // Says so and aborts.
}  // namespace detail

// A union by hand: std::variant's ways out of states that cannot be are code in every function that calls another.
template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;
  Result(T value) : value_(std::move(value)), has_value_(true) {}                // NOLINT(google-explicit-constructor)
  Result(Error error) noexcept : error_(std::move(error)), has_value_(false) {}  // NOLINT(google-explicit-constructor)
  template <class U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : value_(std::forward<U>(value)), has_value_(true) {}  // NOLINT(google-explicit-constructor)
  Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) { become(std::move(other)); }
  Result(const Result& other)
    requires(std::is_copy_constructible_v<T>)
  {
    become(other);
  }
  Result& operator=(Result other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    std::destroy_at(this);
    return *std::construct_at(this, std::move(other));
  }
  [[gnu::always_inline]] ~Result() {
    if (has_value_) {
      value_.~T();
    } else {
      error_.~Error();
    }
  }

  [[nodiscard]] bool has_value() const noexcept { return has_value_; }
  explicit operator bool() const noexcept { return has_value_; }

  // REQUIRES: has_value(). Otherwise the program ends with the error's text.
  T& value() & { return must(), value_; }
  const T& value() const& { return must(), value_; }
  T value() && { return must(), std::move(value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !has_value(). Otherwise the program ends.
  [[nodiscard]] const Error& error() const& { return must_not(), error_; }
  [[nodiscard]] Error error() && { return must_not(), std::move(error_); }

  // For those who have just asked has_value(): not asked again.
  T&& known_value() && noexcept { return std::move(value_); }
  Error&& known_error() && noexcept { return std::move(error_); }

 private:
  template <class Other>
  void become(Other&& other) {
    if (other.has_value_) {
      std::construct_at(&value_, std::forward<Other>(other).value_);
    } else {
      std::construct_at(&error_, std::forward<Other>(other).error_);
    }
    has_value_ = other.has_value_;
  }
  void must() const {
    if (!has_value_) detail::value_of_error(error_);
  }
  void must_not() const {
    if (has_value_) detail::error_of_value();
  }
  union {
    T value_;
    Error error_;
  };
  bool has_value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;
  Result() noexcept : error_(nullptr) {}
  Result(Error error) noexcept : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  Result(Result&& other) noexcept = default;
  Result(const Result& other) = default;
  Result& operator=(Result&& other) noexcept = default;
  Result& operator=(const Result& other) = default;
  [[gnu::always_inline]] ~Result() {}  // NOLINT(modernize-use-equals-default): that would not be inlined.
  [[nodiscard]] bool has_value() const noexcept { return error_.data_ == nullptr; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {  // REQUIRES: has_value().
    if (!has_value()) detail::value_of_error(error_);
  }
  [[nodiscard]] const Error& error() const& { return must_not(), error_; }
  [[nodiscard]] Error error() && { return must_not(), std::move(error_); }
  void known_value() && noexcept {}
  Error&& known_error() && noexcept { return std::move(error_); }

 private:
  void must_not() const {
    if (has_value()) detail::error_of_value();
  }
  Error error_;  // Without data: there is none.
};

}  // namespace mneme
