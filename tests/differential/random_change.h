// A random INSERT, UPDATE or DELETE, with ON CONFLICT and RETURNING, on which the order of rows has no influence.
#pragma once

#include <cstddef>

#include "differential/draw.h"
#include "differential/random_schema.h"
#include "differential/tree.h"

namespace mneme::differential {

Tree random_change(Draw& draw, Schema& schema);
// Rows `begin` .. `begin + count` of a table; its key is the row's number.
Tree insert_rows(Draw& draw, const Table& table, std::size_t begin, std::size_t count);

}  // namespace mneme::differential
