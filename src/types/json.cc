#include "types/json.h"

#include <rapidjson/reader.h>

#include <array>

#include "types/text_cursor.h"
#include "types/text_form.h"

namespace mneme {
namespace {

// Numbers stay text: JSON has them of any size, and only their form is asked here.
constexpr unsigned kFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;

// Hears the events of a document; finds the parts one level below its root.
class Walk {  // One thread at a time.
 public:
  using Ch = char;
  Walk(std::string_view text, rapidjson::MemoryStream& stream) : text_(text), stream_(stream) {}

  bool Null() { return scalar(); }
  bool Bool(bool) { return scalar(); }
  bool Int(int) { return scalar(); }
  bool Uint(unsigned) { return scalar(); }
  bool Int64(std::int64_t) { return scalar(); }
  bool Uint64(std::uint64_t) { return scalar(); }
  bool Double(double) { return scalar(); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return scalar(); }
  bool String(const char* data, rapidjson::SizeType size, bool) {
    if (depth_ == 0) string_.assign(data, size);
    return scalar();
  }
  bool StartObject() { return open(); }
  bool Key(const char* data, rapidjson::SizeType size, bool) {
    if (depth_ == 1) key_matches_ = wanted_key_ && *wanted_key_ == std::string_view(data, size);
    last_end_ = stream_.Tell();
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool StartArray() { return open(); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  void want(std::string_view key) { wanted_key_ = key; }
  void want(std::size_t index) { wanted_index_ = index; }
  [[nodiscard]] std::optional<std::string_view> found() const { return found_; }
  [[nodiscard]] std::size_t elements() const noexcept { return elements_; }
  [[nodiscard]] std::string take_string() { return std::move(string_); }
  [[nodiscard]] bool too_deep() const noexcept { return too_deep_; }

 private:
  // Where the value begins that ends here: behind the last event and the punctuation that follows it.
  [[nodiscard]] std::size_t begin_of_value() const noexcept {
    std::size_t at = last_end_;
    while (at < text_.size() && (is_space(text_[at]) || text_[at] == ',' || text_[at] == ':')) ++at;
    return at;
  }
  bool scalar() {
    if (depth_ == 1) value(begin_of_value(), stream_.Tell());
    last_end_ = stream_.Tell();
    return true;
  }
  // The reader calls these two while it still stands on the bracket.
  bool open() {
    if (depth_ == 1) open_at_ = stream_.Tell();
    last_end_ = stream_.Tell() + 1;
    too_deep_ = ++depth_ > kJsonDepthMax;
    return !too_deep_;
  }
  bool close() {
    last_end_ = stream_.Tell() + 1;
    if (--depth_ == 1) value(open_at_, last_end_);
    return true;
  }
  void value(std::size_t from, std::size_t to) {
    const bool wanted = wanted_key_ ? key_matches_ : wanted_index_ && *wanted_index_ == elements_;
    if (wanted) found_ = text_.substr(from, to - from);
    ++elements_;
  }

  std::string_view text_;
  rapidjson::MemoryStream& stream_;
  std::optional<std::string_view> wanted_key_;
  std::optional<std::size_t> wanted_index_;
  std::optional<std::string_view> found_;
  std::string string_;  // The root, when it is a string.
  std::size_t depth_ = 0;
  std::size_t open_at_ = 0;
  std::size_t last_end_ = 0;
  std::size_t elements_ = 0;
  bool key_matches_ = false;
  bool too_deep_ = false;
};

// False when the text is not JSON.
template <class Ask, class Answer>
bool walk_json(std::string_view text, Ask ask, Answer answer) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  Walk walk(text, stream);
  ask(walk);
  rapidjson::Reader reader;
  const bool parsed = !reader.Parse<kFlags>(stream, walk).IsError() && stream.Tell() == text.size();
  answer(walk);
  return parsed;
}

}  // namespace

Result<void> validate_json(std::string_view text) {
  bool too_deep = false;
  const bool valid = walk_json(text, [](Walk&) {}, [&](const Walk& walk) { too_deep = walk.too_deep(); });
  if (too_deep) {
    return Error(Code::invalid_argument, "JSON is nested deeper than " + std::to_string(kJsonDepthMax) + " levels")
        .with_sqlstate("54001");
  }
  if (!valid) return invalid_syntax("json", text);
  return {};
}

std::optional<std::string_view> json_member(std::string_view json, std::string_view key) {
  std::optional<std::string_view> found;
  if (json_kind(json) != "object") return found;
  walk_json(json, [&](Walk& walk) { walk.want(key); }, [&](const Walk& walk) { found = walk.found(); });
  return found;
}

std::optional<std::size_t> json_array_length(std::string_view json) {
  if (json_kind(json) != "array") return std::nullopt;
  std::size_t length = 0;
  walk_json(json, [](Walk&) {}, [&](const Walk& walk) { length = walk.elements(); });
  return length;
}

std::optional<std::string_view> json_element(std::string_view json, std::int64_t index) {
  std::optional<std::string_view> found;
  if (json_kind(json) != "array") return found;
  if (index < 0) index += static_cast<std::int64_t>(json_array_length(json).value_or(0));
  if (index < 0) return found;
  const auto wanted = static_cast<std::size_t>(index);
  walk_json(json, [&](Walk& walk) { walk.want(wanted); }, [&](const Walk& walk) { found = walk.found(); });
  return found;
}

std::string_view json_kind(std::string_view json) noexcept {
  const std::string_view text = trim_spaces(json);
  switch (text.empty() ? '\0' : text.front()) {
    case '{': return "object";
    case '[': return "array";
    case '"': return "string";
    case 't':
    case 'f': return "boolean";
    case 'n': return "null";
    default: return "number";
  }
}

std::optional<std::string> json_as_text(std::string_view json) {
  const std::string_view kind = json_kind(json);
  if (kind == "null") return std::nullopt;
  if (kind != "string") return std::string(trim_spaces(json));
  std::string text;
  walk_json(json, [](Walk&) {}, [&](Walk& walk) { text = walk.take_string(); });
  return text;
}

void print_json_string(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) {
          out += c;
        } else {
          out += "\\u00";
          out += kHex[static_cast<unsigned char>(c) >> 4];
          out += kHex[static_cast<unsigned char>(c) & 15];
        }
    }
  }
  out += '"';
}

}  // namespace mneme
