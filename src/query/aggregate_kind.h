// The aggregate functions, after overloads are settled: arguments come in the types a kind's comment names.
#pragma once

#include <cstdint>

namespace mneme::query {

enum class AggregateKind : std::uint8_t {
  count_rows,  // count(*)
  count,       // values that are not NULL
  sum,         // INT (in 128 bits; 22003 past INT), FLOAT, DECIMAL, INTERVAL; REAL comes as FLOAT
  average,     // FLOAT (INT is cast), DECIMAL as FLOAT, INTERVAL
  least,       // any type with an order
  greatest,    // likewise
  first,       // first(value, ts): the value with the least ts; ties: the earlier row
  last,        // last(value, ts): the value with the greatest ts; ties: the later row
  variance_sample,
  variance_population,
  deviation_sample,
  deviation_population,  // of FLOAT
  bool_and,
  bool_or,
  string_agg,  // string_agg(text, delimiter)
};

}  // namespace mneme::query
