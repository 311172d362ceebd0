// DECIMAL beside DECIMAL of any scale and beside INT: computed in 128 bits from the unscaled values.
//
// Operands come as they are, so that no value is lost on the way to a common scale; the result's scale is the column's
// that is filled. Eighteen digits are the limit: what needs more is 22003.
#include <array>
#include <compare>

#include "query/functions_type.h"
#include "query/kernel_error.h"
#include "query/kernels.h"
#include "query/signature.h"
#include "types/decimal.h"

namespace mneme::query {
namespace {

constexpr Wide kLimit = power_of_ten(kDecimalPrecisionMax);

Error overflow() { return Error(Code::invalid_argument, "numeric field overflow").with_sqlstate("22003"); }

unsigned scale_of(const Type& type) noexcept { return type.kind == TypeKind::decimal ? type.scale : 0U; }
unsigned scale_of(const Operand& operand) noexcept { return scale_of(operand.column->type()); }
Wide at(const Operand& operand, std::size_t row) noexcept { return operand.at<std::int64_t>(row); }

// Both values at the larger of their scales: below 10^37, which 128 bits hold.
struct Aligned {
  explicit Aligned(Operands operands)
      : scale(std::max(scale_of(operands[0]), scale_of(operands[1]))),
        left_unit(power_of_ten(scale - scale_of(operands[0]))),
        right_unit(power_of_ten(scale - scale_of(operands[1]))) {}
  unsigned scale;
  Wide left_unit;
  Wide right_unit;
};

std::partial_ordering order(Wide a, Wide b) noexcept {  // As std::is_lt and its like take it.
  return a < b   ? std::partial_ordering::less
         : a > b ? std::partial_ordering::greater
                 : std::partial_ordering::equivalent;
}

template <bool (*kHolds)(std::partial_ordering) noexcept>
Result<void> compare(Operands operands, std::size_t rows, Column& out) {
  const Aligned aligned(operands);
  map_rows<std::uint8_t>(operands, rows, out, [&](std::size_t row) {
    const Wide left = at(operands[0], row) * aligned.left_unit;
    return static_cast<std::uint8_t>(kHolds(order(left, at(operands[1], row) * aligned.right_unit)));
  });
  return {};
}

template <bool kWantDistinct>
Result<void> compare_nulls(Operands operands, std::size_t rows, Column& out) {
  const Aligned aligned(operands);
  ByteBuffer bytes(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const bool left_null = operands[0].is_null(row);
    const bool right_null = operands[1].is_null(row);
    const bool distinct = left_null || right_null
                              ? left_null != right_null
                              : at(operands[0], row) * aligned.left_unit != at(operands[1], row) * aligned.right_unit;
    bytes[row] = static_cast<std::byte>(distinct == kWantDistinct);
  }
  out.adopt(std::move(bytes), rows, {});
  return {};
}

constexpr std::array<Function, 8> kComparisons{{
    {"=", compare<std::is_eq>},
    {"<>", compare<std::is_neq>},
    {"<", compare<std::is_lt>},
    {"<=", compare<std::is_lteq>},
    {">", compare<std::is_gt>},
    {">=", compare<std::is_gteq>},
    {"is distinct from", compare_nulls<true>},
    {"is not distinct from", compare_nulls<false>},
}};

// Puts `value`, which has `scale`, into a column of another scale.
Result<void> put(Wide value, unsigned scale, const Column& out, std::int64_t& result) {
  result = TRY(rescale(value, scale, kDecimalPrecisionMax, out.type().scale));
  return {};
}

template <bool kSubtract>
Result<void> add(Operands operands, std::size_t rows, Column& out) {
  const Aligned aligned(operands);
  return try_map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row, std::int64_t& result) {
    const Wide left = at(operands[0], row) * aligned.left_unit;
    const Wide right = at(operands[1], row) * aligned.right_unit;
    return put(kSubtract ? left - right : left + right, aligned.scale, out, result);
  });
}

Result<void> multiply(Operands operands, std::size_t rows, Column& out) {
  const unsigned scale = scale_of(operands[0]) + scale_of(operands[1]);
  return try_map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row, std::int64_t& result) {
    return put(at(operands[0], row) * at(operands[1], row), scale, out, result);
  });
}

// Long division, digit by digit: `digits` of them behind the point of left / right, rounded half away from zero.
Result<Wide> divide_to(Wide left, Wide right, unsigned digits) {
  const bool negative = (left < 0) != (right < 0);
  const Wide dividend = left < 0 ? -left : left;
  const Wide divisor = right < 0 ? -right : right;
  Wide quotient = dividend / divisor;
  Wide rest = dividend % divisor;
  for (; digits > 0; --digits) {
    if (quotient >= kLimit) return overflow();
    quotient = quotient * 10 + rest * 10 / divisor;
    rest = rest * 10 % divisor;
  }
  quotient += static_cast<Wide>(rest * 2 >= divisor);
  return negative ? -quotient : quotient;
}

Result<void> divide(Operands operands, std::size_t rows, Column& out) {
  const Aligned aligned(operands);
  return try_map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row, std::int64_t& result) -> Result<void> {
    const Wide right = at(operands[1], row) * aligned.right_unit;
    if (right == 0) return division_by_zero();
    const Wide quotient = TRY(divide_to(at(operands[0], row) * aligned.left_unit, right, out.type().scale));
    return put(quotient, out.type().scale, out, result);
  });
}

Result<void> remainder(Operands operands, std::size_t rows, Column& out) {
  const Aligned aligned(operands);
  return try_map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row, std::int64_t& result) -> Result<void> {
    const Wide right = at(operands[1], row) * aligned.right_unit;
    if (right == 0) return division_by_zero();
    return put(at(operands[0], row) * aligned.left_unit % right, aligned.scale, out, result);
  });
}

constexpr std::array<Function, 5> kArithmetic{
    {{"+", add<false>}, {"-", add<true>}, {"*", multiply}, {"/", divide}, {"%", remainder}}};

template <std::size_t N>
const Function* find(const std::array<Function, N>& functions, std::string_view symbol) noexcept {
  for (const Function& f : functions) {
    if (f.name == symbol) return &f;
  }
  return nullptr;
}

template <std::int64_t (*kCompute)(std::int64_t value, std::int64_t unit)>
Result<void> of_one(Operands operands, std::size_t rows, Column& out) {
  const std::int64_t unit = power_of_ten(scale_of(operands[0]));
  map_rows<std::int64_t>(operands, rows, out,
                         [&](std::size_t row) { return kCompute(operands[0].at<std::int64_t>(row), unit); });
  return {};
}

std::int64_t negate(std::int64_t value, std::int64_t) { return -value; }
std::int64_t absolute(std::int64_t value, std::int64_t) { return value < 0 ? -value : value; }
std::int64_t sign(std::int64_t value, std::int64_t) { return value > 0 ? 1 : value < 0 ? -1 : 0; }
std::int64_t truncate(std::int64_t value, std::int64_t unit) { return value / unit; }
std::int64_t floor_of(std::int64_t value, std::int64_t unit) {
  return value / unit - static_cast<std::int64_t>(value % unit < 0);
}
std::int64_t ceiling(std::int64_t value, std::int64_t unit) {
  return value / unit + static_cast<std::int64_t>(value % unit > 0);
}
std::int64_t round_half_away(std::int64_t value, std::int64_t unit) {
  const std::int64_t half = unit / 2;
  return unit == 1 ? value : (value < 0 ? value - half : value + half) / unit;
}

// round and trunc to a number of digits, which may lie ahead of the point. The column's scale may be smaller than the
// argument's (a literal number of digits) or the same.
template <bool kRound>
Result<void> to_digits(Operands operands, std::size_t rows, Column& out) {
  const auto scale = static_cast<std::int64_t>(scale_of(operands[0]));
  return try_map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row, std::int64_t& result) -> Result<void> {
    const std::int64_t digits = operands[1].at<std::int64_t>(row);
    std::int64_t value = operands[0].at<std::int64_t>(row);
    if (digits < scale && scale - digits > kDecimalPrecisionMax) value = 0;
    if (digits < scale && value != 0) {
      const std::int64_t unit = power_of_ten(static_cast<unsigned>(scale - digits));
      value = (kRound ? round_half_away(value, unit) : value / unit);
      return put(Wide{value} * unit, static_cast<unsigned>(scale), out, result);
    }
    return put(value, static_cast<unsigned>(scale), out, result);
  });
}

Result<void> to_coarser(Operands operands, std::size_t rows, Column& out) {
  const std::int64_t unit = power_of_ten(scale_of(operands[0]) - scale_of(out.type()));
  out.reserve(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const bool null = operands[0].is_null(row) || operands[0].at<std::int64_t>(row) % unit != 0;
    null ? out.append_null() : out.append(operands[0].at<std::int64_t>(row) / unit);
  }
  return {};
}
constexpr Function kToCoarser{"at scale", to_coarser};

Type whole(std::span<const Type>) { return {.kind = TypeKind::decimal, .precision = kDecimalPrecisionMax, .scale = 0}; }
Type widest(std::span<const Type> arguments) {
  return {.kind = TypeKind::decimal, .precision = kDecimalPrecisionMax, .scale = arguments[0].scale};
}
Type remainder_of(std::span<const Type> arguments) { return decimal_result('%', arguments[0], arguments[1]); }

constexpr TypeKind kD = TypeKind::decimal;
constexpr TypeKind kI = TypeKind::integer;
constexpr std::array<Signature, 11> kSignatures{{
    signature("-", of_one<negate>, returns_first, kD),
    signature("abs", of_one<absolute>, returns_first, kD),
    signature("sign", of_one<sign>, whole, kD),
    signature("trunc", of_one<truncate>, whole, kD),
    signature("floor", of_one<floor_of>, whole, kD),
    signature("ceil", of_one<ceiling>, whole, kD),
    signature("ceiling", of_one<ceiling>, whole, kD),
    signature("round", of_one<round_half_away>, whole, kD),
    signature("round", to_digits<true>, widest, kD, kI),
    signature("trunc", to_digits<false>, widest, kD, kI),
    signature("mod", remainder, remainder_of, kD, kD),
}};

}  // namespace

const Function* decimal_to_digits(std::string_view name) noexcept {
  for (const Signature& signature : kSignatures) {
    if (signature.function.name == name && signature.count == 2 && name != "mod") return &signature.function;
  }
  return nullptr;
}
const Function& decimal_to_coarser() noexcept { return kToCoarser; }
const Function* decimal_comparison(std::string_view symbol) noexcept { return find(kComparisons, symbol); }
const Function* decimal_arithmetic(std::string_view symbol) noexcept { return find(kArithmetic, symbol); }
std::span<const Signature> decimal_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query
