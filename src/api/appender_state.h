// What an Appender collects: the columns of rows that are not committed yet.
//
// Room for many rows is made in each column at once, so that a value is one store; what is there of a row that was not
// ended is overwritten by the next one.
#pragma once

#include <optional>

#include "api/engine.h"

namespace mneme {

struct Appender::State {  // One thread at a time.
  struct Slot {           // A column that rows give a value of.
    Column* column;
    TypeKind kind;
    std::byte* values;  // Of the batch's first row.
    bool takes_null;
  };

  State(std::shared_ptr<Engine> of, std::shared_ptr<const TableSchema> table, std::vector<std::size_t> columns);
  // Null: the row is wrong already, or too long.
  [[nodiscard]] const Slot* next_slot(const char* given) noexcept {
    if (next < slots.size() && !error) return &slots[next++];
    no_slot(given);
    return nullptr;
  }
  template <class T>
  void set(const Slot& slot, T value) noexcept {  // REQUIRES: of the column's width.
    std::memcpy(slot.values + rows * sizeof value, &value, sizeof value);
    slot.column->set_valid(rows);
  }
  void no_slot(std::string_view given);
  void wrong(const Slot& slot, std::string_view given);
  void no_null(const Slot& slot);
  [[nodiscard]] const ColumnSchema& column_of(const Slot& slot) const {
    return schema->columns[ordinals[static_cast<std::size_t>(&slot - slots.data())]];
  }
  Result<void> add_row();
  Result<void> commit(std::optional<Durability> durability);
  void put_reference(const Slot& slot, const Value& value);
  Result<void> commit_batch(std::optional<Durability> durability);
  [[nodiscard]] std::size_t transaction_bytes_max() const;
  void make_room();  // For one row more at least.

  const std::shared_ptr<Engine> engine;
  const std::shared_ptr<const TableSchema> schema;
  const std::vector<std::size_t> ordinals;  // In the schema, of the columns a row gives.
  Batch batch;                              // All columns of the schema, with room behind the rows.
  std::vector<Slot> slots;                  // Of `ordinals`.
  std::size_t rows = 0;
  std::size_t bytes = 0;                         // Of text and vectors.
  std::vector<std::shared_ptr<BlobFile>> blobs;  // That rows refer to.
  std::size_t next = 0;                          // The slot of the next value.
  std::optional<Error> error;                    // Of the row at hand.
};

}  // namespace mneme
