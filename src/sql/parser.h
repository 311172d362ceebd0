// Parser: SQL text to syntax trees, by recursive descent over PostgreSQL 15's grammar and precedence.
//
// Only syntax is judged here: `SELECT nothing FROM nowhere` parses. Errors are invalid_argument with SQLSTATE 42601,
// line and column, the token that was not expected, what was, and a hint for the common slips. Limits are errors too
// (54000, 54001), and so is invalid UTF-8 (22021). Time and memory are linear in the text.
// Pure functions: thread-safe.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"

namespace mneme::sql {

constexpr std::size_t kStatementBytesMax = 1'000'000;
// Nesting of parentheses, subqueries, CASE, calls, prefix operators and FROM's parentheses.
constexpr int kNestingMax = 64;
// Height of a tree: what nesting and left-deep chains (a + b + c, JOINs, UNIONs, a::t::u) add up to. Stacks rely on it.
constexpr int kTreeHeightMax = 1'000;
constexpr std::uint32_t kParametersMax = 32'766;

// All statements of a text, separated by ';'; empty ones are skipped. Each is bounded by kStatementBytesMax.
Result<std::vector<Statement>> parse(std::string_view text);
// The same, one at a time: the trees of a script are many times its text. Ends at the first error, of `each`, too.
Result<void> parse_each(std::string_view text, const std::function<Result<void>(Statement)>& each);

// Exactly one expression, such as a stored DEFAULT or CHECK.
Result<ExpressionPtr> parse_expression(std::string_view text);

// For a shell reading lines: whether the text is a run of whole statements, each ended by ';' (outside of quotes and
// comments), or holds nothing but blanks and comments. False: read another line.
bool is_complete(std::string_view text);

}  // namespace mneme::sql
