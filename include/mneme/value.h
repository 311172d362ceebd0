// Value: one value of any type, or NULL: what parameters are bound from and what rows are read as.
//
// A value is its type and the bytes of the type's layout (mneme/type.h), so that it moves in and out of columns by
// copying bytes. A NULL has a type, too; the type of a bare `Value()` is unknown until the statement settles it.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "mneme/export.h"
#include "mneme/result.h"
#include "mneme/type.h"

namespace mneme {

class MNEME_API Value {  // One thread at a time.
 public:
  Value() = default;                                                                     // NULL.
  Value(bool value) : Value(Type{.kind = TypeKind::boolean}, std::uint8_t{value}) {}     // NOLINT(*-explicit-*)
  Value(std::int64_t value) : Value(Type{.kind = TypeKind::integer}, value) {}           // NOLINT(*-explicit-*)
  Value(int value) : Value(std::int64_t{value}) {}                                       // NOLINT(*-explicit-*)
  Value(double value) : Value(Type{.kind = TypeKind::floating}, value) {}                // NOLINT(*-explicit-*)
  Value(float value) : Value(Type{.kind = TypeKind::real}, value) {}                     // NOLINT(*-explicit-*)
  Value(std::string_view text) : Value(of_bytes(Type{.kind = TypeKind::text}, text)) {}  // NOLINT(*-explicit-*)
  Value(const std::string& text) : Value(std::string_view(text)) {}                      // NOLINT(*-explicit-*)
  Value(const char* text) : Value(std::string_view(text)) {}                             // NOLINT(*-explicit-*)
  Value(Interval value) : Value(Type{.kind = TypeKind::interval}, value) {}              // NOLINT(*-explicit-*)

  static Value null(Type type);
  // The layout's bytes of any type. REQUIRES: of a fixed-width type, bytes.size() == type.width().
  static Value of_bytes(Type type, std::string_view bytes);
  static Value blob(std::span<const std::byte> bytes);
  static Value json(std::string_view text);  // Not checked here: storing it is what validates.
  static Value timestamp(std::int64_t ns);   // Since the Unix epoch, UTC.
  static Value date(std::int32_t days);      // Since 1970-01-01.
  static Value decimal(std::int64_t unscaled, std::uint8_t precision, std::uint8_t scale);
  static Value uuid(const std::array<std::uint8_t, 16>& bytes);
  static Value vector(std::span<const float> elements);
  static Value vector(std::span<const std::int8_t> elements);
  static Value vector(std::span<const std::uint8_t> elements);
  static Value point(double longitude, double latitude);  // Degrees.
  static Value point3(double x, double y, double z);      // Metres.

  [[nodiscard]] bool is_null() const noexcept { return null_; }
  [[nodiscard]] const Type& type() const noexcept { return type_; }
  [[nodiscard]] bool has_type() const noexcept { return typed_; }  // False only of a bare NULL.
  // True of what BlobWriter::finish() gave of a long blob (mneme/blob.h): it stands for bytes that lie in a file, and
  // only statements and appenders know what to do with it. Its bytes() and to_text() are not the blob's.
  [[nodiscard]] bool is_reference() const noexcept { return reference_; }
  // The layout's bytes; empty of NULL.
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

  // REQUIRES for each: not NULL and of that kind (text: also blob and json).
  [[nodiscard]] bool as_bool() const noexcept { return bytes_[0] != 0; }
  [[nodiscard]] std::int64_t as_int() const noexcept { return load<std::int64_t>(); }  // Also timestamp, decimal.
  [[nodiscard]] std::int64_t as_timestamp_ns() const noexcept { return load<std::int64_t>(); }
  [[nodiscard]] std::int32_t as_date_days() const noexcept { return load<std::int32_t>(); }
  [[nodiscard]] double as_double() const noexcept {  // FLOAT, REAL and INT.
    if (type_.kind == TypeKind::real) return static_cast<double>(load<float>());
    return type_.kind == TypeKind::integer ? static_cast<double>(load<std::int64_t>()) : load<double>();
  }
  [[nodiscard]] Interval as_interval() const noexcept { return load<Interval>(); }
  [[nodiscard]] std::string_view as_text() const noexcept { return bytes_; }
  template <class Element>
  [[nodiscard]] std::span<const Element> as_vector() const noexcept {
    return {reinterpret_cast<const Element*>(bytes_.data()), bytes_.size() / sizeof(Element)};
  }
  template <class Fixed>
  [[nodiscard]] Fixed load() const noexcept {
    Fixed value;
    std::memcpy(&value, bytes_.data(), sizeof value);
    return value;
  }

  // As PostgreSQL prints it; "" for NULL. Vectors as [1,2,3], points as POINT(1 2) and POINT(1 2 3).
  [[nodiscard]] std::string to_text() const;
  // The inverse. invalid_argument with PostgreSQL's SQLSTATE: the text does not say a value of `type`.
  static Result<Value> from_text(Type type, std::string_view text);

  friend bool operator==(const Value&, const Value&) = default;  // Same type, same bytes; NULLs are equal.

 private:
  template <class Fixed>
  Value(Type type, Fixed value)
      : type_(type), null_(false), typed_(true), bytes_(reinterpret_cast<const char*>(&value), sizeof value) {}
  friend class BlobWriter;
  Type type_{};
  bool null_ = true;
  bool typed_ = false;
  bool reference_ = false;
  std::string bytes_;
};

}  // namespace mneme
