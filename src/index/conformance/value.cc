#include "index/conformance/value.h"

#include <array>
#include <cmath>
#include <limits>

namespace mneme::conformance {
namespace {

template <class T>
int three_way(const T& left, const T& right) {
  return left < right ? -1 : right < left ? 1 : 0;
}

int compare_floats(double left, double right) {
  if (std::isnan(left) || std::isnan(right)) return three_way(std::isnan(left), std::isnan(right));
  return three_way(left, right);
}

std::int64_t random_integer(sim::Dice& dice) {
  switch (dice.below(10)) {
    case 0: return std::numeric_limits<std::int64_t>::min();
    case 1: return std::numeric_limits<std::int64_t>::max();
    case 2: return static_cast<std::int64_t>(dice.next());
    case 3: return -static_cast<std::int64_t>(dice.below(300));
    default: return static_cast<std::int64_t>(dice.below(300));
  }
}

double random_float(sim::Dice& dice) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr std::array kOdd{0.0, -0.0, kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN(), 5e-324};
  if (dice.below(4) == 0) return kOdd[dice.below(kOdd.size())];
  return (static_cast<double>(dice.below(400)) - 200) / 8;
}

// Beginnings of one another, zero bytes, the greatest byte, some that are longer than a leaf's page.
std::string random_text(sim::Dice& dice) {
  constexpr std::array<char, 6> kLetters{'a', 'b', '\0', '\x01', '\xff', 'z'};
  if (dice.below(200) == 0) return std::string(3'000 + dice.below(3'000), 'b') + std::to_string(dice.below(9));
  std::string text = dice.coin() ? "shared/beginning/" : "";
  for (std::uint64_t letters = dice.below(5); letters != 0; --letters) text += kLetters[dice.below(kLetters.size())];
  return text;
}

}  // namespace

int compare(const Value& left, const Value& right) {
  const bool left_null = std::holds_alternative<std::monostate>(left);
  const bool right_null = std::holds_alternative<std::monostate>(right);
  if (left_null || right_null) return three_way(left_null, right_null);
  if (const auto* text = std::get_if<std::string>(&left)) {
    return three_way(text->compare(std::get<std::string>(right)), 0);  // char_traits<char> compares unsigned.
  }
  if (const auto* number = std::get_if<double>(&left)) return compare_floats(*number, std::get<double>(right));
  return three_way(std::get<std::int64_t>(left), std::get<std::int64_t>(right));
}

int compare(const Row& left, const Row& right) {
  for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
    const int order = compare(left[i], right[i]);
    if (order != 0) return order;
  }
  return 0;
}

std::string describe(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return "text of " + std::to_string(text->size()) + " bytes '" + text->substr(0, 24) + "'";
  }
  if (const auto* number = std::get_if<double>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return "NULL";
}

Value random_value(const Type& type, bool nullable, sim::Dice& dice) {
  if (nullable && dice.below(8) == 0) return std::monostate{};
  switch (type.kind) {
    case TypeKind::boolean: return static_cast<std::int64_t>(dice.below(2));
    case TypeKind::date: return static_cast<std::int64_t>(dice.below(60)) - 30;
    case TypeKind::floating: return random_float(dice);
    case TypeKind::real: return static_cast<double>(static_cast<float>(random_float(dice)));
    case TypeKind::text:
    case TypeKind::blob: return random_text(dice);
    default: return random_integer(dice);
  }
}

void append(const Value& value, Column& out) {
  if (std::holds_alternative<std::monostate>(value)) return out.append_null();
  if (const auto* text = std::get_if<std::string>(&value)) return out.append_bytes(as_bytes(*text));
  if (const auto* number = std::get_if<double>(&value)) {
    if (out.type().kind == TypeKind::real) return out.append(static_cast<float>(*number));
    return out.append(*number);
  }
  const std::int64_t number = std::get<std::int64_t>(value);
  switch (out.type().kind) {
    case TypeKind::boolean: return out.append(static_cast<std::uint8_t>(number));
    case TypeKind::date: return out.append(static_cast<std::int32_t>(number));
    default: return out.append(number);
  }
}

}  // namespace mneme::conformance
