#include "query/like.h"

#include "query/code_points.h"
#include "query/text_search.h"
#include "types/text_cursor.h"

namespace mneme::query {
namespace {

constexpr std::size_t kStepsMax = std::size_t{1} << 28;  // Less than a second.

// The place `count` characters on; nothing when there are not so many.
std::optional<std::size_t> skip_characters(std::string_view text, std::size_t at, std::size_t count) noexcept {
  for (; count > 0; --count) {
    const std::size_t size = code_point_at(text, at).size();
    if (size == 0) return std::nullopt;
    at += size;
  }
  return at;
}

std::optional<std::size_t> skip_back(std::string_view text, std::size_t at, std::size_t count) noexcept {
  for (; count > 0; --count) {
    if (at == 0) return std::nullopt;
    --at;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
  }
  return at;
}

}  // namespace

LikePattern::LikePattern(std::string_view pattern, std::string_view escape, bool fold_ascii) {
  read(pattern, escape);
  if (!fold_ascii) return;
  for (Run& run : runs_) {
    for (Element& element : run) {
      for (char& c : element.literal) c = to_lower(c);
    }
  }
}

void LikePattern::read(std::string_view pattern, std::string_view escape) {
  bool after_any = true;  // The next character opens a run.
  for (std::size_t at = 0; at < pattern.size();) {
    std::string_view one = code_point_at(pattern, at);
    at += one.size();
    const bool escaped = !escape.empty() && one == escape;
    if (!escaped && one == "%") {
      if (runs_.empty()) open_front_ = true;
      after_any = true;
      continue;
    }
    if (after_any) runs_.emplace_back(1);
    after_any = false;
    Run& run = runs_.back();
    if (escaped && at == pattern.size()) {
      run.push_back({.skip = 0, .literal = {}, .dangling_escape = true});
    } else if (escaped || one != "_") {
      if (escaped) one = code_point_at(pattern, at);
      at += escaped ? one.size() : 0;
      run.back().literal += one;
    } else {
      if (!run.back().literal.empty()) run.emplace_back();
      ++run.back().skip;
    }
  }
  open_back_ = after_any && (open_front_ || !runs_.empty());
}

// Where elements [first, ...) of a run end when they begin at `at`.
Result<std::optional<std::size_t>> LikePattern::match_at(const Run& run, std::size_t first, Search& search,
                                                         std::size_t at) {
  const std::size_t begin = at;
  for (std::size_t i = first; i < run.size(); ++i) {
    if (run[i].dangling_escape) {
      if (at == search.text.size()) return std::optional<std::size_t>();
      return Error(Code::invalid_argument, "LIKE pattern must not end with escape character").with_sqlstate("22025");
    }
    const auto here = skip_characters(search.text, at, run[i].skip);
    if (!here || !search.text.substr(*here).starts_with(run[i].literal)) {
      search.steps += at - begin + 1;
      return std::optional<std::size_t>();
    }
    at = *here + run[i].literal.size();
  }
  return std::optional(at);
}

// Where the first match of a run ends that begins at `at` or later. What its first element skips may be anything, so
// that the first place of its literal is the only one to look for.
Result<std::optional<std::size_t>> LikePattern::find(const Run& run, Search& search, std::size_t at) {
  const auto begin = skip_characters(search.text, at, run[0].skip);
  std::size_t from = begin.value_or(std::string_view::npos);
  while (from != std::string_view::npos) {
    const std::size_t found = find_part(search.text, run[0].literal, from);
    if (found == std::string_view::npos) break;
    const auto end = TRY(match_at(run, 1, search, found + run[0].literal.size()));
    if (end) return end;
    if (search.steps > kStepsMax) {
      return Error(Code::invalid_argument, "this LIKE pattern takes too long on so long a text")
          .with_sqlstate("54001")
          .with_hint("a _ between the letters of a long part of a pattern is what costs");
    }
    from = found + code_point_at(search.text, found).size();
    if (from == found) break;  // The end of the text.
  }
  return std::optional<std::size_t>();
}

// Whether the text from `at` on has the run at its very end. REQUIRES: no escape dangles from the run.
bool LikePattern::ends_with(const Run& run, std::string_view text, std::size_t at) {
  std::optional<std::size_t> end = text.size();
  for (std::size_t i = run.size(); i-- > 0;) {
    const std::size_t size = run[i].literal.size();
    if (*end < at || *end - at < size || text.substr(*end - size, size) != run[i].literal) return false;
    end = skip_back(text, *end - size, run[i].skip);
    if (!end) return false;
  }
  return *end >= at;
}

Result<bool> LikePattern::matches(std::string_view text) const {
  Search search{text};
  std::size_t at = 0;
  std::size_t i = 0;
  if (!open_front_) {
    if (runs_.empty()) return text.empty();
    const auto end = TRY(match_at(runs_[i++], 0, search, at));
    if (!end) return false;
    at = *end;
    if (runs_.size() == 1 && !open_back_) return at == text.size();
  }
  for (; i < runs_.size(); ++i) {
    if (i + 1 == runs_.size() && !open_back_ && !runs_[i].back().dangling_escape) {
      return ends_with(runs_[i], text, at);
    }
    const auto end = TRY(find(runs_[i], search, at));
    if (!end) return false;
    at = *end;
  }
  return true;
}

}  // namespace mneme::query
