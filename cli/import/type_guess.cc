// A type once ruled out is not tried again.
#include "import/type_guess.h"

#include "import/scalar_text.h"

namespace mneme::cli {
namespace {

template <class T>
void append_optional(ColumnBatch& column, const std::optional<T>& value) {
  if (value) {
    column.append(*value);
  } else {
    column.append_null();
  }
}

}  // namespace

void TypeGuess::see(std::string_view text) noexcept {
  any_ = true;
  boolean_ = boolean_ && parse_bool(text).has_value();
  integer_ = integer_ && parse_int(text).has_value();
  floating_ = floating_ && parse_float(text).has_value();
  date_ = date_ && parse_date(text).has_value();
  timestamp_ = timestamp_ && parse_timestamp(text).has_value();
}

Type TypeGuess::type() const noexcept {
  if (!any_) return {.kind = TypeKind::text};
  if (boolean_) return {.kind = TypeKind::boolean};
  if (integer_) return {.kind = TypeKind::integer};
  if (floating_) return {.kind = TypeKind::floating};
  if (date_) return {.kind = TypeKind::date};
  if (timestamp_) return {.kind = TypeKind::timestamp};
  return {.kind = TypeKind::text};
}

void append_parsed(ColumnBatch& column, std::string_view text) {
  switch (column.type().kind) {
    case TypeKind::boolean: {
      const auto value = parse_bool(text);
      return append_optional(column, value ? std::optional<std::uint8_t>(*value ? 1 : 0) : std::nullopt);
    }
    case TypeKind::integer: return append_optional(column, parse_int(text));
    case TypeKind::floating: return append_optional(column, parse_float(text));
    case TypeKind::date: return append_optional(column, parse_date(text));
    case TypeKind::timestamp: return append_optional(column, parse_timestamp(text));
    default: return column.append_text(text);
  }
}

}  // namespace mneme::cli
