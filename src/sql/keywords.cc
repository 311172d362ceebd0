// The words of SQL that may not name everything, by PostgreSQL 15's classes (appendix C of its manual).
// Words that are not here may name anything, also where the grammar gives them a meaning.
#include <algorithm>
#include <array>

#include "sql/token.h"

namespace mneme::sql {
namespace {

template <std::size_t n>
constexpr bool is_sorted(const std::array<std::string_view, n>& words) {
  return std::is_sorted(words.begin(), words.end());
}

constexpr auto kColumnName = std::to_array<std::string_view>({
    "between",       "bigint",       "bit",        "boolean",   "char",      "character",     "coalesce",  "dec",
    "decimal",       "exists",       "extract",    "float",     "greatest",  "grouping",      "inout",     "int",
    "integer",       "interval",     "least",      "national",  "nchar",     "none",          "normalize", "nullif",
    "numeric",       "out",          "overlay",    "position",  "precision", "real",          "row",       "setof",
    "smallint",      "substring",    "time",       "timestamp", "treat",     "trim",          "values",    "varchar",
    "xmlattributes", "xmlconcat",    "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse",  "xmlpi",
    "xmlroot",       "xmlserialize", "xmltable",
});
constexpr auto kTypeOrFunction = std::to_array<std::string_view>({
    "authorization", "binary", "collation", "concurrently", "cross",   "current_schema", "freeze",  "full",
    "ilike",         "inner",  "is",        "isnull",       "join",    "left",           "like",    "natural",
    "notnull",       "outer",  "overlaps",  "right",        "similar", "tablesample",    "verbose",
});
constexpr auto kReserved = std::to_array<std::string_view>({
    "all",          "analyse",
    "analyze",      "and",
    "any",          "array",
    "as",           "asc",
    "asymmetric",   "both",
    "case",         "cast",
    "check",        "collate",
    "column",       "constraint",
    "create",       "current_catalog",
    "current_date", "current_role",
    "current_time", "current_timestamp",
    "current_user", "default",
    "deferrable",   "desc",
    "distinct",     "do",
    "else",         "end",
    "except",       "false",
    "fetch",        "for",
    "foreign",      "from",
    "grant",        "group",
    "having",       "in",
    "initially",    "intersect",
    "into",         "lateral",
    "leading",      "limit",
    "localtime",    "localtimestamp",
    "not",          "null",
    "offset",       "on",
    "only",         "or",
    "order",        "placing",
    "primary",      "references",
    "returning",    "select",
    "session_user", "some",
    "symmetric",    "table",
    "then",         "to",
    "trailing",     "true",
    "union",        "unique",
    "user",         "using",
    "variadic",     "when",
    "where",        "window",
    "with",
});
static_assert(is_sorted(kColumnName) && is_sorted(kTypeOrFunction) && is_sorted(kReserved));

}  // namespace

WordClass classify(std::string_view folded_word) noexcept {
  const auto is_in = [&](const auto& words) { return std::binary_search(words.begin(), words.end(), folded_word); };
  if (is_in(kReserved)) return WordClass::reserved;
  if (is_in(kColumnName)) return WordClass::column_name;
  if (is_in(kTypeOrFunction)) return WordClass::type_or_function;
  return WordClass::ordinary;
}

}  // namespace mneme::sql
