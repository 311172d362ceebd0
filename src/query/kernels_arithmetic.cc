// Arithmetic over INT, FLOAT and REAL, with PostgreSQL's errors in place of wrap-around and silent infinity.
#include <array>
#include <cmath>
#include <limits>

#include "query/kernel_error.h"
#include "query/kernels.h"
#include "query/signature.h"

namespace mneme::query {
namespace {

template <class T>
constexpr std::string_view kTypeName = std::is_same_v<T, std::int64_t> ? "integer"
                                       : std::is_same_v<T, double>     ? "double precision"
                                                                       : "real";

// Floats: an infinite result of finite operands is an overflow; infinity itself is a value and may be computed with.
template <std::floating_point T>
Result<void> finite(T a, T b, T result) {
  if (std::isinf(result) && !std::isinf(a) && !std::isinf(b)) return out_of_range(kTypeName<T>);
  return {};
}

struct Add {
  static Result<void> apply(std::int64_t a, std::int64_t b, std::int64_t& out) {
    if (__builtin_add_overflow(a, b, &out)) return out_of_range("integer");
    return {};
  }
  template <std::floating_point T>
  static Result<void> apply(T a, T b, T& out) {
    return finite(a, b, out = a + b);
  }
};

struct Subtract {
  static Result<void> apply(std::int64_t a, std::int64_t b, std::int64_t& out) {
    if (__builtin_sub_overflow(a, b, &out)) return out_of_range("integer");
    return {};
  }
  template <std::floating_point T>
  static Result<void> apply(T a, T b, T& out) {
    return finite(a, b, out = a - b);
  }
};

struct Multiply {
  static Result<void> apply(std::int64_t a, std::int64_t b, std::int64_t& out) {
    if (__builtin_mul_overflow(a, b, &out)) return out_of_range("integer");
    return {};
  }
  template <std::floating_point T>
  static Result<void> apply(T a, T b, T& out) {
    out = a * b;
    if (out == 0 && a != 0 && b != 0) return out_of_range(kTypeName<T>);  // PostgreSQL: underflow.
    return finite(a, b, out);
  }
};

struct Divide {
  static Result<void> apply(std::int64_t a, std::int64_t b, std::int64_t& out) {
    if (b == 0) return division_by_zero();
    if (b == -1 && a == std::numeric_limits<std::int64_t>::min()) return out_of_range("integer");
    out = a / b;
    return {};
  }
  template <std::floating_point T>
  static Result<void> apply(T a, T b, T& out) {
    if (b == 0 && !std::isnan(a)) return division_by_zero();
    out = a / b;
    if (out == 0 && a != 0 && !std::isinf(b)) return out_of_range(kTypeName<T>);
    return finite(a, b, out);
  }
};

struct Remainder {
  static Result<void> apply(std::int64_t a, std::int64_t b, std::int64_t& out) {
    if (b == 0) return division_by_zero();
    out = b == -1 ? 0 : a % b;  // The lowest integer % -1 traps on x86.
    return {};
  }
};

struct Negate {
  static Result<void> apply(std::int64_t a, std::int64_t& out) {
    if (__builtin_sub_overflow(std::int64_t{0}, a, &out)) return out_of_range("integer");
    return {};
  }
  template <std::floating_point T>
  static Result<void> apply(T a, T& out) {
    out = -a;
    return {};
  }
};

struct Absolute {
  static Result<void> apply(std::int64_t a, std::int64_t& out) {
    if (a < 0) return Negate::apply(a, out);
    out = a;
    return {};
  }
  template <std::floating_point T>
  static Result<void> apply(T a, T& out) {
    out = std::abs(a);
    return {};
  }
};

template <class T, class Operator>
Result<void> binary(Operands operands, std::size_t rows, Column& out) {
  return try_map_rows<T>(operands, rows, out, [&](std::size_t row, T& result) {
    return Operator::apply(operands[0].at<T>(row), operands[1].at<T>(row), result);
  });
}

template <class T, class Operator>
Result<void> unary(Operands operands, std::size_t rows, Column& out) {
  return try_map_rows<T>(operands, rows, out,
                         [&](std::size_t row, T& result) { return Operator::apply(operands[0].at<T>(row), result); });
}

template <class T>
const Function* binary_by_symbol(std::string_view symbol) {
  static constexpr std::array<Function, 4> kFunctions{
      {{"+", binary<T, Add>}, {"-", binary<T, Subtract>}, {"*", binary<T, Multiply>}, {"/", binary<T, Divide>}}};
  for (const Function& f : kFunctions) {
    if (f.name == symbol) return &f;
  }
  if constexpr (std::is_same_v<T, std::int64_t>) {
    static constexpr Function kRemainder{"%", binary<std::int64_t, Remainder>};
    if (symbol == "%") return &kRemainder;
  }
  return nullptr;
}

template <class T>
const Function* unary_by_symbol(std::string_view symbol) {
  static constexpr Function kNegate{"-", unary<T, Negate>};
  static constexpr Function kAbsolute{"abs", unary<T, Absolute>};
  return symbol == "-" ? &kNegate : symbol == "abs" ? &kAbsolute : nullptr;
}

template <class T>
const Function* by_arguments(std::string_view symbol, std::size_t arguments) {
  return arguments == 1 ? unary_by_symbol<T>(symbol) : arguments == 2 ? binary_by_symbol<T>(symbol) : nullptr;
}

constexpr TypeKind kI = TypeKind::integer;
constexpr TypeKind kF = TypeKind::floating;
constexpr TypeKind kR = TypeKind::real;

template <class T>
Result<void> same(Operands operands, std::size_t rows, Column& out) {
  map_rows<T>(operands, rows, out, [&](std::size_t row) { return operands[0].at<T>(row); });
  return {};
}

// The greatest common divisor, never negative. Euclid's remainders stay within range where the magnitudes do not.
Result<void> common_divisor(std::int64_t a, std::int64_t b, std::int64_t& out) {
  while (b != 0) {
    const std::int64_t rest = b == -1 ? 0 : a % b;
    a = b;
    b = rest;
  }
  return Absolute::apply(a, out);
}
struct GreatestDivisor {
  static Result<void> apply(std::int64_t a, std::int64_t b, std::int64_t& out) { return common_divisor(a, b, out); }
};
struct LeastMultiple {
  static Result<void> apply(std::int64_t a, std::int64_t b, std::int64_t& out) {
    out = 0;
    if (a == 0 || b == 0) return {};
    std::int64_t divisor = 0;
    TRY(common_divisor(a, b, divisor));
    if (__builtin_mul_overflow(a / divisor, b, &out)) return out_of_range("integer");
    return Absolute::apply(out, out);
  }
};

// Bits of INT. A shift by 64 or more takes the count modulo 64, as PostgreSQL's does on every machine we run on.
struct BitAnd {
  static constexpr std::int64_t apply(std::int64_t a, std::int64_t b) { return a & b; }
};
struct BitOr {
  static constexpr std::int64_t apply(std::int64_t a, std::int64_t b) { return a | b; }
};
struct BitXor {
  static constexpr std::int64_t apply(std::int64_t a, std::int64_t b) { return a ^ b; }
};
struct ShiftLeft {
  static constexpr std::int64_t apply(std::int64_t a, std::int64_t b) { return a << (b & 63); }
};
struct ShiftRight {
  static constexpr std::int64_t apply(std::int64_t a, std::int64_t b) { return a >> (b & 63); }
};
template <class Operator>
Result<void> bits(Operands operands, std::size_t rows, Column& out) {
  map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row) {
    return Operator::apply(operands[0].at<std::int64_t>(row), operands[1].at<std::int64_t>(row));
  });
  return {};
}
Result<void> bit_not(Operands operands, std::size_t rows, Column& out) {
  map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row) { return ~operands[0].at<std::int64_t>(row); });
  return {};
}

// Binary operators are chosen by the types of both sides at once (functions_operator.cc); these have names.
constexpr std::array<Signature, 20> kSignatures{{
    signature("-", unary<std::int64_t, Negate>, returns<kI>, kI),
    signature("-", unary<double, Negate>, returns<kF>, kF),
    signature("-", unary<float, Negate>, returns<kR>, kR),
    signature("+", same<std::int64_t>, returns<kI>, kI),
    signature("+", same<double>, returns<kF>, kF),
    signature("+", same<float>, returns<kR>, kR),
    signature("+", same<std::int64_t>, returns_first, TypeKind::decimal),
    signature("abs", unary<std::int64_t, Absolute>, returns<kI>, kI),
    signature("abs", unary<double, Absolute>, returns<kF>, kF),
    signature("abs", unary<float, Absolute>, returns<kR>, kR),
    signature("mod", binary<std::int64_t, Remainder>, returns<kI>, kI, kI),
    signature("&", bits<BitAnd>, returns<kI>, kI, kI),
    signature("|", bits<BitOr>, returns<kI>, kI, kI),
    signature("#", bits<BitXor>, returns<kI>, kI, kI),
    signature("<<", bits<ShiftLeft>, returns<kI>, kI, kI),
    signature(">>", bits<ShiftRight>, returns<kI>, kI, kI),
    signature("~", bit_not, returns<kI>, kI),
    signature("gcd", binary<std::int64_t, GreatestDivisor>, returns<kI>, kI, kI),
    signature("lcm", binary<std::int64_t, LeastMultiple>, returns<kI>, kI, kI),
    signature("div", binary<std::int64_t, Divide>, returns<kI>, kI, kI),
}};

}  // namespace

const Function* arithmetic(std::string_view symbol, const Type& type, std::size_t arguments) {
  switch (type.kind) {
    case TypeKind::integer: return by_arguments<std::int64_t>(symbol, arguments);
    case TypeKind::floating: return by_arguments<double>(symbol, arguments);
    case TypeKind::real: return by_arguments<float>(symbol, arguments);
    default: return nullptr;
  }
}

std::span<const Signature> arithmetic_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query
