// Print: syntax trees back to SQL text, for stored expressions, EXPLAIN and messages.
// print(parse(print(x))) equals print(x): only the parentheses that precedence needs, names quoted where they must
// be. Pure functions: thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "sql/ast.h"

namespace mneme::sql {

std::string print(const Statement& statement);  // Without ';'.
std::string print(const Query& query);
std::string print(const Expression& expression);
std::string print(const TypeName& type);

std::string quote_identifier(std::string_view name);  // In double quotes only if it needs them.
std::string quote_text(std::string_view text);        // 'it''s'

}  // namespace mneme::sql
