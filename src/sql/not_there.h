// Not there: words of PostgreSQL's grammar that ours has no place for, each with what to do instead, so that who brings
// a statement from there learns that it was understood and not supported, rather than that it is wrong. Pure:
// thread-safe.
#pragma once

#include <string_view>

namespace mneme::sql {

// What to do instead of what `folded_word` begins; empty: it is no such word.
std::string_view instead_of(std::string_view folded_word) noexcept;

}  // namespace mneme::sql
