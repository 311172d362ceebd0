// The batch that rows of a table are added to.
#pragma once

#include "types/schema.h"

namespace mneme {

// Every column of the schema, in its order, without rows.
inline Batch empty_batch(const TableSchema& schema) {
  Batch batch;
  batch.columns.reserve(schema.columns.size());
  for (const ColumnSchema& column : schema.columns) batch.columns.emplace_back(column.type);
  return batch;
}

}  // namespace mneme
