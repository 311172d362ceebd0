// Operators and functions of JSON: -> ->> #> #>>, its kind and its length. JSON is text that was checked when it came
// in (types/json.h), and a part of it is that piece of the text.
#include "query/adapt.h"
#include "query/signature.h"
#include "types/json.h"
#include "types/text_cursor.h"
#include "types/text_form.h"
#include "types/utf8.h"

namespace mneme::query {
namespace {

using Integer = std::int64_t;
using Part = std::optional<std::string_view>;
using Text = std::optional<std::string>;

Part member(std::string_view json, std::string_view key) { return json_member(json, key); }
Part element(std::string_view json, Integer index) { return json_element(json, index); }
// JSON may escape what no TEXT holds: U+0000, or one half of a surrogate pair.
Result<Text> as_text(const Part& part) {
  Text text = part ? json_as_text(*part) : std::nullopt;
  if (!text || is_valid_utf8(*text)) return text;
  if (text->find('\0') == std::string::npos) return invalid_syntax("json", *part);
  return Error(Code::invalid_argument,
               "unsupported Unicode escape sequence: " + quoted_for_message(*part) + " cannot be converted to text")
      .with_sqlstate("22P05");
}
Result<Text> member_text(std::string_view json, std::string_view key) { return as_text(member(json, key)); }
Result<Text> element_text(std::string_view json, Integer index) { return as_text(element(json, index)); }

// A path as PostgreSQL writes an array of texts: {a,0,"b c"}. A step without quotes that says NULL leads nowhere.
class Path {  // One thread at a time.
 public:
  explicit Path(std::string_view text) : whole_(text), rest_(trim_spaces(text)) {}

  Result<void> begin() {
    if (!rest_.accept('{')) return malformed();
    rest_.skip_spaces();
    done_ = rest_.accept('}');
    return done_ && !rest_.at_end() ? malformed() : Result<void>();
  }
  [[nodiscard]] bool done() const noexcept { return done_; }

  // The next step; nothing for NULL. REQUIRES: not done.
  Result<Text> next() {
    rest_.skip_spaces();
    const bool quoted = rest_.accept('"');
    std::string step = TRY(quoted ? read_quoted() : read_bare());
    rest_.skip_spaces();
    if (rest_.accept('}')) {
      done_ = true;
      if (!rest_.at_end()) return malformed();
    } else if (!rest_.accept(',')) {
      return malformed();
    }
    if (!quoted && equals_ignoring_case(step, "null")) return Text();
    return Text(std::move(step));
  }

 private:
  Result<std::string> read_quoted() {
    std::string step;
    while (!rest_.accept('"')) {
      rest_.accept('\\');
      if (rest_.at_end()) return malformed();
      step += rest_.take(1);
    }
    return step;
  }
  Result<std::string> read_bare() {
    std::string step;
    while (!rest_.at_end() && rest_.peek() != ',' && rest_.peek() != '}') {
      if (rest_.peek() == '{' || rest_.peek() == '"') return malformed();
      rest_.accept('\\');
      if (rest_.at_end()) return malformed();
      step += rest_.take(1);
    }
    step.resize(step.find_last_not_of(" \t\n\r\f\v") + 1);
    if (step.empty()) return malformed();
    return step;
  }
  [[nodiscard]] Error malformed() const {
    return Error(Code::invalid_argument, "malformed array literal: " + quoted_for_message(whole_))
        .with_sqlstate("22P02")
        .with_hint("a path is written '{key,0,key}'");
  }

  std::string_view whole_;
  TextCursor rest_;
  bool done_ = false;
};

Part step_into(std::string_view json, std::string_view step) {
  if (json_kind(json) == "object") return json_member(json, step);
  TextCursor cursor(trim_spaces(step));
  const bool negative = cursor.accept('-');
  const std::string_view digits = cursor.digits();
  if (digits.empty() || !cursor.at_end()) return std::nullopt;
  constexpr Integer kIndexMax = INT32_MAX;
  const Integer index = number_of(digits, kIndexMax);
  return index > kIndexMax ? std::nullopt : json_element(json, negative ? -index : index);
}

Result<Part> follow(std::string_view json, std::string_view path_text) {
  Path path(path_text);
  TRY(path.begin());
  Part at = json;
  while (!path.done()) {
    const Text step = TRY(path.next());
    at = at && step ? step_into(*at, *step) : std::nullopt;
  }
  return at;
}
Result<Text> follow_text(std::string_view json, std::string_view path) { return as_text(TRY(follow(json, path))); }

std::string_view kind(std::string_view json) { return json_kind(json); }
Result<Integer> array_length(std::string_view json) {
  if (const auto length = json_array_length(json)) return static_cast<Integer>(*length);
  const std::string_view found = json_kind(json);
  return Error(Code::invalid_argument,
               found == "object" ? "cannot get array length of a non-array" : "cannot get array length of a scalar")
      .with_sqlstate("22023");
}

std::string json_of_text(std::string_view text) {
  std::string json;
  print_json_string(text, json);
  return json;
}

constexpr TypeKind kJ = TypeKind::json;
constexpr TypeKind kT = TypeKind::text;
constexpr TypeKind kI = TypeKind::integer;
constexpr Signature kSignatures[] = {
    signature("->", adapt<member>, returns<kJ>, kJ, kT),
    signature("->", adapt<element>, returns<kJ>, kJ, kI),
    signature("->>", adapt<member_text>, returns<kT>, kJ, kT),
    signature("->>", adapt<element_text>, returns<kT>, kJ, kI),
    signature("#>", adapt<follow>, returns<kJ>, kJ, kT),
    signature("#>>", adapt<follow_text>, returns<kT>, kJ, kT),
    signature("json_typeof", adapt<kind>, returns<kT>, kJ),
    signature("jsonb_typeof", adapt<kind>, returns<kT>, kJ),
    signature("json_array_length", adapt<array_length>, returns<kI>, kJ),
    signature("jsonb_array_length", adapt<array_length>, returns<kI>, kJ),
    making(made_of_first<2>, signature("to_json", adapt<json_of_text>, returns<kJ>, kT)),
    making(made_of_first<2>, signature("to_jsonb", adapt<json_of_text>, returns<kJ>, kT)),
};

}  // namespace

std::span<const Signature> json_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query
