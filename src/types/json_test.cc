#include "types/json.h"

#include <doctest/doctest.h>

namespace mneme {
namespace {

std::string state(std::string_view text) {
  const auto checked = validate_json(text);
  return checked ? "valid" : std::string(checked.error().sqlstate());
}

TEST_CASE("json: what RFC 8259 allows is valid and nothing else") {
  for (const std::string_view text : {"{}", "[]", "null", " true ", "1.5e-7", "\"\\u00e4\\n\"",
                                      R"({"a":[1,{"b":null}]})", "123456789012345678901234567890"}) {
    INFO(text);
    CHECK(state(text) == "valid");
  }
  for (const std::string_view text : {"", "{", "[1,]", "{\"a\"}", "{a:1}", "'x'", "01", "1 2", "nul", "\"\x01\"",
                                      "\"\xff\"", "[1]]", "// c\n1", "NaN"}) {
    INFO(text);
    CHECK(state(text) == "22P02");
  }
  CHECK(state(std::string_view("1\0", 2)) == "22P02");
}

TEST_CASE("json: a thousand levels pass, a million are refused without harm") {
  CHECK(state(std::string(1'000, '[') + std::string(1'000, ']')) == "valid");
  CHECK(state(std::string(1'001, '[') + std::string(1'001, ']')) == "54001");
  CHECK(state(std::string(1'000'000, '[')) == "54001");
}

TEST_CASE("json: members and elements are found one level down, as they are written") {
  const std::string_view json =
      R"( {"a" : 1.50, "b":[ 10 , {"a":2}, "x,y" ] , "c":{"a":3}, "a\"q": null, "a":  "last"} )";
  CHECK(json_member(json, "a") == R"("last")");  // The last of equal keys.
  CHECK(json_member(json, "b") == R"([ 10 , {"a":2}, "x,y" ])");
  CHECK(json_member(json, "c") == R"({"a":3})");
  CHECK(json_member(json, "a\"q") == "null");
  CHECK_FALSE(json_member(json, "d"));
  CHECK_FALSE(json_element(json, 0));
  const std::string_view array = *json_member(json, "b");
  CHECK(json_element(array, 0) == "10");
  CHECK(json_element(array, 1) == R"({"a":2})");
  CHECK(json_element(array, -1) == R"("x,y")");
  CHECK_FALSE(json_element(array, 3));
  CHECK_FALSE(json_element(array, -4));
  CHECK_FALSE(json_member(array, "a"));
  CHECK(json_array_length(array) == 3);
  CHECK(json_array_length("[]") == 0);
  CHECK_FALSE(json_array_length("{}"));
}

TEST_CASE("json: as text a string loses its quotes and escapes, and null is nothing") {
  CHECK(json_as_text(R"("a\n\u00e4\"")") == "a\n\xC3\xA4\"");
  CHECK(json_as_text(" [1, 2] ") == "[1, 2]");
  CHECK(json_as_text("12.50") == "12.50");
  CHECK_FALSE(json_as_text("null"));
  CHECK(json_kind(" {}") == "object");
  CHECK(json_kind("-1") == "number");
  std::string printed;
  print_json_string("a\"\\\n\x01\xC3\xA4", printed);
  CHECK(printed == "\"a\\\"\\\\\\n\\u0001\xC3\xA4\"");
  CHECK(json_as_text(printed) == "a\"\\\n\x01\xC3\xA4");
}

}  // namespace
}  // namespace mneme
