// Functions of FLOAT, with the domain errors PostgreSQL gives.
#include <algorithm>
#include <array>
#include <cmath>

#include "query/kernel_error.h"
#include "query/kernels.h"
#include "query/signature.h"

namespace mneme::query {
namespace {

template <double (*kCompute)(double)>
Result<void> total(Operands operands, std::size_t rows, Column& out) {
  map_rows<double>(operands, rows, out, [&](std::size_t row) { return kCompute(operands[0].at<double>(row)); });
  return {};
}

template <Result<void> (*kCompute)(double, double&)>
Result<void> partial(Operands operands, std::size_t rows, Column& out) {
  return try_map_rows<double>(operands, rows, out, [&](std::size_t row, double& result) {
    return kCompute(operands[0].at<double>(row), result);
  });
}

Result<void> square_root(double x, double& out) {
  if (x < 0) return bad_argument("cannot take square root of a negative number", "2201F");
  out = std::sqrt(x);
  return {};
}

template <double (*kLogarithm)(double)>
Result<void> logarithm(double x, double& out) {
  if (x == 0) return bad_argument("cannot take logarithm of zero", "2201E");
  if (x < 0) return bad_argument("cannot take logarithm of a negative number", "2201E");
  out = kLogarithm(x);
  return {};
}

Result<void> exponential(double x, double& out) {
  out = std::exp(x);
  if (std::isinf(out) && !std::isinf(x)) return bad_argument("value out of range: overflow", "22003");
  if (out == 0 && !std::isinf(x)) return bad_argument("value out of range: underflow", "22003");
  return {};
}

template <double (*kCompute)(double)>
Result<void> within_unit(double x, double& out) {
  if (x < -1 || x > 1) return bad_argument("input is out of range", "22003");
  out = kCompute(x);
  return {};
}

Result<void> power_of(double base, double exponent, double& out) {
  if (base == 0 && exponent < 0) return bad_argument("zero raised to a negative power is undefined", "2201F");
  if (base < 0 && std::isfinite(exponent) && exponent != std::floor(exponent)) {
    return bad_argument("a negative number raised to a non-integer power yields a complex result", "2201F");
  }
  out = std::pow(base, exponent);
  if (std::isinf(out) && std::isfinite(base) && std::isfinite(exponent)) {
    return bad_argument("value out of range: overflow", "22003");
  }
  if (out == 0 && base != 0 && std::isfinite(base) && std::isfinite(exponent)) {
    return bad_argument("value out of range: underflow", "22003");
  }
  return {};
}

Result<void> power(Operands operands, std::size_t rows, Column& out) {
  return try_map_rows<double>(operands, rows, out, [&](std::size_t row, double& result) {
    return power_of(operands[0].at<double>(row), operands[1].at<double>(row), result);
  });
}

Result<void> arc_tangent_2(Operands operands, std::size_t rows, Column& out) {
  map_rows<double>(operands, rows, out, [&](std::size_t row) {
    return std::atan2(operands[0].at<double>(row), operands[1].at<double>(row));
  });
  return {};
}

double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
double to_degrees(double x) { return x * (180.0 / M_PI); }
double to_radians(double x) { return x * (M_PI / 180.0); }

double cotangent(double x) { return 1 / std::tan(x); }

template <double (*kCompute)(double)>
Result<void> of_angle(double x, double& out) {
  if (std::isinf(x)) return bad_argument("input is out of range", "22003");
  out = kCompute(x);
  return {};
}

Result<void> logarithm_of_base(Operands operands, std::size_t rows, Column& out) {
  return try_map_rows<double>(operands, rows, out, [&](std::size_t row, double& result) -> Result<void> {
    double base = 0;
    TRY(logarithm<std::log>(operands[0].at<double>(row), base));
    TRY(logarithm<std::log>(operands[1].at<double>(row), result));
    if (base == 0) return bad_argument("division by zero", "22012");
    result /= base;
    return {};
  });
}

// Half away from zero. PostgreSQL has it of numeric only; here averages of INT are FLOAT, and are rounded as often.
Result<void> round_to_digits(Operands operands, std::size_t rows, Column& out) {
  map_rows<double>(operands, rows, out, [&](std::size_t row) {
    constexpr std::int64_t kDigitsMax = 300;
    const double x = operands[0].at<double>(row);
    const double unit = std::pow(10.0, static_cast<double>(std::min(operands[1].at<std::int64_t>(row), kDigitsMax)));
    const double scaled = x * unit;
    return unit == 0 ? 0.0 : std::isfinite(scaled) ? std::round(scaled) / unit : x;
  });
  return {};
}

Result<void> pi(Operands operands, std::size_t rows, Column& out) {
  map_rows<double>(operands, rows, out, [](std::size_t) { return M_PI; });
  return {};
}

constexpr TypeKind kF = TypeKind::floating;
constexpr Signature of_one(std::string_view name, decltype(Function::kernel) kernel) {
  return signature(name, kernel, returns<kF>, kF);
}
constexpr Signature of_two(std::string_view name, decltype(Function::kernel) kernel) {
  return signature(name, kernel, returns<kF>, kF, kF);
}
constexpr std::array<Signature, 30> kSignatures{{
    of_one("sqrt", partial<square_root>),
    of_one("cbrt", total<std::cbrt>),
    of_one("exp", partial<exponential>),
    of_one("ln", partial<logarithm<std::log>>),
    of_one("log", partial<logarithm<std::log10>>),
    of_one("log10", partial<logarithm<std::log10>>),
    of_one("sin", partial<of_angle<std::sin>>),
    of_one("cos", partial<of_angle<std::cos>>),
    of_one("tan", partial<of_angle<std::tan>>),
    of_one("asin", partial<within_unit<std::asin>>),
    of_one("acos", partial<within_unit<std::acos>>),
    of_one("atan", total<std::atan>),
    of_one("sinh", total<std::sinh>),
    of_one("cosh", total<std::cosh>),
    of_one("tanh", total<std::tanh>),
    of_one("floor", total<std::floor>),
    of_one("ceil", total<std::ceil>),
    of_one("round", total<std::nearbyint>),  // To even at .5, as PostgreSQL rounds double precision.
    of_one("trunc", total<std::trunc>),
    of_one("sign", total<sign_of>),
    of_one("degrees", total<to_degrees>),
    of_one("radians", total<to_radians>),
    of_one("ceiling", total<std::ceil>),
    of_one("cot", partial<of_angle<cotangent>>),
    of_two("power", power),
    of_two("pow", power),
    of_two("atan2", arc_tangent_2),
    of_two("log", logarithm_of_base),
    signature("round", round_to_digits, returns<kF>, kF, TypeKind::integer),
    signature("pi", pi, returns<kF>),
}};

}  // namespace

const Function* math(std::string_view name, std::size_t arguments) {
  for (const Signature& signature : kSignatures) {
    if (signature.function.name == name && signature.count == arguments) return &signature.function;
  }
  return nullptr;
}

std::span<const Signature> math_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query
