#include "types/vector.h"

#include <cmath>

#include "base/coding.h"
#include "types/half.h"
#include "types/number.h"
#include "types/text_cursor.h"
#include "types/text_form.h"

namespace mneme {
namespace {

template <class T>
void put(T value, ByteBuffer& out) {
  const auto* raw = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), raw, raw + sizeof value);
}

Error out_of_range(std::string_view text, std::string_view element) {
  return Error(Code::invalid_argument,
               quoted_for_message(text) + " is out of range for a vector of " + std::string(element))
      .with_sqlstate("22003");
}

template <class T>
Result<void> put_integer(std::string_view text, std::string_view element, ByteBuffer& out) {
  const double value = TRY(parse_floating(text));
  if (value != std::floor(value) || value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) {
    return out_of_range(text, element);
  }
  put(static_cast<T>(value), out);
  return {};
}

void put_bit(bool set, std::size_t index, ByteBuffer& out, std::size_t start) {
  if (index % 8 == 0) out.push_back(std::byte{0});
  if (set) out[start + index / 8] |= std::byte{1} << (index % 8);
}

Result<void> put_element(VectorElement element, std::string_view text, std::size_t index, ByteBuffer& out,
                         std::size_t start) {
  switch (element) {
    case VectorElement::i8: return put_integer<std::int8_t>(text, "i8", out);
    case VectorElement::u8: return put_integer<std::uint8_t>(text, "u8", out);
    case VectorElement::bit: {
      const std::string_view digit = trim_spaces(text);
      if (digit != "0" && digit != "1") return out_of_range(digit, "bit");
      put_bit(digit == "1", index, out, start);
      return {};
    }
    case VectorElement::f32:
    case VectorElement::f16: break;
  }
  const float value = TRY(parse_real(text));
  if (!std::isfinite(value)) {
    return Error(Code::invalid_argument, quoted_for_message(trim_spaces(text)) + " is not allowed in a vector")
        .with_sqlstate("22000");
  }
  if (element == VectorElement::f32) {
    put(value, out);
    return {};
  }
  const std::uint16_t half = half_of_float(value);
  if (!std::isfinite(float_of_half(half))) return out_of_range(text, "f16");
  put(half, out);
  return {};
}

Result<std::size_t> put_bits(std::string_view digits, std::string_view text, ByteBuffer& out) {
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != '0' && digits[i] != '1') return invalid_syntax("vector", text);
    put_bit(digits[i] == '1', i, out, start);
  }
  return digits.size();
}

// The number of elements appended.
Result<std::size_t> put_elements(VectorElement element, std::string_view text, ByteBuffer& out) {
  const std::string_view trimmed = trim_spaces(text);
  if (element == VectorElement::bit && !trimmed.starts_with('[')) return put_bits(trimmed, text, out);
  if (trimmed.size() < 3 || trimmed.front() != '[' || trimmed.back() != ']') return invalid_syntax("vector", text);
  std::string_view rest = trimmed.substr(1, trimmed.size() - 2);
  const std::size_t start = out.size();
  for (std::size_t count = 0;; ++count) {
    if (count == kVectorDimensionMax) {
      return Error(Code::invalid_argument,
                   "a vector has at most " + std::to_string(kVectorDimensionMax) + " dimensions")
          .with_sqlstate("54000");
    }
    const std::size_t comma = rest.find(',');
    auto put_one = put_element(element, rest.substr(0, comma), count, out, start);
    if (!put_one) {
      const bool syntax = put_one.error().sqlstate() == "22P02";
      return syntax ? invalid_syntax("vector", text) : std::move(put_one).error();
    }
    if (comma == std::string_view::npos) return count + 1;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

Error wrong_dimension(std::size_t expected, std::size_t got) {
  return Error(Code::invalid_argument,
               "expected " + std::to_string(expected) + " dimensions, not " + std::to_string(got))
      .with_sqlstate("22000");
}

Result<std::uint16_t> parse_vector(const Type& type, std::string_view text, ByteBuffer& out) {
  const std::size_t count = TRY(put_elements(type.element, text, out));
  if (count == 0 || count > kVectorDimensionMax) return invalid_syntax("vector", text);
  if (type.dimension != 0 && count != type.dimension) return wrong_dimension(type.dimension, count);
  return static_cast<std::uint16_t>(count);
}

double vector_element(const Type& type, const std::byte* value, std::size_t index) noexcept {
  switch (type.element) {
    case VectorElement::f32: return static_cast<double>(load<float>(value + index * 4));
    case VectorElement::f16: return static_cast<double>(float_of_half(load<std::uint16_t>(value + index * 2)));
    case VectorElement::i8: return load<std::int8_t>(value + index);
    case VectorElement::u8: return load<std::uint8_t>(value + index);
    case VectorElement::bit: return static_cast<double>(load<std::uint8_t>(value + index / 8) >> (index % 8) & 1);
  }
  return 0;
}

void print_vector(const Type& type, Bytes value, std::string& out) {
  for (std::size_t i = 0; i < type.dimension; ++i) {
    out += i == 0 ? '[' : ',';
    print_real(static_cast<float>(vector_element(type, value.data(), i)), out);
  }
  out += ']';
}

}  // namespace mneme
