// Functions of TEXT. Characters are code points; letters change case in ASCII only, as PostgreSQL does under collation
// C.
#include <algorithm>
#include <array>
#include <bitset>
#include <string>

#include "query/code_points.h"
#include "query/kernels.h"
#include "query/like.h"
#include "query/signature.h"
#include "query/text_limit.h"
#include "query/text_search.h"

namespace mneme::query {
namespace {

std::string_view text_at(const Operand& operand, std::size_t row) noexcept { return operand.at<StringRef>(row).view(); }

// out[row] = compute(row), a Result<std::string> or std::string_view; NULL where an operand is.
template <class Compute>
Result<void> map_text(Operands operands, std::size_t rows, Column& out, Compute compute) {
  const auto validity = strict_validity(operands, rows);
  for (std::size_t row = 0; row < rows; ++row) {
    if (!bit_of(validity, row)) {
      out.append_null();
      continue;
    }
    const auto value = TRY(compute(row));
    if constexpr (std::is_same_v<decltype(value), const std::string_view>) {
      out.append_borrowed({value.data(), value.size()});  // A part of an operand, which outlives the result.
    } else {
      out.append_bytes(as_bytes(value));
    }
  }
  return {};
}

using Made = Result<std::string>;
using Part = Result<std::string_view>;

// Of one row; nothing where it is refused.
std::size_t or_refused(std::size_t bytes) noexcept { return bytes > kTextBytesMax ? 0 : bytes; }

std::size_t joined_bytes(Operands operands, std::size_t row) noexcept {
  return or_refused(text_bytes(operands[0], row) + text_bytes(operands[1], row));
}
Result<void> concatenate(Operands operands, std::size_t rows, Column& out) {
  return map_text(operands, rows, out, [&](std::size_t row) -> Made {
    const std::string_view left = text_at(operands[0], row), right = text_at(operands[1], row);
    if (left.size() + right.size() > kTextBytesMax) return text_too_long();
    std::string joined;
    joined.reserve(left.size() + right.size());
    joined.append(left).append(right);
    return joined;
  });
}

char lower_ascii(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
char upper_ascii(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

std::string fold(std::string_view text, char (*letter)(char) noexcept) {
  std::string folded(text);
  std::transform(folded.begin(), folded.end(), folded.begin(), letter);
  return folded;
}

template <char (*kLetter)(char) noexcept>
Result<void> change_case(Operands operands, std::size_t rows, Column& out) {
  return map_text(operands, rows, out,
                  [&](std::size_t row) -> Made { return fold(text_at(operands[0], row), kLetter); });
}

Result<std::string_view> escape_of(Operands operands, std::size_t row) {
  const std::string_view escape = operands.size() == 3 ? text_at(operands[2], row) : "\\";
  if (count_code_points(escape) <= 1) return escape;
  return Error(Code::invalid_argument, "invalid escape string: it must be empty or one character")
      .with_sqlstate("22019");
}

// A constant pattern, as nearly all are, is taken apart once a batch.
template <bool kFold, bool kWanted>
Result<void> match_like(Operands operands, std::size_t rows, Column& out) {
  const bool constant = operands[1].constant && (operands.size() < 3 || operands[2].constant);
  std::optional<LikePattern> pattern;
  std::string folded;
  return try_map_rows<std::uint8_t>(operands, rows, out, [&](std::size_t row, std::uint8_t& result) -> Result<void> {
    if (!pattern || !constant) {
      const std::string_view escape = TRY(escape_of(operands, row));
      pattern.emplace(text_at(operands[1], row), escape, kFold);
    }
    std::string_view text = text_at(operands[0], row);
    if (kFold) {
      folded.assign(text);
      for (char& c : folded) c = lower_ascii(c);
      text = folded;
    }
    const bool matches = TRY(pattern->matches(text));
    result = static_cast<std::uint8_t>(matches == kWanted);
    return {};
  });
}

Result<void> length(Operands operands, std::size_t rows, Column& out) {
  map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row) {
    return static_cast<std::int64_t>(count_code_points(text_at(operands[0], row)));
  });
  return {};
}

Result<void> octet_length(Operands operands, std::size_t rows, Column& out) {
  map_rows<std::int64_t>(operands, rows, out,
                         [&](std::size_t row) { return static_cast<std::int64_t>(text_at(operands[0], row).size()); });
  return {};
}

// Characters [from, to) of text, both counted from 0.
std::string_view slice(std::string_view text, std::size_t from, std::size_t to) noexcept {
  const std::size_t begin = offset_of_code_point(text, from);
  return to <= from ? std::string_view() : text.substr(begin, offset_of_code_point(text.substr(begin), to - from));
}

// substr(text, start [, count]): start counts from 1 and may lie before it; the window is then cut, not moved.
Result<void> substring(Operands operands, std::size_t rows, Column& out) {
  return map_text(operands, rows, out, [&](std::size_t row) -> Part {
    const std::int64_t start = operands[1].at<std::int64_t>(row);
    std::int64_t end = INT64_MAX;
    if (operands.size() == 3) {
      const std::int64_t count = operands[2].at<std::int64_t>(row);
      if (count < 0)
        return Error(Code::invalid_argument, "negative substring length not allowed").with_sqlstate("22011");
      if (__builtin_add_overflow(start, count, &end)) end = INT64_MAX;
    }
    const auto from = static_cast<std::size_t>(std::max<std::int64_t>(start, 1) - 1);
    const auto to = static_cast<std::size_t>(std::max<std::int64_t>(end, 1) - 1);
    return slice(text_at(operands[0], row), from, to);
  });
}

// left and right: a negative count leaves out that many characters at the other end.
template <bool kFromLeft>
Result<void> end_part(Operands operands, std::size_t rows, Column& out) {
  return map_text(operands, rows, out, [&](std::size_t row) -> Part {
    const std::string_view text = text_at(operands[0], row);
    const auto characters = static_cast<std::int64_t>(count_code_points(text));
    const std::int64_t asked = operands[1].at<std::int64_t>(row);
    const std::int64_t kept = asked >= 0 ? std::min(asked, characters) : characters + std::max(asked, -characters);
    const std::int64_t from = kFromLeft ? 0 : characters - kept;
    return slice(text, static_cast<std::size_t>(from), static_cast<std::size_t>(from + kept));
  });
}

// Counted only where it may be much.
std::size_t replaced_bytes(std::string_view text, std::string_view from, std::string_view to) noexcept {
  if (from.empty() || to.size() <= from.size()) return text.size();
  const std::size_t more = to.size() - from.size(), most = text.size() / from.size();
  std::size_t found = most;
  if (most > kBatchBytesMax / to.size()) {
    found = 0;
    for (std::size_t at = 0; (at = find_part(text, from, at)) != std::string_view::npos; at += from.size()) ++found;
  }
  return found > kTextBytesMax / more ? kTextBytesMax + 1 : text.size() + found * more;
}
std::size_t replaced_row_bytes(Operands operands, std::size_t row) noexcept {
  return or_refused(replaced_bytes(text_at(operands[0], row), text_at(operands[1], row), text_at(operands[2], row)));
}

Result<void> replace(Operands operands, std::size_t rows, Column& out) {
  return map_text(operands, rows, out, [&](std::size_t row) -> Made {
    const std::string_view text = text_at(operands[0], row);
    const std::string_view from = text_at(operands[1], row);
    const std::string_view to = text_at(operands[2], row);
    const std::size_t bytes = replaced_bytes(text, from, to);
    if (bytes > kTextBytesMax) return text_too_long();
    std::string made;
    made.reserve(bytes);
    std::size_t at = 0;
    while (!from.empty()) {
      const std::size_t found = find_part(text, from, at);
      if (found == std::string_view::npos) break;
      made.append(text.substr(at, found - at)).append(to);
      at = found + from.size();
    }
    made.append(text.substr(at));
    return made;
  });
}

// The characters that a trim takes off.
class CharacterSet {  // Immutable. Borrows its text.
 public:
  explicit CharacterSet(std::string_view characters) {
    for (std::size_t at = 0; at < characters.size();) {
      const auto one = code_point_at(characters, at);
      if (one.size() == 1) {
        narrow_.set(static_cast<unsigned char>(one[0]));
      } else {
        wide_.push_back(one);
      }
      at += one.size();
    }
    std::ranges::sort(wide_);
  }
  [[nodiscard]] bool has(std::string_view one) const noexcept {
    return one.size() == 1 ? narrow_.test(static_cast<unsigned char>(one[0])) : std::ranges::binary_search(wide_, one);
  }

 private:
  std::bitset<256> narrow_;
  std::vector<std::string_view> wide_;
};

std::string_view trim_start(std::string_view text, const CharacterSet& set) noexcept {
  while (!text.empty()) {
    const auto first = code_point_at(text, 0);
    if (!set.has(first)) break;
    text.remove_prefix(first.size());
  }
  return text;
}

std::string_view trim_end(std::string_view text, const CharacterSet& set) noexcept {
  while (!text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
    if (!set.has(text.substr(begin))) break;
    text = text.substr(0, begin);
  }
  return text;
}

template <bool kStart, bool kEnd>
Result<void> trim(Operands operands, std::size_t rows, Column& out) {
  const bool constant = operands.size() < 2 || operands[1].constant;
  std::optional<CharacterSet> set;
  return map_text(operands, rows, out, [&](std::size_t row) -> Part {
    if (!set || !constant) set.emplace(operands.size() == 2 ? text_at(operands[1], row) : " ");
    std::string_view text = text_at(operands[0], row);
    if (kStart) text = trim_start(text, *set);
    if (kEnd) text = trim_end(text, *set);
    return text;
  });
}

Result<void> position(Operands operands, std::size_t rows, Column& out) {
  map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row) {
    const std::string_view text = text_at(operands[0], row);
    const std::size_t found = find_part(text, text_at(operands[1], row));
    return found == std::string_view::npos ? std::int64_t{0}
                                           : static_cast<std::int64_t>(count_code_points(text.substr(0, found))) + 1;
  });
  return {};
}

Result<void> starts_with(Operands operands, std::size_t rows, Column& out) {
  map_rows<std::uint8_t>(operands, rows, out, [&](std::size_t row) {
    return static_cast<std::uint8_t>(text_at(operands[0], row).starts_with(text_at(operands[1], row)));
  });
  return {};
}

Result<void> reverse(Operands operands, std::size_t rows, Column& out) {
  return map_text(operands, rows, out, [&](std::size_t row) -> Made {
    const std::string_view text = text_at(operands[0], row);
    std::string made(text.size(), '\0');
    std::size_t end = text.size();
    for (std::size_t at = 0; at < text.size();) {
      const auto one = code_point_at(text, at);
      end -= one.size();
      made.replace(end, one.size(), one);
      at += one.size();
    }
    return made;
  });
}

std::size_t times_of(Operands operands, std::size_t row) noexcept {
  return static_cast<std::size_t>(std::max<std::int64_t>(operands[1].at<std::int64_t>(row), 0));
}
std::size_t repeated_bytes(Operands operands, std::size_t row) noexcept {
  const std::size_t bytes = text_bytes(operands[0], row), times = times_of(operands, row);
  return bytes != 0 && times > kTextBytesMax / bytes ? 0 : bytes * times;
}
Result<void> repeat(Operands operands, std::size_t rows, Column& out) {
  return map_text(operands, rows, out, [&](std::size_t row) -> Made {
    const std::string_view text = text_at(operands[0], row);
    const std::size_t times = times_of(operands, row);
    if (!text.empty() && times > kTextBytesMax / text.size()) return text_too_long();
    std::string made;
    made.reserve(text.size() * times);
    for (std::size_t i = 0; i < times && !text.empty(); ++i) made += text;
    return made;
  });
}

// lpad and rpad: cut to `count` characters, or filled up to it with `fill` over and over.
// At most so many bytes: with the whole of the last filling.
std::size_t filled_bytes(std::string_view text, std::string_view fill, std::size_t missing) noexcept {
  return text.size() + (missing / count_code_points(fill) + 1) * fill.size();
}
std::size_t padded_bytes(Operands operands, std::size_t row) noexcept {
  const std::string_view text = text_at(operands[0], row),
                         fill = operands.size() == 3 ? text_at(operands[2], row) : " ";
  const std::size_t wanted = times_of(operands, row);
  if (fill.empty() || wanted <= kBatchBytesMax / kBatchRowsMax) return text.size() + wanted * 4;
  const std::size_t has = count_code_points(text);
  if (has >= wanted || wanted - has > kTextBytesMax / 4) return text.size();
  return filled_bytes(text, fill, wanted - has);
}
template <bool kLeft>
Result<void> pad(Operands operands, std::size_t rows, Column& out) {
  return map_text(operands, rows, out, [&](std::size_t row) -> Made {
    const std::string_view text = text_at(operands[0], row);
    const std::string_view fill = operands.size() == 3 ? text_at(operands[2], row) : " ";
    const std::size_t wanted = times_of(operands, row);
    const std::size_t has = count_code_points(text);
    if (has >= wanted) return std::string(slice(text, 0, wanted));
    if (fill.empty()) return std::string(text);
    if (wanted - has > kTextBytesMax / 4) return text_too_long();
    std::string made;
    made.reserve(filled_bytes(text, fill, wanted - has));
    if (!kLeft) made += text;
    std::size_t at = 0;
    for (std::size_t missing = wanted - has; missing > 0; --missing) {
      const auto one = code_point_at(fill, at);
      made += one;
      at = at + one.size() == fill.size() ? 0 : at + one.size();
    }
    if (kLeft) made += text;
    return made;
  });
}

constexpr TypeKind kT = TypeKind::text;
constexpr TypeKind kI = TypeKind::integer;

constexpr TypeKind kB = TypeKind::boolean;
constexpr std::array<Signature, 38> kSignatures{{
    making(made_by<joined_bytes>, signature("||", concatenate, returns<kT>, kT, kT)),
    signature("like", match_like<false, true>, returns<kB>, kT, kT),
    signature("like", match_like<false, true>, returns<kB>, kT, kT, kT),
    signature("not like", match_like<false, false>, returns<kB>, kT, kT),
    signature("not like", match_like<false, false>, returns<kB>, kT, kT, kT),
    signature("ilike", match_like<true, true>, returns<kB>, kT, kT),
    signature("ilike", match_like<true, true>, returns<kB>, kT, kT, kT),
    signature("not ilike", match_like<true, false>, returns<kB>, kT, kT),
    signature("not ilike", match_like<true, false>, returns<kB>, kT, kT, kT),
    signature("length", length, returns<kI>, kT),
    signature("char_length", length, returns<kI>, kT),
    signature("character_length", length, returns<kI>, kT),
    signature("octet_length", octet_length, returns<kI>, kT),
    making(made_of_first<1>, signature("lower", change_case<lower_ascii>, returns<kT>, kT)),
    making(made_of_first<1>, signature("upper", change_case<upper_ascii>, returns<kT>, kT)),
    signature("substr", substring, returns<kT>, kT, kI),
    signature("substring", substring, returns<kT>, kT, kI),
    signature("substr", substring, returns<kT>, kT, kI, kI),
    signature("substring", substring, returns<kT>, kT, kI, kI),
    signature("left", end_part<true>, returns<kT>, kT, kI),
    signature("right", end_part<false>, returns<kT>, kT, kI),
    making(made_by<replaced_row_bytes>, signature("replace", replace, returns<kT>, kT, kT, kT)),
    signature("trim", trim<true, true>, returns<kT>, kT),
    signature("btrim", trim<true, true>, returns<kT>, kT),
    signature("trim", trim<true, true>, returns<kT>, kT, kT),
    signature("btrim", trim<true, true>, returns<kT>, kT, kT),
    signature("ltrim", trim<true, false>, returns<kT>, kT),
    signature("ltrim", trim<true, false>, returns<kT>, kT, kT),
    signature("rtrim", trim<false, true>, returns<kT>, kT),
    signature("rtrim", trim<false, true>, returns<kT>, kT, kT),
    signature("strpos", position, returns<kI>, kT, kT),
    signature("starts_with", starts_with, returns<kB>, kT, kT),
    making(made_of_first<1>, signature("reverse", reverse, returns<kT>, kT)),
    making(made_by<repeated_bytes>, signature("repeat", repeat, returns<kT>, kT, kI)),
    making(made_by<padded_bytes>, signature("lpad", pad<true>, returns<kT>, kT, kI)),
    making(made_by<padded_bytes>, signature("lpad", pad<true>, returns<kT>, kT, kI, kT)),
    making(made_by<padded_bytes>, signature("rpad", pad<false>, returns<kT>, kT, kI)),
    making(made_by<padded_bytes>, signature("rpad", pad<false>, returns<kT>, kT, kI, kT)),
}};

}  // namespace

const Function* text_function(std::string_view name, std::span<const Type> arguments) {
  for (const Signature& signature : kSignatures) {
    if (signature.function.name != name || signature.count != arguments.size()) continue;
    bool fits = true;
    for (std::size_t i = 0; i < arguments.size(); ++i) fits = fits && signature.arguments[i] == arguments[i].kind;
    if (fits) return &signature.function;
  }
  return nullptr;
}

std::span<const Signature> text_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query
