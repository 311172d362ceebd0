// The scalar functions and operators the engine knows, by exact argument types.
//
// A lookup names an operator or function and the types of its arguments after the binder's conversions; it
// returns null where no kernel takes them. Names are PostgreSQL's; operators go by their symbol.
#pragma once

#include <span>
#include <string_view>

#include "query/expression.h"

namespace mneme::query {

// "=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from": both arguments of one type. BOOL.
// Text compares by bytes; floats as PostgreSQL: NaN equals NaN and is above every number; intervals by length with
// months of 30 days and days of 24 hours. JSON and vectors only for (in)equality.
const Function* comparison(std::string_view symbol, const Type& type);

// "+", "-", "*", "/", "%" over two INT, FLOAT or REAL of one kind; unary "-" and "abs" by `arguments` == 1.
// Overflow is 22003 and division by zero 22012; integer division truncates and % takes the dividend's sign.
const Function* arithmetic(std::string_view symbol, const Type& type, std::size_t arguments);

// The same operators where one operand is a DECIMAL and the other a DECIMAL of another scale or an INT; each comes as
// it is. Arithmetic fills a column of decimal_result()'s type (functions_type.h).
const Function* decimal_comparison(std::string_view symbol) noexcept;
const Function* decimal_arithmetic(std::string_view symbol) noexcept;
// "round" and "trunc" of a DECIMAL to a number of digits, into a DECIMAL of any scale. Others have none.
const Function* decimal_to_digits(std::string_view name) noexcept;
// One DECIMAL into an INT or a DECIMAL of a smaller scale; NULL where it has digits beyond that, which equals nothing.
const Function& decimal_to_coarser() noexcept;

// sqrt, cbrt, exp, ln, log10, power, sin ... over FLOAT; floor, ceil, round, trunc, sign. Domain errors as PostgreSQL.
const Function* math(std::string_view name, std::size_t arguments);

// "||", "like", "not like", "ilike", length, lower, upper, substr, replace, trim, ltrim, rtrim, strpos, starts_with,
// left, right, reverse, repeat, lpad, rpad over TEXT and INT. Characters are code points.
const Function* text_function(std::string_view name, std::span<const Type> arguments);

}  // namespace mneme::query
