#include "query/evaluate.h"

#include <doctest/doctest.h>

#include <cmath>
#include <optional>

#include "query/functions.h"
#include "query/test_plans.h"

namespace mneme::query {
namespace {

using test::bools;
using test::column_of;
using test::constant;
using test::ints;
using test::kBool;
using test::kFloat;
using test::kInt;
using test::kText;
using test::list;
using test::text;
using test::texts;

ExpressionPtr call(const Function* function, Type type, std::vector<ExpressionPtr> arguments) {
  REQUIRE(function != nullptr);
  return make_call(*function, type, std::move(arguments), {1, 8});
}

// What a column holds, as text: "1,NULL,3".
std::string shown(const Result<Column>& result) {
  if (!result) return std::string(result.error().sqlstate());
  std::string out;
  for (std::size_t row = 0; row < result->rows(); ++row) out += (row > 0 ? "," : "") + test::shown(*result, row);
  return out;
}

Batch batch_of(std::vector<Column>&& columns) {
  Batch batch;
  batch.columns = std::move(columns);
  return batch;
}
template <class... Columns>
Batch batch(Columns... columns) {
  std::vector<Column> made;
  (made.push_back(std::move(columns)), ...);
  return batch_of(std::move(made));
}
std::string run(const ExpressionPtr& expression, const Batch& input, const Selection* selection = nullptr) {
  return shown(evaluate(*expression, {.batch = input, .rows = input.rows(), .parameters = {}}, selection));
}
std::string run(const ExpressionPtr& expression) {
  const Batch none;
  return shown(evaluate(*expression, {.batch = none, .rows = 1, .parameters = {}}));
}

// The nine pairs of true, false and NULL. Expected columns are the truth tables of the SQL standard.
const std::vector<std::optional<std::uint8_t>> kLeft{1, 1, 1, 0, 0, 0, {}, {}, {}};
const std::vector<std::optional<std::uint8_t>> kRight{1, 0, {}, 1, 0, {}, 1, 0, {}};

TEST_CASE("evaluate: AND, OR and NOT follow the standard's truth tables") {
  const Batch input = batch(bools(kLeft), bools(kRight));
  const auto both = [&] { return list(make_column(0, kBool), make_column(1, kBool)); };
  CHECK(run(make_node(ExpressionKind::conjunction, kBool, both()), input) == "t,f,NULL,f,f,f,NULL,f,NULL");
  CHECK(run(make_node(ExpressionKind::disjunction, kBool, both()), input) == "t,t,t,t,f,NULL,t,NULL,NULL");
  CHECK(run(make_node(ExpressionKind::negation, kBool, list(make_column(0, kBool))), input) ==
        "f,f,f,t,t,t,NULL,NULL,NULL");
  CHECK(run(make_node(ExpressionKind::is_null, kBool, list(make_column(0, kBool))), input) == "f,f,f,f,f,f,t,t,t");
}

ExpressionPtr ten_by_x() { return call(arithmetic("/", kInt, 2), kInt, list(constant(10), make_column(0, kInt))); }
ExpressionPtr x_is_not_zero() { return call(comparison("<>", kInt), kBool, list(make_column(0, kInt), constant(0))); }

TEST_CASE("evaluate: CASE, AND and COALESCE compute a branch only for the rows that need it") {
  const Batch input = batch(ints({2, 0, {}, 5}));
  CHECK(run(ten_by_x(), input) == "22012");
  CHECK(run(make_node(ExpressionKind::case_when, kInt, list(x_is_not_zero(), ten_by_x(), constant(-1))), input) ==
        "5,-1,-1,2");
  CHECK(run(make_node(ExpressionKind::case_when, kInt, list(x_is_not_zero(), ten_by_x())), input) == "5,NULL,NULL,2");
  auto guarded = call(comparison(">", kInt), kBool, list(ten_by_x(), constant(3)));
  CHECK(run(make_node(ExpressionKind::conjunction, kBool, list(x_is_not_zero(), std::move(guarded))), input) ==
        "t,f,NULL,f");
  CHECK(run(make_node(ExpressionKind::coalesce, kInt, list(make_column(0, kInt), constant(7))), input) == "2,0,7,5");
  CHECK(run(make_node(ExpressionKind::coalesce, kInt, list(constant(7), ten_by_x())), input) == "7,7,7,7");
}

TEST_CASE("evaluate: a selection chooses rows, and only those can fail") {
  const Batch input = batch(ints({2, 0, 5}));
  const Selection picked{2, 0};
  CHECK(run(ten_by_x(), input, &picked) == "2,5");
  const auto kept = filter(*x_is_not_zero(), {.batch = input, .rows = 3, .parameters = {}});
  CHECK(*kept == Selection{0, 2});
  CHECK(*filter(*x_is_not_zero(), {.batch = input, .rows = 3, .parameters = {}}, &picked) == picked);
}

TEST_CASE("evaluate: an error points at its place in the text; a parameter without a value is one") {
  const Batch input = batch(ints({0}));
  const auto failed = evaluate(*ten_by_x(), {.batch = input, .rows = 1, .parameters = {}});
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().position()->column == 8);
  CHECK(run(make_parameter(0, kInt)) == "08P01");
  const std::vector<Column> parameters = [] {
    std::vector<Column> made;
    made.push_back(ints({42}));
    return made;
  }();
  CHECK(shown(evaluate(*make_parameter(0, kInt), {.batch = input, .rows = 1, .parameters = parameters})) == "42");
}

TEST_CASE(
    "arithmetic: the integers' borders are errors, never a wrap; division truncates; % takes the dividend's sign") {
  const auto binary = [](std::string_view symbol, std::int64_t a, std::int64_t b) {
    return run(call(arithmetic(symbol, kInt, 2), kInt, list(constant(a), constant(b))));
  };
  CHECK(binary("+", INT64_MAX, 0) == "9223372036854775807");
  CHECK(binary("+", INT64_MAX, 1) == "22003");
  CHECK(binary("-", INT64_MIN, 1) == "22003");
  CHECK(binary("*", INT64_MAX, 2) == "22003");
  CHECK(binary("/", INT64_MIN, -1) == "22003");
  CHECK(binary("/", 1, 0) == "22012");
  CHECK(binary("/", -7, 2) == "-3");
  CHECK(binary("%", -7, 2) == "-1");
  CHECK(binary("%", 7, -2) == "1");
  CHECK(binary("%", INT64_MIN, -1) == "0");
  CHECK(binary("%", 1, 0) == "22012");
  CHECK(run(call(arithmetic("-", kInt, 1), kInt, list(constant(INT64_MIN)))) == "22003");
  CHECK(run(call(arithmetic("abs", kInt, 1), kInt, list(constant(-5)))) == "5");
}

TEST_CASE("arithmetic: NULL in, NULL out, and what lies under it is never computed with") {
  const Batch input = batch(ints({4, {}}), ints({2, 0}));
  CHECK(run(call(arithmetic("/", kInt, 2), kInt, list(make_column(0, kInt), make_column(1, kInt))), input) == "2,NULL");
}

TEST_CASE("arithmetic: floats overflow to an error, but infinity and NaN that were there go on") {
  const auto binary = [](std::string_view symbol, double a, double b) {
    return run(
        call(arithmetic(symbol, kFloat, 2), kFloat,
             list(make_constant(column_of<double>(kFloat, {a})), make_constant(column_of<double>(kFloat, {b})))));
  };
  CHECK(binary("*", 1e300, 1e300) == "22003");
  CHECK(binary("+", INFINITY, 1) == "inf");
  CHECK(binary("/", 1, 0) == "22012");
  CHECK(binary("*", 1e-300, 1e-300) == "22003");
}

TEST_CASE("numeric cast: to INT rounds half to even and refuses what does not fit") {
  const auto to_int = [](double x) {
    return run(call(cast_function(kFloat, kInt), kInt, list(make_constant(column_of<double>(kFloat, {x})))));
  };
  CHECK(to_int(2.5) == "2");
  CHECK(to_int(3.5) == "4");
  CHECK(to_int(-9223372036854775808.0) == "-9223372036854775808");
  CHECK(to_int(9223372036854775808.0) == "22003");
  CHECK(to_int(NAN) == "22003");
}

TEST_CASE("compare: NaN equals itself and is above all; distinct-from treats NULL as a value") {
  const Batch input = batch(column_of<double>(kFloat, {NAN, NAN, 1.0, {}, {}, -0.0}),
                            column_of<double>(kFloat, {NAN, INFINITY, 1.0, 1.0, {}, 0.0}));
  const auto compare = [&](std::string_view symbol) {
    return run(call(comparison(symbol, kFloat), kBool, list(make_column(0, kFloat), make_column(1, kFloat))), input);
  };
  CHECK(compare("=") == "t,f,t,NULL,NULL,t");
  CHECK(compare(">") == "f,t,f,NULL,NULL,f");
  CHECK(compare("<=") == "t,f,t,NULL,NULL,t");
  CHECK(compare("is distinct from") == "f,t,f,t,f,f");
  CHECK(compare("is not distinct from") == "t,f,t,f,t,t");
}

TEST_CASE("compare: intervals by length with months of 30 days; text by bytes") {
  const Type interval{.kind = TypeKind::interval};
  const Batch input = batch(column_of<Interval>(interval, {Interval{1, 0, 0}}),
                            column_of<Interval>(interval, {Interval{0, 29, 86'400'000'000'000}}));
  CHECK(run(call(comparison("=", interval), kBool, list(make_column(0, interval), make_column(1, interval))), input) ==
        "t");
  CHECK(run(call(comparison("<", kText), kBool, list(text("Z"), text("a")))) == "t");  // Collation C.
  CHECK(run(call(comparison("<", kText), kBool, list(text("z"), text("\xc3\xa9")))) == "t");
}

TEST_CASE("math: domain errors carry PostgreSQL's SQLSTATEs") {
  const auto one = [](std::string_view name, double x) {
    return run(call(math(name, 1), kFloat, list(make_constant(column_of<double>(kFloat, {x})))));
  };
  CHECK(one("sqrt", 9) == "3");
  CHECK(one("sqrt", -1) == "2201F");
  CHECK(one("ln", 0) == "2201E");
  CHECK(one("exp", 1000) == "22003");
  CHECK(one("round", 2.5) == "2");
  CHECK(one("acos", 2) == "22003");
  CHECK(math("no_such", 1) == nullptr);
}

std::string on_text(std::string_view name, std::vector<ExpressionPtr> arguments, Type result = kText) {
  std::vector<Type> types;
  for (const auto& argument : arguments) types.push_back(argument->type);
  return run(call(text_function(name, types), result, std::move(arguments)));
}

TEST_CASE("text: characters are code points, and substr cuts a window that begins before the text") {
  CHECK(on_text("length", list(text("h\xc3\xa9llo")), kInt) == "5");
  CHECK(on_text("substr", list(text("h\xc3\xa9llo"), constant(2), constant(2))) == "\xc3\xa9l");
  CHECK(on_text("substr", list(text("hello"), constant(-1), constant(3))) == "h");  // Positions -1, 0, 1.
  CHECK(on_text("substr", list(text("hello"), constant(3), constant(INT64_MAX))) == "llo");
  CHECK(on_text("substr", list(text("hello"), constant(1), constant(-1))) == "22011");
  CHECK(on_text("left", list(text("hello"), constant(-2))) == "hel");
  CHECK(on_text("right", list(text("hello"), constant(-2))) == "llo");
  CHECK(on_text("right", list(text("hello"), constant(99))) == "hello");
  CHECK(on_text("reverse", list(text("h\xc3\xa9"))) == "\xc3\xa9h");
  CHECK(on_text("strpos", list(text("h\xc3\xa9llo"), text("l")), kInt) == "3");
  CHECK(on_text("upper", list(text("aZ\xc3\xa9"))) == "AZ\xc3\xa9");
}

TEST_CASE("text: trim takes a set of characters, replace all places, lpad fills or cuts") {
  CHECK(on_text("trim", list(text("  a b "))) == "a b");
  CHECK(on_text("trim", list(text("xyxabcyx"), text("xy"))) == "abc");
  CHECK(on_text("ltrim", list(text("xxa"), text("x"))) == "a");
  CHECK(on_text("rtrim", list(text("axx"), text("x"))) == "a");
  CHECK(on_text("replace", list(text("aXbX"), text("X"), text("--"))) == "a--b--");
  CHECK(on_text("replace", list(text("aXb"), text(""), text("-"))) == "aXb");
  CHECK(on_text("lpad", list(text("hi"), constant(5), text("xy"))) == "xyxhi");
  CHECK(on_text("lpad", list(text("hello"), constant(2))) == "he");
  CHECK(on_text("rpad", list(text("hi"), constant(4))) == "hi  ");
  CHECK(on_text("repeat", list(text("ab"), constant(3))) == "ababab");
  CHECK(on_text("repeat", list(text("ab"), constant(INT64_MAX))) == "54000");
  CHECK(on_text("||", list(text("a"), text("b"))) == "ab");
}

TEST_CASE("text: the result outlives the parts it was made of") {
  auto inner = call(text_function("upper", std::vector{kText}), kText, list(make_column(0, kText)));
  auto chosen = make_node(ExpressionKind::coalesce, kText, list(std::move(inner), text("none")));
  const Batch input = batch(texts({"one", {}, "three"}));
  const auto result = evaluate(*chosen, {.batch = input, .rows = 3, .parameters = {}});
  CHECK(shown(result) == "ONE,none,THREE");
}

}  // namespace
}  // namespace mneme::query
