// A random schema: two or three tables with a column of most sorts, with and without keys and indexes; and its rows.
//
// Numbers are small or dyadic fractions, so that every side computes them exactly and no tolerance hides anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "differential/draw.h"
#include "differential/tree.h"

namespace mneme::differential {

struct Column {
  std::string name;
  Sort sort = Sort::integer;
  bool wide = false;  // An INT with values up to the ends of its range: for comparisons only, never for arithmetic.
  bool required = false;
  bool unique = false;
};

struct Table {
  std::string name;
  std::vector<Column> columns;  // With a key it is the first one, INT.
  bool keyed = false;
  std::size_t rows = 0;  // About how many.
};

struct Schema {
  std::vector<Table> tables;
  std::vector<Tree> statements;               // CREATE TABLE, for every side.
  std::vector<std::string> index_statements;  // CREATE INDEX, of mneme's indexed tables only.
};

Schema random_schema(Draw& draw);

Tree literal(Draw& draw, Sort sort);  // Of common values; never NULL.
Tree wide_literal(Draw& draw);        // An INT anywhere in its range.
Tree integer_literal(std::int64_t number);
Tree null_of(Sort sort);
// A value for a column: now and then NULL, unless it is required.
Tree column_value(Draw& draw, const Column& column);

std::string type_name_of(Sort sort);  // As CAST takes it.

}  // namespace mneme::differential
