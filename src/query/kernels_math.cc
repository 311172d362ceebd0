// Functions of FLOAT, with the domain errors PostgreSQL gives.
#include <array>
#include <cmath>

#include "query/kernels.h"

namespace mneme::query {
namespace {

Error domain(std::string message, std::string_view sqlstate) {
  return Error(Code::invalid_argument, std::move(message)).with_sqlstate(sqlstate);
}

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
  if (x < 0) return domain("cannot take square root of a negative number", "2201F");
  out = std::sqrt(x);
  return {};
}

template <double (*kLogarithm)(double)>
Result<void> logarithm(double x, double& out) {
  if (x == 0) return domain("cannot take logarithm of zero", "2201E");
  if (x < 0) return domain("cannot take logarithm of a negative number", "2201E");
  out = kLogarithm(x);
  return {};
}

Result<void> exponential(double x, double& out) {
  out = std::exp(x);
  if (std::isinf(out) && !std::isinf(x)) return domain("value out of range: overflow", "22003");
  if (out == 0 && !std::isinf(x)) return domain("value out of range: underflow", "22003");
  return {};
}

template <double (*kCompute)(double)>
Result<void> within_unit(double x, double& out) {
  if (x < -1 || x > 1) return domain("input is out of range", "22003");
  out = kCompute(x);
  return {};
}

Result<void> power_of(double base, double exponent, double& out) {
  if (base == 0 && exponent < 0) return domain("zero raised to a negative power is undefined", "2201F");
  if (base < 0 && std::isfinite(exponent) && exponent != std::floor(exponent)) {
    return domain("a negative number raised to a non-integer power yields a complex result", "2201F");
  }
  out = std::pow(base, exponent);
  if (std::isinf(out) && std::isfinite(base) && std::isfinite(exponent)) {
    return domain("value out of range: overflow", "22003");
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

constexpr std::array<Function, 22> kOfOne{{
    {"sqrt", partial<square_root>},
    {"cbrt", total<std::cbrt>},
    {"exp", partial<exponential>},
    {"ln", partial<logarithm<std::log>>},
    {"log", partial<logarithm<std::log10>>},
    {"log10", partial<logarithm<std::log10>>},
    {"sin", total<std::sin>},
    {"cos", total<std::cos>},
    {"tan", total<std::tan>},
    {"asin", partial<within_unit<std::asin>>},
    {"acos", partial<within_unit<std::acos>>},
    {"atan", total<std::atan>},
    {"sinh", total<std::sinh>},
    {"cosh", total<std::cosh>},
    {"tanh", total<std::tanh>},
    {"floor", total<std::floor>},
    {"ceil", total<std::ceil>},
    {"round", total<std::nearbyint>},  // To even at .5, as PostgreSQL rounds double precision.
    {"trunc", total<std::trunc>},
    {"sign", total<sign_of>},
    {"degrees", total<to_degrees>},
    {"radians", total<to_radians>},
}};
constexpr std::array<Function, 3> kOfTwo{{{"power", power}, {"pow", power}, {"atan2", arc_tangent_2}}};

template <std::size_t N>
const Function* find(const std::array<Function, N>& functions, std::string_view name) {
  for (const Function& f : functions) {
    if (f.name == name) return &f;
  }
  return nullptr;
}

}  // namespace

const Function* math(std::string_view name, std::size_t arguments) {
  if (name == "ceiling") name = "ceil";
  return arguments == 1 ? find(kOfOne, name) : arguments == 2 ? find(kOfTwo, name) : nullptr;
}

}  // namespace mneme::query
