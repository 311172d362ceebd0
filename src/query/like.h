// LIKE: a pattern in which % stands for any characters and _ for one code point.
//
// A pattern is taken apart once and matched against many texts. Between two % the first place that fits is the right
// one, so nothing is tried twice; plain runs are found in linear time. Only a run with a _ inside its literals can cost
// more, text times run, and is stopped (54001) before it takes seconds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mneme::query {

class LikePattern {  // Immutable.
 public:
  // `escape` makes the next character literal; empty: no escape. With `fold_ascii` the texts must be in lower case.
  explicit LikePattern(std::string_view pattern, std::string_view escape = "\\", bool fold_ascii = false);

  // Fails (22025) when the pattern ends in the escape and, as in PostgreSQL, some of the text remains to be matched.
  [[nodiscard]] Result<bool> matches(std::string_view text) const;

 private:
  // Any `skip` characters, then the bytes of a literal (none: the end of a run that ends in _).
  struct Element {
    std::size_t skip = 0;
    std::string literal;
    bool dangling_escape = false;  // Nothing follows: it matches nothing.
  };
  using Run = std::vector<Element>;  // What stands between two %. Not empty.
  struct Search {
    std::string_view text;
    std::size_t steps = 0;  // Bytes compared in vain.
  };

  void read(std::string_view pattern, std::string_view escape);
  void add(std::string_view character, bool opens_run);
  static Result<std::optional<std::size_t>> match_at(const Run& run, std::size_t first, Search& search, std::size_t at);
  static Result<std::optional<std::size_t>> find(const Run& run, Search& search, std::size_t at);
  static bool ends_with(const Run& run, std::string_view text, std::size_t at);

  std::vector<Run> runs_;
  bool open_front_ = false;  // A % stands ahead of the first run,
  bool open_back_ = false;   // behind the last one.
};

}  // namespace mneme::query
