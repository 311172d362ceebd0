#include "query/like.h"

#include <doctest/doctest.h>

#include <random>

#include "query/code_points.h"
#include "query/testing.h"

namespace mneme::query {
namespace {

Result<bool> like(std::string_view text, std::string_view pattern, std::string_view escape = "\\") {
  return LikePattern(pattern, escape).matches(text);
}

using testing::apply;
using testing::Arg;

std::vector<std::string> characters_of(std::string_view text) {
  std::vector<std::string> characters;
  for (std::size_t at = 0; at < text.size(); at += characters.back().size()) {
    characters.emplace_back(code_point_at(text, at));
  }
  return characters;
}

// By the definition: row[j] is whether the pattern so far matches the first j characters. No escapes.
bool defined_match(std::string_view text, std::string_view pattern) {
  const auto characters = characters_of(text);
  std::vector<bool> row(characters.size() + 1, false);
  row[0] = true;
  for (const std::string& one : characters_of(pattern)) {
    std::vector<bool> next(row.size(), false);
    if (one == "%") next[0] = row[0];
    for (std::size_t j = 1; j < row.size(); ++j) {
      next[j] = one == "%" ? row[j] || next[j - 1] : row[j - 1] && (one == "_" || one == characters[j - 1]);
    }
    row = std::move(next);
  }
  return row.back();
}

TEST_CASE("like: % any run, _ one code point, the escape makes the next literal; linear where % are many") {
  const auto matches = [](std::string_view value, std::string_view pattern) { return like(value, pattern).value(); };
  CHECK(matches("abc", "abc"));
  CHECK(matches("abc", "a%"));
  CHECK(matches("abc", "%c"));
  CHECK(matches("abc", "a_c"));
  CHECK_FALSE(matches("abc", "b"));
  CHECK_FALSE(matches("abc", "c%"));
  CHECK(matches("", ""));
  CHECK(matches("", "%"));
  CHECK_FALSE(matches("", "_"));
  CHECK(matches("h\xc3\xa9", "h_"));
  CHECK_FALSE(matches("h\xc3\xa9", "h__"));
  CHECK(matches("a%c", "a\\%c"));
  CHECK_FALSE(matches("abc", "a\\%c"));
  CHECK(matches("aXbXc", "a%X%c"));
  CHECK(matches("mississippi", "%iss%ip%"));
  CHECK_FALSE(matches("mississippi", "%iss%iss%iss%"));
  CHECK(like("abc", "ab\\").error().sqlstate() == "22025");
  CHECK(like("a%", "a#%", "#").value());
  CHECK(like("a\\", "a\\", "").value());
  const std::string many(20'000, 'a');
  CHECK_FALSE(matches(many, "%a%a%a%a%a%a%a%a%b"));
}

TEST_CASE("like: agrees with its definition on every short pattern of four characters and many longer ones") {
  std::mt19937 random(1);
  const std::string_view alphabet[] = {"a", "b", "\xc3\xa9", "_", "%"};
  for (int i = 0; i < 60'000; ++i) {
    std::string text, pattern;
    for (std::size_t n = random() % 12; n > 0; --n) text += alphabet[random() % 3];
    for (std::size_t n = random() % 8; n > 0; --n) pattern += alphabet[random() % 5];
    INFO(text, " LIKE ", pattern);
    CHECK(like(text, pattern).value() == defined_match(text, pattern));
  }
}

TEST_CASE("like: an escape at the end is an error only where it is reached with text left, as in PostgreSQL") {
  const auto answer = [](const char* text, const char* pattern) -> std::string {
    const auto matches = like(text, pattern);
    return !matches ? std::string(matches.error().sqlstate()) : *matches ? "t" : "f";
  };
  for (const auto* pattern : {"%c\\", "x\\", "abc%\\", "abc\\", "%%_c\\", "a%c\\", "z%\\"})
    CHECK(answer("abc", pattern) == "f");
  for (const auto* pattern : {"ab\\", "%b\\", "%\\", "_\\", "%_\\", "a%b%\\"}) CHECK(answer("abc", pattern) == "22025");
  CHECK(answer("", "\\") == "f");
  CHECK(answer("a%b", "%\\%b") == "t");
  CHECK(answer("a_b", "a\\__") == "t");
  CHECK(answer("acb", "a\\__") == "f");
}

TEST_CASE("like: letters of either case, and an escape that is a letter") {
  CHECK(apply("ilike", {Arg("TEXT", "HeLLo"), "hEl%"}) == "t");
  CHECK(apply("not ilike", {Arg("TEXT", "HeLLo"), "hEl%"}) == "f");
  CHECK(apply("ilike", {Arg("TEXT", "a%"), "AX%", Arg("TEXT", "X")}) == "t");
  CHECK(apply("ilike", {Arg("TEXT", "ab"), "AX%", Arg("TEXT", "X")}) == "f");
  CHECK(apply("like", {Arg("TEXT", "ab"), "a%", Arg("TEXT", "xy")}) == "22019");
  CHECK(apply("like", {Arg("TEXT", nullptr), "a%"}) == "NULL");
  CHECK(apply("like", {Arg("TEXT", "a"), nullptr}) == "NULL");
}

TEST_CASE("like: a megabyte of pattern against a megabyte of text ends") {
  const std::string many(1'000'000, 'a');
  CHECK_FALSE(like(many, "%" + many.substr(0, 500'000) + "b%").value());
  CHECK_FALSE(like(many, "%" + many.substr(0, 500'000) + "b").value());
  std::string runs;
  for (int i = 0; i < 300'000; ++i) runs += "%a";
  CHECK(like(many, runs).value());
  CHECK_FALSE(like(many, runs + "%b%").value());
  std::string holes;
  for (int i = 0; i < 250'000; ++i) holes += "a_";
  const auto costly = like(many, "%" + holes + "b%");
  CHECK((!costly && costly.error().sqlstate() == "54001"));
}

}  // namespace
}  // namespace mneme::query
