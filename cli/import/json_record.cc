// RapidJSON calls us value by value; only those at depth 1 become members, deeper ones are found in the line's text.
#include "import/json_record.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cmath>
#include <limits>
#include <optional>

#include "import/scalar_text.h"
#include "import/utf8.h"

namespace mneme::cli {

class JsonHandler {  // One thread at a time.
 public:
  JsonHandler(JsonRecord& record, std::string_view line, const rapidjson::MemoryStream& stream)
      : members_(record.members_), line_(line), stream_(stream) {}
  [[nodiscard]] const char* refusal() const noexcept { return refusal_; }

  bool Null() { return scalar(JsonMember::Kind::null); }
  bool Bool(bool value) {
    if (depth_ == 1) members_.back().boolean = value;
    return scalar(JsonMember::Kind::boolean, value ? "true" : "false");
  }
  bool Int(int) { return false; }  // Numbers come as their text, by a flag.
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }
  bool RawNumber(const char* text, rapidjson::SizeType bytes, bool) {
    const std::string_view digits(text, bytes);
    return depth_ == 1 ? number(digits) : element(parse_float(digits));
  }
  bool String(const char* text, rapidjson::SizeType bytes, bool) {
    const std::string_view value(text, bytes);
    if (value.find('\0') != std::string_view::npos) return refuse("a string with U+0000, which no text can hold");
    if (!is_utf8(value)) return refuse("a string with half a surrogate pair, which no text can hold");
    return scalar(JsonMember::Kind::text, value);
  }
  bool StartObject() {
    if (depth_ == 1) begin_nested(false);
    only_numbers_ = false;
    return deeper();
  }
  bool Key(const char* name, rapidjson::SizeType bytes, bool) {
    if (depth_ == 1) members_.emplace_back().name = std::string_view(name, bytes);
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return shallower(); }
  bool StartArray() {
    if (depth_ == 0) return refuse("an object was expected, not an array; one object a line");
    if (depth_ == 1) {
      begin_nested(true);
    } else {
      only_numbers_ = false;
    }
    return deeper();
  }
  bool EndArray(rapidjson::SizeType) { return shallower(); }

 private:
  bool refuse(const char* why) noexcept {
    refusal_ = why;
    return false;
  }
  bool deeper() { return ++depth_ <= JsonRecord::kDepthMax || refuse("nested deeper than 64"); }
  bool shallower() {
    if (--depth_ != 1) return true;
    JsonMember& member = members_.back();
    member.text = line_.substr(nested_begin_, stream_.Tell() + 1 - nested_begin_);
    if (!only_numbers_) member.numbers.clear();
    return true;
  }
  void begin_nested(bool array) {
    members_.back().kind = JsonMember::Kind::nested;
    nested_begin_ = stream_.Tell();  // The parser takes a bracket behind the call that announces it.
    only_numbers_ = array;
  }
  // A whole number that INT cannot hold keeps its digits, as does one that no double comes near.
  bool number(std::string_view digits) {
    JsonMember& member = members_.back();
    const auto integer = parse_int(digits);
    const auto floating = parse_float(digits);
    const bool whole = digits.find_first_of(".eE") == std::string_view::npos;
    member.integer = integer.value_or(0);
    member.floating = floating;
    if (whole ? !integer : !floating) return scalar(JsonMember::Kind::nested, digits);
    return scalar(whole ? JsonMember::Kind::integer : JsonMember::Kind::floating, digits);
  }
  bool element(const std::optional<double>& value) {  // Of an array at depth 2, or deeper.
    if (depth_ == 0) return refuse("an object was expected");
    constexpr double kMax = 1 << std::numeric_limits<float>::digits;  // Beyond, whole numbers are not told apart.
    if (!value || std::abs(*value) > kMax) only_numbers_ = false;
    if (only_numbers_) members_.back().numbers.push_back(static_cast<float>(*value));
    return true;
  }
  bool scalar(JsonMember::Kind kind, std::string_view text = {}) {
    if (depth_ == 0) return refuse("an object was expected");
    if (depth_ == 1) {
      members_.back().kind = kind;
      members_.back().text = text;
    } else {
      only_numbers_ = false;
    }
    return true;
  }

  std::vector<JsonMember>& members_;
  std::string_view line_;
  const rapidjson::MemoryStream& stream_;
  std::size_t depth_ = 0;
  std::size_t nested_begin_ = 0;
  bool only_numbers_ = false;
  const char* refusal_ = nullptr;
};

Result<void> JsonRecord::parse(std::string_view line) {
  members_.clear();
  rapidjson::MemoryStream stream(line.data(), line.size());
  JsonHandler handler(*this, line, stream);
  rapidjson::Reader reader;
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, handler);
  if (!result.IsError()) return {};
  const char* what = handler.refusal() != nullptr ? handler.refusal() : rapidjson::GetParseError_En(result.Code());
  return Error(Code::invalid_argument, "column " + std::to_string(result.Offset() + 1) + ": " + what);
}

}  // namespace mneme::cli
