#include "types/text_form.h"

#include "base/coding.h"
#include "mneme/value.h"
#include "types/blob.h"
#include "types/date.h"
#include "types/decimal.h"
#include "types/interval.h"
#include "types/json.h"
#include "types/number.h"
#include "types/point.h"
#include "types/text_cursor.h"
#include "types/timestamp.h"
#include "types/utf8.h"
#include "types/uuid.h"
#include "types/vector.h"

namespace mneme {
namespace {

template <class T>
Result<void> put(Result<T> value, ByteBuffer& out) {
  const T made = TRY(std::move(value));
  const auto* raw = reinterpret_cast<const std::byte*>(&made);
  out.insert(out.end(), raw, raw + sizeof made);
  return {};
}

Result<void> put_text(std::string_view text, ByteBuffer& out) {
  if (!is_valid_utf8(text)) {
    return Error(Code::invalid_argument, "invalid byte sequence for encoding \"UTF8\"").with_sqlstate("22021");
  }
  const Bytes bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
  return {};
}

}  // namespace

Result<void> parse_value(const Type& type, std::string_view text, ByteBuffer& out) {
  switch (type.kind) {
    case TypeKind::boolean: return put(parse_boolean(text), out);
    case TypeKind::integer: return put(parse_integer(text), out);
    case TypeKind::floating: return put(parse_floating(text), out);
    case TypeKind::real: return put(parse_real(text), out);
    case TypeKind::text: return put_text(text, out);
    case TypeKind::blob: return parse_blob(text, out);
    case TypeKind::timestamp: return put(parse_timestamp(text), out);
    case TypeKind::interval: return put(parse_interval(text), out);
    case TypeKind::date: return put(parse_date(text), out);
    case TypeKind::decimal: return put(parse_decimal(text, type.precision, type.scale), out);
    case TypeKind::uuid: return put(parse_uuid(text), out);
    case TypeKind::json: TRY(validate_json(text)); return put_text(text, out);
    case TypeKind::vector: TRY(parse_vector(type, text, out)); return {};
    case TypeKind::point: return put(parse_point(text), out);
    case TypeKind::point3: return put(parse_point3(text), out);
  }
  return Error(Code::unsupported, "type " + type_name(type) + " has no text form");
}

void print_value(const Type& type, Bytes value, std::string& out) {
  const std::byte* at = value.data();
  switch (type.kind) {
    case TypeKind::boolean: out += load<std::uint8_t>(at) != 0 ? 't' : 'f'; return;
    case TypeKind::integer: return print_integer(load<std::int64_t>(at), out);
    case TypeKind::floating: return print_floating(load<double>(at), out);
    case TypeKind::real: return print_real(load<float>(at), out);
    case TypeKind::text:
    case TypeKind::json: out += as_text(value); return;
    case TypeKind::blob: return print_blob(value, out);
    case TypeKind::timestamp: return print_timestamp(load<std::int64_t>(at), out);
    case TypeKind::interval: return print_interval(load<Interval>(at), out);
    case TypeKind::date: return print_date(load<std::int32_t>(at), out);
    case TypeKind::decimal: return print_decimal(load<std::int64_t>(at), type.scale, out);
    case TypeKind::uuid: return print_uuid(load<Uuid>(at), out);
    case TypeKind::vector: return print_vector(type, value, out);
    case TypeKind::point: return print_point(load<std::array<double, 2>>(at), out);
    case TypeKind::point3: return print_point(load<std::array<double, 3>>(at), out);
  }
}

std::string_view trim_spaces(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (to_lower(text[i]) != lower[i]) return false;
  }
  return true;
}

std::string quoted_for_message(std::string_view text) {
  constexpr std::size_t kShownBytesMax = 80;
  if (text.size() <= kShownBytesMax) return "\"" + std::string(text) + "\"";
  std::size_t end = kShownBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // Not in the middle of a character.
  return "\"" + std::string(text.substr(0, end)) + "...\"";
}

Error invalid_syntax(std::string_view type, std::string_view text, const char* sqlstate) {
  return Error(Code::invalid_argument,
               "invalid input syntax for type " + std::string(type) + ": " + quoted_for_message(text))
      .with_sqlstate(sqlstate);
}

std::string Value::to_text() const {
  std::string text;
  if (!null_) print_value(type_, as_bytes(bytes_), text);
  return text;
}

Result<Value> Value::from_text(Type type, std::string_view text) {
  ByteBuffer bytes;
  if (type.kind == TypeKind::vector) {
    type.dimension = TRY(parse_vector(type, text, bytes));
  } else {
    TRY(parse_value(type, text, bytes));
  }
  return of_bytes(type, mneme::as_text(bytes));
}

}  // namespace mneme
