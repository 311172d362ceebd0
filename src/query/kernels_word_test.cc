// Functions of TEXT, BLOB and JSON. Expected values are PostgreSQL 15's under collation C.
#include "query/testing.h"

namespace mneme::query {
namespace {

using testing::apply;
using testing::Arg;
using testing::call;

Arg text(const char* value) { return {"TEXT", value}; }
Arg integer(const char* value) { return {"INT", value}; }
Arg blob(const char* value) { return {"BLOB", value}; }
Arg json(const char* value) { return {"JSON", value}; }

TEST_CASE("text: split_part counts fields from either end") {
  const auto part = [](const char* of, const char* by, const char* n) {
    return call("split_part", {text(of), text(by), integer(n)});
  };
  CHECK(part("a,b,c", ",", "2") == "b");
  CHECK(part("a,b,c", ",", "-1") == "c");
  CHECK(part("a,b,c", ",", "-3") == "a");
  CHECK(part("a,b,c", ",", "-4") == "");
  CHECK(part("a,b,c", ",", "4") == "");
  CHECK(part("abc", "", "1") == "abc");
  CHECK(part("abc", "", "2") == "");
  CHECK(part("abc", "", "-1") == "abc");
  CHECK(part("a--b--c", "--", "2") == "b");
  CHECK(part("", ",", "1") == "");
  CHECK(part("日本,語", ",", "2") == "語");
  CHECK(part("a,b", ",", "-9223372036854775808") == "");
  CHECK(part("a,b", ",", "0") == "22023");
}

TEST_CASE("text: words, characters and their numbers") {
  CHECK(call("initcap", {text("hello wORLD-foo_bar 3rd o'neil éa")}) == "Hello World-Foo_Bar 3rd O'Neil éA");
  CHECK(call("translate", {text("12345"), text("143"), text("ax")}) == "a2x5");
  CHECK(call("translate", {text("aab"), text("aa"), text("xy")}) == "xxb");
  CHECK(call("translate", {text("日本"), text("本"), text("人")}) == "日人");
  CHECK(call("translate", {text("abc"), text("abc"), text("")}) == "");
  CHECK(call("ascii", {text("")}) == "0");
  CHECK(call("ascii", {text("é")}) == "233");
  CHECK(call("ascii", {text("日")}) == "26085");
  CHECK(call("ascii", {text("🚁")}) == "128641");
  for (const char* number : {"65", "233", "26085", "128641"}) {
    CHECK(call("ascii", {text(call("chr", {integer(number)}).c_str())}) == number);
  }
  CHECK(call("chr", {integer("0")}) == "54000");
  CHECK(call("chr", {integer("-1")}) == "22023");
  CHECK(call("chr", {integer("55296")}) == "54000");
  CHECK(call("chr", {integer("1114112")}) == "54000");
  CHECK(call("to_hex", {integer("0")}) == "0");
  CHECK(call("to_hex", {integer("-1")}) == "ffffffffffffffff");
}

TEST_CASE("text: overlay puts one text over a part of another") {
  const auto over = [](const char* of, const char* with, const char* from, const char* count) {
    return call("overlay", {text(of), text(with), integer(from), integer(count)});
  };
  CHECK(over("Txxxxas", "hom", "2", "4") == "Thomas");
  CHECK(over("abcdef", "Z", "2", "0") == "aZbcdef");
  CHECK(over("abcdef", "Z", "4", "-2") == "abcZbcdef");
  CHECK(over("abcdef", "Z", "4", "100") == "abcZ");
  CHECK(over("abc", "Z", "0", "1") == "22011");
  CHECK(call("overlay", {text("abcdef"), text("XY"), integer("3")}) == "abXYef");
  CHECK(call("overlay", {text("abc"), text("Z"), integer("10")}) == "abcZ");
}

TEST_CASE("text: searching and trimming take linear time, whatever is searched for") {
  const std::string many(1'000'000, 'a'), half = std::string(500'000, 'a') + "b";
  CHECK(call("strpos", {text(many.c_str()), text(half.c_str())}) == "0");
  CHECK(call("replace", {text(many.c_str()), text(half.c_str()), text("")}) == many);
  CHECK(call("split_part", {text(many.c_str()), text(half.c_str()), integer("2")}) == "");
  CHECK(call("trim", {text(many.c_str()), text((std::string(500'000, 'c') + "a").c_str())}) == "");
  CHECK(call("btrim", {text("日本x日"), text("日")}) == "本x");
  CHECK(call("rtrim", {text("xé日é"), text("é日")}) == "x");
}

TEST_CASE("text: quoted as SQL reads it back") {
  CHECK(call("quote_literal", {text("it's")}) == "'it''s'");
  CHECK(call("quote_literal", {text("a\\b")}) == "E'a\\\\b'");
  CHECK(call("quote_ident", {text("Select")}) == "\"Select\"");
  CHECK(call("quote_ident", {text("abc_1")}) == "abc_1");
  CHECK(call("quote_ident", {text("1a")}) == "\"1a\"");
  CHECK(call("quote_ident", {text("a\"b")}) == "\"a\"\"b\"");
  CHECK(call("quote_ident", {text("")}) == "\"\"");
}

TEST_CASE("blob: lengths, parts, fingerprints") {
  CHECK(call("length", {blob("\\x0102")}) == "2");
  CHECK(call("bit_length", {blob("\\x0102")}) == "16");
  CHECK(call("bit_length", {text("日")}) == "24");
  CHECK(call("substring", {blob("\\x0102030405"), integer("2"), integer("3")}) == "\\x020304");
  CHECK(call("substring", {blob("\\x0102030405"), integer("0"), integer("3")}) == "\\x0102");
  CHECK(call("substring", {blob("\\x0102030405"), integer("4")}) == "\\x0405");
  CHECK(call("substring", {blob("\\x0102"), integer("10")}) == "\\x");
  CHECK(call("substr", {blob("\\x0102"), integer("-1")}) == "\\x0102");
  CHECK(call("substr", {blob("\\x0102"), integer("1"), integer("-1")}) == "22011");
  CHECK(call("md5", {text("")}) == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(call("md5", {text("abc")}) == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(call("md5", {blob("\\x00ff")}) == "d07d34efac6328007ad67c7e0a985e00");
  CHECK(call("md5", {text(std::string(55, 'a').c_str())}) == "ef1772b6dff9a122358552954ad0df65");
  CHECK(call("md5", {text(std::string(56, 'a').c_str())}) == "3b0c8ac703f828b04c6c197006d17218");
  CHECK(call("md5", {text(std::string(64, 'a').c_str())}) == "014842d480b571495a4a0363793f7367");
}

TEST_CASE("blob: to text and back") {
  CHECK(call("convert_to", {text("é"), text("UTF8")}) == "\\xc3a9");
  CHECK(call("convert_from", {blob("\\xc3a9"), text("utf-8")}) == "é");
  CHECK(call("convert_from", {blob("\\xff"), text("UTF8")}) == "22021");
  CHECK(call("convert_from", {blob("\\x00"), text("UTF8")}) == "22021");
  CHECK(call("convert_to", {text("a"), text("nonsense")}) == "22023");
  const auto encode = [](const char* bytes, const char* form) { return call("encode", {blob(bytes), text(form)}); };
  const auto decode = [](const char* of, const char* form) { return call("decode", {text(of), text(form)}); };
  CHECK(encode("\\x01abff", "hex") == "01abff");
  CHECK(encode("abc", "base64") == "YWJj");
  CHECK(encode("ab", "base64") == "YWI=");
  CHECK(encode("a", "base64") == "YQ==");
  CHECK(encode("", "base64") == "");
  CHECK(encode(std::string(60, 'x').c_str(), "base64") ==
        "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\neHh4");
  CHECK(encode("a", "nonsense") == "22023");
  CHECK(decode("01aBff", "hex") == "\\x01abff");
  CHECK(decode("01 ab", "hex") == "\\x01ab");
  CHECK(decode(" YW Jj ", "base64") == "\\x616263");
  CHECK(decode("YWI=", "base64") == "\\x6162");
  CHECK(decode("YQ=a", "base64") == "\\x61");
  for (const char* bad : {"0", "0 1", "zz"}) CHECK(decode(bad, "hex") == "22023");
  for (const char* bad : {"YWJ", "Y===", "YWJj!", "="}) CHECK(decode(bad, "base64") == "22023");
}

TEST_CASE("json: members and elements are the text they were") {
  CHECK(apply("->", {json(R"({"a": 1, "b": {"c" :  2}})"), "b"}) == R"({"c" :  2})");
  CHECK(apply("->", {json(R"({"n": null})"), "n"}) == "null");
  CHECK(apply("->>", {json(R"({"n": null})"), "n"}) == "NULL");
  CHECK(apply("->", {json(R"({"s": "q\u00e9"})"), "s"}) == R"("q\u00e9")");
  CHECK(apply("->>", {json(R"({"s": "q\u00e9\n"})"), "s"}) == "qé\n");
  CHECK(apply("->", {json(R"({"a":1})"), "zz"}) == "NULL");
  CHECK(apply("->", {json("[1,2]"), "a"}) == "NULL");
  CHECK(apply("->", {json("[10,20,30]"), integer("1")}) == "20");
  CHECK(apply("->", {json("[10,20,30]"), integer("-1")}) == "30");
  CHECK(apply("->", {json("[10,20,30]"), integer("3")}) == "NULL");
  CHECK(apply("->", {json("[10,20,30]"), integer("-4")}) == "NULL");
  CHECK(apply("->", {json("5"), integer("0")}) == "NULL");
  CHECK(apply("->", {json(R"({"a":1})"), integer("0")}) == "NULL");
  CHECK(apply("->>", {json(R"([true, "x"])"), integer("0")}) == "true");
  CHECK(apply("->>", {json(R"([true, "x"])"), integer("1")}) == "x");
  CHECK(apply("->", {json(nullptr), "a"}) == "NULL");
}

TEST_CASE("json: a path leads through objects and arrays") {
  const char* deep = R"({"a": {"b": [10, 20, {"c": "x y"}]}})";
  CHECK(apply("#>", {json(deep), "{a,b,1}"}) == "20");
  CHECK(apply("#>>", {json(deep), "{a,b,2,c}"}) == "x y");
  CHECK(apply("#>>", {json(R"({"a": {"b": [10]}})"), "{a,b,-1}"}) == "10");
  CHECK(apply("#>", {json(R"({"a b": 1})"), R"({"a b"})"}) == "1");
  CHECK(apply("#>", {json(R"({"a b": 1})"), "{a b}"}) == "1");
  CHECK(apply("#>", {json(R"({"a":1})"), "{}"}) == R"({"a":1})");
  CHECK(apply("#>", {json(R"({"a":1})"), "{null}"}) == "NULL");
  CHECK(apply("#>", {json(R"({"null":1})"), R"({"null"})"}) == "1");
  CHECK(apply("#>", {json(R"({"a":1})"), "{ a }"}) == "1");
  CHECK(apply("#>", {json(R"({"a,b":1})"), R"({"a,b"})"}) == "1");
  CHECK(apply("#>", {json("[1,2]"), "{ 1 }"}) == "2");
  CHECK(apply("#>", {json("[1,2]"), "{1x}"}) == "NULL");
  CHECK(apply("#>", {json("[1,2]"), "{99999999999}"}) == "NULL");
  for (const char* bad : {"a", "{a", "{a,}", "{,a}", "{a}x", "{\"a", "", "{", "{\\"}) {
    CHECK(apply("#>", {json(R"({"a":1})"), bad}) == "22P02");
  }
}

TEST_CASE("json: kinds and lengths") {
  CHECK(call("json_typeof", {json(" [1]")}) == "array");
  CHECK(call("jsonb_typeof", {json("\"x\"")}) == "string");
  CHECK(call("json_typeof", {json("null")}) == "null");
  CHECK(call("json_array_length", {json("[1,[2,3],{}]")}) == "3");
  CHECK(call("json_array_length", {json("[]")}) == "0");
  CHECK(call("json_array_length", {json("{}")}) == "22023");
  CHECK(call("json_array_length", {json("1")}) == "22023");
  CHECK(call("to_json", {text("a\"b")}) == R"("a\"b")");
}

TEST_CASE("numbers: divisors and multiples, to the ends of INT") {
  const auto gcd = [](const char* a, const char* b) { return call("gcd", {integer(a), integer(b)}); };
  const auto lcm = [](const char* a, const char* b) { return call("lcm", {integer(a), integer(b)}); };
  CHECK(gcd("12", "18") == "6");
  CHECK(gcd("-12", "18") == "6");
  CHECK(gcd("0", "0") == "0");
  CHECK(gcd("0", "-5") == "5");
  CHECK(gcd("-9223372036854775808", "6") == "2");
  CHECK(gcd("-9223372036854775808", "-1") == "1");
  CHECK(gcd("-9223372036854775808", "0") == "22003");
  CHECK(lcm("4", "6") == "12");
  CHECK(lcm("-4", "6") == "12");
  CHECK(lcm("0", "5") == "0");
  CHECK(lcm("9223372036854775807", "2") == "22003");
  CHECK(lcm("-9223372036854775808", "1") == "22003");
}

}  // namespace
}  // namespace mneme::query
