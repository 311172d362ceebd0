// What an Appender collects: the columns of rows that are not committed yet.
#pragma once

#include <optional>

#include "api/engine.h"

namespace mneme {

struct Appender::State {  // One thread at a time.
  State(std::shared_ptr<Engine> of, std::shared_ptr<const TableSchema> table, std::vector<std::size_t> columns);
  [[nodiscard]] Column* next_column(std::string_view given);  // Null: the row is wrong already, or too long.
  void wrong(const Column& column, std::string_view given);
  void forget_row();
  Result<void> commit(std::optional<Durability> durability);

  const std::shared_ptr<Engine> engine;
  const std::shared_ptr<const TableSchema> schema;
  const std::vector<std::size_t> ordinals;  // In the schema, of the columns a row gives.
  Batch batch;                              // All columns of the schema.
  std::size_t rows = 0;
  std::size_t bytes = 0;
  std::size_t next = 0;        // The place in `ordinals` of the next value.
  std::optional<Error> error;  // Of the row at hand.
};

}  // namespace mneme
