#include "differential/random_schema.h"

#include <array>
#include <limits>

namespace mneme::differential {
namespace {

struct TypeNames {
  std::string common;
  std::string sqlite;  // In a STRICT table. INT and not INTEGER: no alias of the row's number.
};

TypeNames names_of(Sort sort) {
  switch (sort) {
    case Sort::boolean: return {"BOOLEAN", "INT"};
    case Sort::integer: return {"BIGINT", "INT"};
    case Sort::floating: return {"DOUBLE PRECISION", "REAL"};
    case Sort::timestamp: return {"TIMESTAMP", "TEXT"};
    case Sort::date: return {"DATE", "TEXT"};
    case Sort::decimal: return {"DECIMAL(10, 2)", "REAL"};
    default: return {"TEXT", "TEXT"};
  }
}

Tree column_definition(const Column& column, bool key) {
  const auto [common, sqlite] = names_of(column.sort);
  const std::string tail = key               ? " NOT NULL PRIMARY KEY"
                           : column.unique   ? " UNIQUE"
                           : column.required ? " NOT NULL"
                                             : "";
  Tree tree = clause(column.name + " " + common + tail);
  tree.sqlite = column.name + " " + sqlite + tail;
  return tree;
}

Tree create_table(const Table& table) {
  std::vector<Tree> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    columns.push_back(column_definition(table.columns[i], table.keyed && i == 0));
  }
  Tree name = clause(table.name);
  name.plain = "p" + table.name;
  Tree tree = clause("CREATE TABLE @ (@)", {name, list("@", ", ", std::move(columns))});
  tree.sqlite = "CREATE TABLE @ (@) STRICT";
  return tree;
}

Table random_table(Draw& draw, std::size_t number) {
  Table table;
  table.name = "t" + std::to_string(number);
  table.keyed = !draw.one_in(4);
  table.columns.push_back({.name = "id", .sort = Sort::integer, .required = true});
  constexpr std::array kSorts{Sort::integer,   Sort::integer, Sort::text,    Sort::boolean, Sort::floating,
                              Sort::timestamp, Sort::date,    Sort::decimal, Sort::text};
  const auto count = draw.between(2, 7);
  for (std::int64_t i = 0; i < count; ++i) {
    const Sort sort = kSorts[draw.below(kSorts.size())];
    const bool integer = sort == Sort::integer;
    const bool wide = integer && draw.one_in(4);
    const bool unique = integer && !wide && draw.one_in(6);
    table.columns.push_back({.name = "c" + std::to_string(i),
                             .sort = sort,
                             .wide = wide,
                             .required = !unique && draw.one_in(6),
                             .unique = unique});
  }
  return table;
}

void add_indexes(Draw& draw, const Table& table, std::vector<std::string>& out) {
  const auto count = draw.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    std::string columns = draw.of(table.columns).name;
    if (const std::string& second = draw.of(table.columns).name; draw.one_in(2) && second != columns) {
      columns += ", " + second;
    }
    out.push_back("CREATE INDEX " + table.name + "_i" + std::to_string(i) + " ON " + table.name + " (" + columns + ")");
  }
}

Tree quoted(Draw& draw, Sort sort, const std::vector<std::string>& choices, std::string_view prefix) {
  const std::string& text = draw.of(choices);
  std::string doubled;
  for (const char c : text) doubled += c == '\'' ? "''" : std::string(1, c);
  Tree tree = node(sort, std::string(prefix) + "'" + doubled + "'");
  tree.sqlite = "'" + doubled + "'";
  if (sort == Sort::text) tree.postgres = "CAST('" + doubled + "' AS TEXT)";
  const TypeKind kind = sort == Sort::text ? TypeKind::text : sort == Sort::date ? TypeKind::date : TypeKind::timestamp;
  tree.value = Value::from_text(Type{.kind = kind}, text).value();
  return tree;
}

const std::vector<std::string> kTexts{"",    "a",    "b", "ab", "abc",    "B",       "Aa",  "zz",
                                      "a b", "it's", "0", "10", "\u20ac", "a\u4e2d", "aaab"};
const std::vector<std::string> kTimes{"2024-02-29 00:00:00", "2024-02-29 23:59:59", "1969-12-31 23:00:00",
                                      "2026-01-01 12:30:00", "2026-07-01 00:00:00", "1999-12-31 23:59:59"};
const std::vector<std::string> kDates{"2024-02-29", "2024-03-01", "1969-12-31",
                                      "1970-01-01", "2026-07-15", "1999-12-31"};

// A quarter of `quarters` as text: "-1.25".
std::string quarters_text(std::int64_t quarters) {
  static constexpr std::array kFractions{".00", ".25", ".50", ".75"};
  const std::int64_t size = quarters < 0 ? -quarters : quarters;
  return (quarters < 0 ? "-" : "") + std::to_string(size / 4) + kFractions[static_cast<std::size_t>(size % 4)];
}

Tree float_literal(Draw& draw) {
  const std::int64_t quarters = draw.between(-40, 40);
  Tree tree = node(Sort::floating, "CAST(" + quarters_text(quarters) + " AS DOUBLE PRECISION)");
  tree.sqlite = "(" + quarters_text(quarters) + ")";
  tree.value = Value(static_cast<double>(quarters) / 4);
  return tree;
}

Tree decimal_literal(Draw& draw) {
  const std::int64_t quarters = draw.between(-40, 40);
  Tree tree = node(Sort::decimal, "(" + quarters_text(quarters) + ")");
  tree.value = Value::decimal(quarters * 25, 10, 2);
  return tree;
}

}  // namespace

std::string type_name_of(Sort sort) { return names_of(sort).common; }

Schema random_schema(Draw& draw) {
  Schema schema;
  const auto count = static_cast<std::size_t>(draw.between(2, 3));
  for (std::size_t i = 0; i < count; ++i) {
    Table table = random_table(draw, i);
    schema.statements.push_back(create_table(table));
    add_indexes(draw, table, schema.index_statements);
    schema.tables.push_back(std::move(table));
  }
  return schema;
}

Tree integer_literal(std::int64_t number) {
  const bool least = number == std::numeric_limits<std::int64_t>::min();
  const std::string text = least ? "(-9223372036854775807 - 1)" : std::to_string(number);
  Tree tree = node(Sort::integer, number < 0 && !least ? "(" + text + ")" : text);
  tree.postgres = least ? "(CAST(-9223372036854775807 AS BIGINT) - 1)" : "CAST(" + text + " AS BIGINT)";
  tree.value = Value(number);
  return tree;
}

Tree wide_literal(Draw& draw) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::array kValues{kMost,
                               -kMost - 1,
                               kMost - 1,
                               -kMost,
                               std::int64_t{1} << 53,
                               (std::int64_t{1} << 53) + 1,
                               -(std::int64_t{1} << 53) - 1,
                               std::int64_t{1} << 31,
                               std::int64_t{0},
                               std::int64_t{7}};
  return integer_literal(kValues[draw.below(kValues.size())]);
}

Tree literal(Draw& draw, Sort sort) {
  switch (sort) {
    case Sort::boolean: {
      const bool truth = draw.one_in(2);
      Tree tree = node(sort, truth ? "TRUE" : "FALSE");
      tree.value = Value(truth);
      return tree;
    }
    case Sort::integer: return integer_literal(draw.between(-12, 12));
    case Sort::floating: return float_literal(draw);
    case Sort::decimal: return decimal_literal(draw);
    case Sort::timestamp: return quoted(draw, sort, kTimes, "TIMESTAMP ");
    case Sort::date: return quoted(draw, sort, kDates, "DATE ");
    default: return quoted(draw, Sort::text, kTexts, "");
  }
}

Tree null_of(Sort sort) {
  Tree tree = node(sort, "CAST(NULL AS " + type_name_of(sort) + ")");
  tree.sqlite = "NULL";
  return tree;
}

Tree column_value(Draw& draw, const Column& column) {
  if (!column.required && draw.one_in(5)) return null_of(column.sort);
  if (column.required && draw.one_in(400)) return null_of(column.sort);
  if (column.unique) return integer_literal(draw.between(0, 2'000));
  return column.wide ? wide_literal(draw) : literal(draw, column.sort);
}

}  // namespace mneme::differential
