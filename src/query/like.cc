#include "query/like.h"

#include "query/code_points.h"

namespace mneme::query {
namespace {

enum class Step : std::uint8_t { literal, any_one, any_run };

// Reads the next element of the pattern at `at`; for a literal, `character` is what the text must have.
struct Pattern {
  std::string_view text;
  std::string_view escape;

  Result<Step> next(std::size_t& at, std::string_view& character) const {
    character = code_point_at(text, at);
    at += character.size();
    if (!escape.empty() && character == escape) {
      if (at == text.size()) {
        return Error(Code::invalid_argument, "LIKE pattern must not end with escape character").with_sqlstate("22025");
      }
      character = code_point_at(text, at);
      at += character.size();
      return Step::literal;
    }
    return character == "%" ? Step::any_run : character == "_" ? Step::any_one : Step::literal;
  }
};

}  // namespace

Result<bool> like(std::string_view text, std::string_view pattern_text, std::string_view escape) {
  const Pattern pattern{pattern_text, escape};
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  // After the last %: where the pattern goes on, and how much of the text that % has taken so far.
  std::size_t resume_pattern = std::string_view::npos;
  std::size_t resume_text = 0;
  for (;;) {
    bool matched = in_pattern == pattern_text.size() && at == text.size();
    if (matched) return true;
    if (in_pattern < pattern_text.size()) {
      std::string_view wanted;
      const Step step = TRY(pattern.next(in_pattern, wanted));
      if (step == Step::any_run) {
        resume_pattern = in_pattern;
        resume_text = at;
        continue;
      }
      const std::string_view found = code_point_at(text, at);
      matched = !found.empty() && (step == Step::any_one || found == wanted);
      at += matched ? found.size() : 0;
    }
    if (matched) continue;
    if (resume_pattern == std::string_view::npos || resume_text >= text.size()) return false;
    resume_text += code_point_at(text, resume_text).size();  // The last % takes one character more.
    at = resume_text;
    in_pattern = resume_pattern;
  }
}

}  // namespace mneme::query
