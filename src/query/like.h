// LIKE: matches text against a pattern in which % stands for any characters and _ for one code point.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme::query {

// Whether all of `text` matches. Linear in text times the runs between %: no backtracking past the last %.
// `escape` makes the next character literal; empty: no escape. Fails (22025) when the pattern ends in the escape.
Result<bool> like(std::string_view text, std::string_view pattern, std::string_view escape = "\\");

}  // namespace mneme::query
