#include "query/functions.h"

#include "query/testing.h"

namespace mneme::query {
namespace {

using testing::apply;
using testing::Arg;
using testing::arguments_of;
using testing::call;
using testing::cast;
using testing::result_type;
using testing::type_of;

std::string operator_type(std::string_view symbol, const std::vector<Arg>& args) {
  return result_type(resolve_operator(symbol, arguments_of(args)));
}
std::string function_type(std::string_view name, const std::vector<Arg>& args) {
  return result_type(resolve_function(name, arguments_of(args)));
}
const Arg kInt{"INT", "7"};
const Arg kReal{"REAL", "2"};
const Arg kFloat{"FLOAT", "2.5"};
const Arg kDecimal{"DECIMAL(3, 1)", "10.0"};
const Arg kText{"TEXT", "abc"};

TEST_CASE("operators: numbers widen INT, DECIMAL, FLOAT; REAL stays only with itself") {
  CHECK(operator_type("+", {kInt, kInt}) == "INT");
  CHECK(operator_type("+", {kInt, kFloat}) == "FLOAT");
  CHECK(operator_type("+", {kReal, kReal}) == "REAL");
  CHECK(operator_type("*", {kReal, kInt}) == "FLOAT");
  CHECK(operator_type("*", {kReal, kFloat}) == "FLOAT");
  CHECK(operator_type("*", {kDecimal, kFloat}) == "FLOAT");
  CHECK(operator_type("+", {kDecimal, kDecimal}) == "DECIMAL(4, 1)");
  CHECK(apply("+", {kInt, kFloat}) == "9.5");
  CHECK(apply("%", {kInt, Arg("INT", "4")}) == "3");
  CHECK(apply("%", {kFloat, kInt}) == "42883");
  CHECK(apply("^", {Arg("INT", "2"), Arg("INT", "10")}) == "1024");
  CHECK(apply("-", {kInt}) == "-7");
  CHECK(apply("-", {kDecimal}) == "-10.0");
}

TEST_CASE("operators: what is of unknown type takes the other side's") {
  CHECK(apply("+", {kInt, "5"}) == "12");
  CHECK(apply("+", {"1.5", kFloat}) == "4");
  CHECK(apply("+", {kInt, "1.5"}) == "22P02");
  CHECK(apply("=", {"a", "a"}) == "t");
  CHECK(apply("<", {Arg("TIMESTAMP", "2024-01-01"), "2024-01-02"}) == "t");
  CHECK(apply("=", {Arg("DECIMAL(5, 2)", "1.23"), "1.234"}) == "f");  // Not rounded to two digits first.
  CHECK(apply("=", {kInt, nullptr}) == "NULL");
  CHECK(apply("is distinct from", {kInt, nullptr}) == "t");
}

TEST_CASE("operators: comparing needs types that meet") {
  CHECK(apply("=", {kInt, Arg("FLOAT", "7")}) == "t");
  CHECK(apply("<", {Arg("REAL", "0.1"), Arg("FLOAT", "0.1")}) == "f");  // 0.1::real is above 0.1.
  CHECK(apply("<", {Arg("DATE", "2024-01-01"), Arg("TIMESTAMP", "2024-01-01 00:00:01")}) == "t");
  CHECK(apply("=", {kInt, kText}) == "42883");
  CHECK(apply("=", {Arg("TIMESTAMP", "2024-01-01"), kText}) == "42883");
  CHECK(apply("<", {Arg("JSON", "{}"), Arg("JSON", "{}")}) == "42883");
  CHECK(apply("!=", {kInt, kInt}) == "f");
}

TEST_CASE("operators: DECIMAL and INT compare exactly, whatever their scales") {
  CHECK(apply("=", {Arg("DECIMAL(3, 1)", "1.5"), Arg("DECIMAL(6, 4)", "1.5000")}) == "t");
  CHECK(apply(">", {Arg("INT", "9223372036854775807"), Arg("DECIMAL(18, 6)", "999999999999.999999")}) == "t");
  CHECK(apply("<=", {Arg("INT", "1"), Arg("DECIMAL(18, 17)", "1.00000000000000001")}) == "t");
  CHECK(apply("is not distinct from", {Arg("DECIMAL(3, 1)", nullptr), Arg("INT", nullptr)}) == "t");
}

TEST_CASE("operators: DECIMAL arithmetic is exact, and division keeps sixteen digits") {
  CHECK(apply("+", {Arg("DECIMAL(2, 1)", "0.1"), Arg("DECIMAL(2, 1)", "0.2")}) == "0.3");
  CHECK(apply("-", {Arg("DECIMAL(5, 2)", "1.00"), Arg("INT", "2")}) == "-1.00");
  CHECK(apply("*", {Arg("DECIMAL(5, 2)", "1.25"), Arg("DECIMAL(5, 2)", "-1.25")}) == "-1.5625");
  CHECK(apply("/", {Arg("DECIMAL(3, 1)", "10.0"), Arg("DECIMAL(1, 0)", "3")}) == "3.3333333333333333");
  CHECK(apply("/", {Arg("DECIMAL(2, 1)", "-1.0"), Arg("DECIMAL(1, 0)", "6")}) == "-0.1666666666666667");
  CHECK(apply("/", {Arg("INT", "5"), Arg("DECIMAL(2, 1)", "2.0")}) == "2.500000");
  CHECK(apply("%", {Arg("DECIMAL(3, 2)", "-7.25"), Arg("INT", "2")}) == "-1.25");
  CHECK(apply("/", {Arg("DECIMAL(3, 1)", "1.0"), Arg("INT", "0")}) == "22012");
  CHECK(apply("%", {Arg("DECIMAL(3, 1)", "1.0"), Arg("DECIMAL(3, 1)", "0.0")}) == "22012");
  CHECK(apply("+", {Arg("DECIMAL(18, 0)", "999999999999999999"), Arg("INT", "1")}) == "22003");
  CHECK(apply("*", {Arg("DECIMAL(18, 6)", "999999999999.999999"), Arg("DECIMAL(18, 6)", "2")}) == "22003");
  CHECK(apply("/", {Arg("DECIMAL(18, 0)", "999999999999999999"), Arg("DECIMAL(2, 2)", "0.01")}) == "22003");
}

TEST_CASE("functions: DECIMAL rounds half away from zero, FLOAT to even") {
  CHECK(call("round", {Arg("DECIMAL(3, 1)", "2.5")}) == "3");
  CHECK(call("round", {Arg("DECIMAL(3, 1)", "-2.5")}) == "-3");
  CHECK(call("round", {Arg("FLOAT", "2.5")}) == "2");
  CHECK(call("round", {Arg("DECIMAL(6, 4)", "3.1415"), Arg("INT", "2")}) == "3.1400");
  CHECK(call("round", {Arg("DECIMAL(6, 1)", "12345.6"), Arg("INT", "-2")}) == "12300.0");
  CHECK(call("round", {Arg("DECIMAL(6, 1)", "12345.6"), Arg("INT", "-40")}) == "0.0");
  CHECK(call("trunc", {Arg("DECIMAL(3, 1)", "-2.5")}) == "-2");
  CHECK(call("floor", {Arg("DECIMAL(3, 1)", "-2.5")}) == "-3");
  CHECK(call("ceil", {Arg("DECIMAL(3, 1)", "-2.5")}) == "-2");
  CHECK(call("abs", {Arg("DECIMAL(3, 1)", "-2.5")}) == "2.5");
  CHECK(call("round", {Arg("FLOAT", "2.345"), Arg("INT", "1")}) == "2.3");
  CHECK(function_type("sqrt", {kInt}) == "FLOAT");
  CHECK(function_type("round", {kInt}) == "FLOAT");
}

TEST_CASE("operators: bits of INT") {
  const auto bits = [](const char* a, const char* symbol, const char* b) {
    return apply(symbol, {Arg("INT", a), Arg("INT", b)});
  };
  CHECK(bits("5", "&", "3") == "1");
  CHECK(bits("5", "|", "3") == "7");
  CHECK(bits("5", "#", "3") == "6");
  CHECK(bits("1", "<<", "10") == "1024");
  CHECK(bits("-16", ">>", "2") == "-4");
  CHECK(bits("1", "<<", "63") == "-9223372036854775808");
  CHECK(bits("1", "<<", "64") == "1");
  CHECK(apply("~", {Arg("INT", "5")}) == "-6");
  CHECK(apply("&", {kInt, nullptr}) == "NULL");
  CHECK(apply("&", {kInt, kFloat}) == "42883");
}

TEST_CASE("functions: round and trunc to a literal number of digits have just these digits") {
  const auto rounded = [](const char* name, const char* type, const char* value, std::int64_t digits) {
    std::vector<Argument> arguments{{type_of(type)}, {type_of("INT"), false, digits}};
    const std::string text = std::to_string(digits);
    return testing::shown(resolve_function(name, arguments), {Arg(type, value), Arg("INT", text.c_str())});
  };
  CHECK(rounded("round", "DECIMAL(6, 5)", "3.14159", 2) == "3.14");
  CHECK(rounded("round", "DECIMAL(4, 3)", "-2.675", 2) == "-2.68");
  CHECK(rounded("round", "DECIMAL(5, 1)", "1234.5", -2) == "1200");
  CHECK(rounded("round", "DECIMAL(4, 3)", "9.999", 1) == "10.0");
  CHECK(rounded("trunc", "DECIMAL(6, 5)", "3.14159", 3) == "3.141");
  CHECK(rounded("round", "INT", "10", 2) == "10.00");
  CHECK(rounded("round", "INT", "15", -1) == "20");
  CHECK(rounded("round", "DECIMAL(2, 1)", "1.5", 4) == "1.5000");
  CHECK(rounded("round", "DECIMAL(2, 1)", "1.5", 1000) == "1.5000000000000000");  // Eighteen digits are all there is.
}

TEST_CASE("operators: || joins text with what a cast makes text, and nothing else") {
  CHECK(apply("||", {kText, kInt}) == "abc7");
  CHECK(apply("||", {Arg("BOOL", "t"), kText}) == "trueabc");
  CHECK(apply("||", {"a", "b"}) == "ab");
  CHECK(apply("||", {kText, nullptr}) == "NULL");
  CHECK(apply("||", {kInt, kInt}) == "42883");
  CHECK(apply("||", {Arg("BLOB", "\\x01"), Arg("BLOB", "\\x02")}) == "\\x0102");
  CHECK(apply("like", {kText, "a%"}) == "t");
}

TEST_CASE("functions: greatest, least, nullif and concat take many types") {
  CHECK(call("greatest", {kInt, kFloat, nullptr}) == "7");
  CHECK(call("least", {kInt, kFloat, Arg("INT", nullptr)}) == "2.5");
  CHECK(call("greatest", {Arg("TEXT", "a"), "b", "ab"}) == "b");
  CHECK(call("least", {Arg("INT", nullptr), Arg("INT", nullptr)}) == "NULL");
  CHECK(call("greatest", {kInt, kText}) == "42804");
  CHECK(call("nullif", {kInt, Arg("INT", "7")}) == "NULL");
  CHECK(call("nullif", {kInt, Arg("INT", "8")}) == "7");
  CHECK(call("nullif", {Arg("INT", nullptr), kInt}) == "NULL");
  CHECK(call("concat", {kText, kInt, nullptr, Arg("BOOL", "t")}) == "abc7t");
  CHECK(call("concat_ws", {"-", kInt, nullptr, kText}) == "7-abc");
  CHECK(call("concat_ws", {nullptr, kInt}) == "NULL");
}

TEST_CASE("functions: those of the transaction are listed, without a kernel") {
  const auto now = resolve_function("now", {});
  REQUIRE(now.has_value());
  CHECK(now->function == nullptr);
  CHECK(now->is_volatile);
  CHECK(type_name(now->result) == "TIMESTAMP");
  CHECK(function_type("current_date", {}) == "DATE");
  CHECK(function_type("random", {}) == "FLOAT");
}

TEST_CASE("functions: what PostgreSQL has and we have not is refused by its name") {
  for (const auto* name : {"array_agg", "percentile_cont", "row_number", "to_char", "width_bucket"}) {
    const auto refused = resolve_function(name, {}, {1, 8});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().sqlstate() == "0A000");
    CHECK(refused.error().message().find(name) != std::string::npos);
    CHECK_FALSE(refused.error().hint().empty());
    CHECK(resolve_aggregate(name, {}).error().sqlstate() == "0A000");
  }
}

TEST_CASE("functions: what does not exist says so, with its types and what comes near") {
  const auto misspelt = resolve_function("lenght", arguments_of({kText}), {2, 5});
  REQUIRE_FALSE(misspelt.has_value());
  CHECK(misspelt.error().message() == "function lenght(TEXT) does not exist");
  CHECK(misspelt.error().sqlstate() == "42883");
  CHECK(misspelt.error().hint() == "did you mean length()?");
  CHECK(misspelt.error().position()->column == 5);
  const auto mistyped = resolve_function("substr", arguments_of({kInt, "x"}));
  REQUIRE_FALSE(mistyped.has_value());
  CHECK(mistyped.error().message() == "function substr(INT, unknown) does not exist");
  CHECK(mistyped.error().hint().starts_with("there is substr(TEXT, INT), substr(TEXT, INT, INT)"));
  const auto comparison = resolve_operator("=", arguments_of({kInt, kText}));
  REQUIRE_FALSE(comparison.has_value());
  CHECK(comparison.error().message() == "operator does not exist: INT = TEXT");
}

TEST_CASE("types: a common type is what all widen to") {
  const auto common = [](const std::vector<Arg>& args) {
    const auto type = common_type(arguments_of(args), "CASE");
    return type ? type_name(*type) : std::string(type.error().sqlstate());
  };
  CHECK(common({kInt, kFloat}) == "FLOAT");
  CHECK(common({kInt, nullptr}) == "INT");
  CHECK(common({"a", nullptr}) == "TEXT");
  CHECK(common({kInt, kDecimal}) == "DECIMAL(18, 1)");
  CHECK(common({Arg("DECIMAL(5, 2)", "1"), Arg("DECIMAL(5, 4)", "1")}) == "DECIMAL(7, 4)");
  CHECK(common({Arg("DATE", nullptr), Arg("TIMESTAMP", nullptr)}) == "TIMESTAMP");
  CHECK(common({kInt, kText}) == "42804");
}

TEST_CASE("casts: between numbers they round as PostgreSQL does and refuse what does not fit") {
  CHECK(cast({"FLOAT", "2.5"}, "INT") == "2");
  CHECK(cast({"FLOAT", "3.5"}, "INT") == "4");
  CHECK(cast({"DECIMAL(3, 1)", "2.5"}, "INT") == "3");
  CHECK(cast({"FLOAT", "1e19"}, "INT") == "22003");
  CHECK(cast({"FLOAT", "NaN"}, "INT") == "22003");
  CHECK(cast({"FLOAT", "1e39"}, "REAL") == "22003");
  CHECK(cast({"FLOAT", "0.1"}, "DECIMAL(18, 17)") == "0.10000000000000000");
  CHECK(cast({"REAL", "0.1"}, "FLOAT") == "0.10000000149011612");
  CHECK(cast({"REAL", "0.1"}, "DECIMAL(5, 3)") == "0.100");
  CHECK(cast({"FLOAT", "inf"}, "DECIMAL(5, 3)") == "22003");
  CHECK(cast({"INT", "1000"}, "DECIMAL(5, 2)") == "22003");
  CHECK(cast({"INT", "999"}, "DECIMAL(5, 2)") == "999.00");
  CHECK(cast({"DECIMAL(18, 17)", "0.12345678901234567"}, "FLOAT") == "0.12345678901234566");
  CHECK(cast({"DECIMAL(18, 0)", "999999999999999999"}, "FLOAT") == "1e+18");
  CHECK(cast({"BOOL", "t"}, "INT") == "1");
  CHECK(cast({"INT", "-3"}, "BOOL") == "t");
  CHECK(cast({"BOOL", "t"}, "FLOAT") == "42846");
}

TEST_CASE("casts: text to anything and back, dates and timestamps, JSON's scalars, vectors") {
  CHECK(cast({"BOOL", "t"}, "TEXT") == "true");
  CHECK(cast({"TEXT", "yes"}, "BOOL") == "t");
  CHECK(cast({"TEXT", " 12 "}, "INT") == "12");
  CHECK(cast({"TEXT", "x"}, "INT") == "22P02");
  CHECK(cast({"TEXT", "1 day"}, "INTERVAL") == "1 day");
  CHECK(cast({"TEXT", "[1,2]"}, "VECTOR(2)") == "[1,2]");
  CHECK(cast({"TEXT", "[1,2]"}, "VECTOR(3)") == "22000");
  CHECK(cast({"TEXT", "{"}, "JSON") == "22P02");
  CHECK(cast({"DATE", "2024-02-29"}, "TIMESTAMP") == "2024-02-29 00:00:00+00");
  CHECK(cast({"DATE", "3000-01-01"}, "TIMESTAMP") == "22008");
  CHECK(cast({"TIMESTAMP", "1969-12-31 23:59:59"}, "DATE") == "1969-12-31");
  CHECK(cast({"JSON", "1.6"}, "INT") == "2");
  CHECK(cast({"JSON", "true"}, "BOOL") == "t");
  CHECK(cast({"JSON", "null"}, "INT") == "NULL");
  CHECK(cast({"JSON", "[1]"}, "INT") == "22023");
  CHECK(cast({"VECTOR(2)", "[1,-2]"}, "VECTOR(2, i8)") == "[1,-2]");
  CHECK(cast({"VECTOR(2)", "[1,-2]"}, "VECTOR(2, u8)") == "22003");
  CHECK(cast({"VECTOR(2)", "[1,-2]"}, "VECTOR(2, bit)") == "[1,0]");
  CHECK(cast({"VECTOR(2)", "[1,-2]"}, "VECTOR(3)") == "22000");
  CHECK(cast({"INT", "1"}, "UUID") == "42846");
}

TEST_CASE("casts: each is allowed where PostgreSQL allows it") {
  const auto allowed = [](std::string_view from, std::string_view to) {
    const Type a = type_of(from);
    const Type b = type_of(to);
    return can_cast(a, b, CastContext::implicit)     ? "implicit"
           : can_cast(a, b, CastContext::assignment) ? "assignment"
           : can_cast(a, b, CastContext::explicit_)  ? "explicit"
                                                     : "none";
  };
  CHECK(allowed("INT", "FLOAT") == std::string("implicit"));
  CHECK(allowed("FLOAT", "INT") == std::string("assignment"));
  CHECK(allowed("INT", "TEXT") == std::string("assignment"));
  CHECK(allowed("TEXT", "INT") == std::string("explicit"));
  CHECK(allowed("INT", "BOOL") == std::string("explicit"));
  CHECK(allowed("TIMESTAMP", "DATE") == std::string("assignment"));
  CHECK(allowed("INTERVAL", "INT") == std::string("none"));
  CHECK(allowed("VECTOR(3)", "VECTOR(4)") == std::string("none"));
}

TEST_CASE("aggregates: by name and type, with the types their kinds ask for") {
  const auto resolved = [](std::string_view name, const std::vector<Arg>& args) {
    const auto found = resolve_aggregate(name, arguments_of(args));
    if (!found) return std::string(found.error().sqlstate());
    std::string text;
    for (const Type& type : found->arguments) text += type_name(type) + " ";
    return text + "-> " + type_name(found->result);
  };
  CHECK(resolved("count", {}) == "-> INT");
  CHECK(resolved("count", {kText}) == "TEXT -> INT");
  CHECK(resolved("sum", {kInt}) == "INT -> INT");
  CHECK(resolved("sum", {kReal}) == "FLOAT -> FLOAT");
  CHECK(resolved("sum", {kDecimal}) == "DECIMAL(3, 1) -> DECIMAL(18, 1)");
  CHECK(resolved("sum", {kText}) == "42883");
  CHECK(resolved("avg", {kInt}) == "FLOAT -> FLOAT");
  CHECK(resolved("max", {kText}) == "TEXT -> TEXT");
  CHECK(resolved("max", {Arg("JSON", "1")}) == "42883");
  CHECK(resolved("last", {kText, Arg("TIMESTAMP", nullptr)}) == "TEXT TIMESTAMP -> TEXT");
  CHECK(resolved("stddev", {kInt}) == "FLOAT -> FLOAT");
  CHECK(resolved("bool_and", {kInt}) == "42883");
  CHECK(resolved("string_agg", {kText, ","}) == "TEXT TEXT -> TEXT");
  CHECK(resolved("string_agg", {kText}) == "42883");
  CHECK(is_aggregate_name("stddev_pop"));
  CHECK_FALSE(is_aggregate_name("length"));
}

}  // namespace
}  // namespace mneme::query
