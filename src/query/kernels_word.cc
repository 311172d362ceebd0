// Functions that take TEXT apart or put it together by characters and words: the rarer ones of PostgreSQL's.
#include <algorithm>
#include <cstdlib>

#include "query/adapt.h"
#include "query/code_points.h"
#include "query/kernel_error.h"
#include "query/signature.h"
#include "query/text_limit.h"
#include "query/text_search.h"
#include "types/text_cursor.h"

namespace mneme::query {
namespace {

using Integer = std::int64_t;

std::size_t count_of(std::string_view text, std::string_view part) noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = find_part(text, part, at)) != std::string_view::npos; at += part.size()) ++count;
  return count;
}

// split_part(text, separator, n): the nth field from the front, from the back when n is negative.
Result<std::string_view> split_part(std::string_view text, std::string_view separator, Integer number) {
  if (number == 0) return bad_argument("field position must not be zero", "22023");
  if (separator.empty()) return number == 1 || number == -1 ? text : std::string_view();
  std::size_t index = static_cast<std::size_t>(number) - 1;  // Counted from 0.
  if (number < 0) {
    const std::size_t fields = count_of(text, separator) + 1;
    const std::size_t back = std::size_t{0} - static_cast<std::size_t>(number);
    if (back > fields) return std::string_view();
    index = fields - back;
  }
  std::size_t begin = 0;
  for (; index > 0; --index) {
    const std::size_t found = find_part(text, separator, begin);
    if (found == std::string_view::npos) return std::string_view();
    begin = found + separator.size();
  }
  return text.substr(begin, std::min(find_part(text, separator, begin), text.size()) - begin);
}

// Letters and digits make words; letters are those of ASCII, as under collation C.
std::string capitalized(std::string_view text) {
  std::string out(text);
  bool in_word = false;
  for (char& c : out) {
    const bool letter = is_letter(c);
    c = letter && !in_word ? static_cast<char>(to_lower(c) - ('a' - 'A')) : to_lower(c);
    in_word = letter || is_digit(c);
  }
  return out;
}

// Each character of `from` becomes the one at its place in `to`, or goes where `to` is shorter.
std::string translate(std::string_view text, std::string_view from, std::string_view to) {
  std::vector<std::pair<std::string_view, std::string_view>> changes;
  std::size_t in_to = 0;
  for (std::size_t at = 0; at < from.size();) {
    const auto one = code_point_at(from, at);
    const auto other = code_point_at(to, in_to);
    changes.emplace_back(one, other);
    at += one.size();
    in_to += other.size();
  }
  std::ranges::stable_sort(changes, {}, [](const auto& change) { return change.first; });
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto one = code_point_at(text, at);
    const auto change = std::ranges::lower_bound(changes, one, {}, [](const auto& c) { return c.first; });
    out += change != changes.end() && change->first == one ? change->second : one;  // Of equal ones the first counts.
    at += one.size();
  }
  return out;
}

// overlay(text placing new from start [for count]): without a count, as many characters as are new.
Result<std::string> overlay_count(std::string_view text, std::string_view placed, Integer start, Integer count) {
  if (start <= 0) return bad_argument("negative substring length not allowed", "22011");
  Integer behind = 0;
  if (__builtin_add_overflow(start, count, &behind)) return bad_argument("integer out of range", "22003");
  const std::size_t head = offset_of_code_point(text, static_cast<std::size_t>(start) - 1);
  const std::size_t tail = behind <= 1 ? 0 : offset_of_code_point(text, static_cast<std::size_t>(behind) - 1);
  const std::size_t bytes = head + placed.size() + (text.size() - tail);
  if (bytes > kTextBytesMax) return text_too_long();
  std::string out;
  out.reserve(bytes);
  out.append(text.substr(0, head)).append(placed).append(text.substr(tail));
  return out;
}
std::size_t overlaid_bytes(Operands operands, std::size_t row) noexcept {
  const std::size_t bytes = 2 * text_bytes(operands[0], row) + text_bytes(operands[1], row);  // What a tail repeats.
  return bytes > 2 * kTextBytesMax ? 0 : bytes;
}
Result<std::string> overlay(std::string_view text, std::string_view placed, Integer start) {
  return overlay_count(text, placed, start, static_cast<Integer>(count_code_points(placed)));
}

Integer ascii(std::string_view text) {  // The number of the first character.
  const auto one = code_point_at(text, 0);
  if (one.empty()) return 0;
  const auto lead = static_cast<unsigned char>(one[0]);
  if (one.size() == 1) return lead;
  Integer number = lead & (0x7f >> one.size());
  for (const char c : one.substr(1)) number = number << 6 | (static_cast<unsigned char>(c) & 0x3f);
  return number;
}

Result<std::string> character(Integer number) {
  if (number == 0) return bad_argument("null character not permitted", "54000");
  if (number < 0) return bad_argument("character number must be positive", "22023");
  const bool surrogate = number >= 0xd800 && number < 0xe000;
  if (number > 0x10ffff || surrogate) {
    return bad_argument("requested character not valid for encoding: " + std::to_string(number), "54000");
  }
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (number >> shift & 0x3f)); };
  if (number < 0x80) return std::string{static_cast<char>(number)};
  if (number < 0x800) return std::string{static_cast<char>(0xc0 | number >> 6), tail(0)};
  if (number < 0x10000) return std::string{static_cast<char>(0xe0 | number >> 12), tail(6), tail(0)};
  return std::string{static_cast<char>(0xf0 | number >> 18), tail(12), tail(6), tail(0)};
}

std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    out += c;
    if (c == quote) out += c;
  }
  out += quote;
  return out;
}
std::string quote_literal(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return doubled(text, '\'');
  std::string escaped;
  for (const char c : text) escaped.append(c == '\\' ? 2 : 1, c);
  return "E" + doubled(escaped, '\'');
}
std::string quote_ident(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const bool bare =
      !text.empty() && plain(text[0]) && std::ranges::all_of(text, [&](char c) { return plain(c) || is_digit(c); });
  return bare ? std::string(text) : doubled(text, '"');
}

std::string to_hex(Integer number) {
  std::string hex;
  auto rest = static_cast<std::uint64_t>(number);
  do {
    hex.insert(hex.begin(), "0123456789abcdef"[rest % 16]);
    rest /= 16;
  } while (rest != 0);
  return hex;
}

constexpr TypeKind kT = TypeKind::text;
constexpr TypeKind kI = TypeKind::integer;
constexpr Signature kSignatures[] = {
    signature("split_part", adapt<split_part>, returns<kT>, kT, kT, kI),
    making(made_of_first<1>, signature("initcap", adapt<capitalized>, returns<kT>, kT)),
    making(made_of_first<2>, signature("translate", adapt<translate>, returns<kT>, kT, kT, kT)),
    making(made_by<overlaid_bytes>, signature("overlay", adapt<overlay>, returns<kT>, kT, kT, kI)),
    making(made_by<overlaid_bytes>, signature("overlay", adapt<overlay_count>, returns<kT>, kT, kT, kI, kI)),
    signature("ascii", adapt<ascii>, returns<kI>, kT),
    signature("chr", adapt<character>, returns<kT>, kI),
    making(made_of_first<3>, signature("quote_literal", adapt<quote_literal>, returns<kT>, kT)),
    making(made_of_first<2>, signature("quote_ident", adapt<quote_ident>, returns<kT>, kT)),
    signature("to_hex", adapt<to_hex>, returns<kT>, kI),
};

}  // namespace

std::span<const Signature> word_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query
