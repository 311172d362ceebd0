// What an Appender collects: the columns of rows that are not committed yet.
//
// Room for many rows is made in each column at once, so that a value is one store; what is there of a row that was not
// ended is overwritten by the next one. A row is open between begin() and add_row(), and only then values are taken: so
// it is begin() that sees to room, and where there is no memory for it the row is refused.
#pragma once

#include <optional>

#include "api/engine.h"
#include "api/guarded.h"
#include "query/plan.h"

namespace mneme {

struct Appender::State {  // One thread at a time.
  struct Slot {           // A column that rows give a value of.
    Column* column;
    TypeKind kind;
    std::byte* values;  // Of the batch's first row.
    bool takes_null;
  };

  State(std::shared_ptr<Engine> of, std::shared_ptr<const TableSchema> table, std::vector<std::size_t> columns,
        std::vector<query::CheckExpression> held);
  // Null: the row is wrong already, or too long.
  [[nodiscard]] const Slot* next_slot(const char* given) noexcept {
    if (next < slots.size() && !error) return &slots[next++];
    wrong_row("given a ", given);
    return nullptr;
  }
  void begin() noexcept {
    if (next != kNoRow) [[unlikely]]
      drop_row();
    error.reset();
    next = 0;
    if (rows == batch.rows()) [[unlikely]]
      attempt([&] { make_room(); });
  }
  // What there is no memory for is the row's error.
  template <class Body>
  void attempt(Body body) noexcept {
    if (auto done = guarded(std::move(body)); !done) error = std::move(done).error();
  }
  // What `check` says against the value is the row's error.
  template <class Check>
  bool holds(Check check) noexcept {
    auto done = guarded(check);
    if (!done) error = std::move(done).error();
    return done.has_value();
  }
  template <class T>
  void set(const Slot& slot, T value) noexcept {  // REQUIRES: of the column's width.
    std::memcpy(slot.values + rows * sizeof value, &value, sizeof value);
    slot.column->set_valid(rows);
  }
  // `what` was done to the row where it may not be.
  void wrong_row(std::string_view what, std::string_view type = {}) noexcept;
  void wrong(const Slot& slot, std::string_view given) noexcept;
  void no_null(const Slot& slot) noexcept;
  void wrong_vector(const Slot& slot, std::size_t dimension) noexcept;
  void put_bytes(const Slot& slot, Bytes value) noexcept;  // REQUIRES: of the column's width, if that is fixed.
  void put_decimal(const Slot& slot, std::int64_t unscaled) noexcept;
  void put_text(const Slot& slot, std::string_view value) noexcept;
  [[nodiscard]] const ColumnSchema& column_of(const Slot& slot) const {
    return schema->columns[ordinals[static_cast<std::size_t>(&slot - slots.data())]];
  }
  Result<void> add_row();
  Result<void> hold_checks();  // By the open row.
  Result<void> load_what_checks_read(Batch& row) const;
  // Of the rows that were added; one that is open is dropped. Rows that could not be committed stay, to be tried again.
  Result<void> commit(std::optional<Durability> durability);
  void put_reference(const Slot& slot, const Value& value);
  Result<void> commit_batch(std::optional<Durability> durability);
  [[nodiscard]] std::size_t transaction_bytes_max() const;
  void make_room();  // For one row more at least, or throws std::bad_alloc: then there is none.
  void forget_rows() noexcept;
  void drop_row() noexcept;  // That is open, or was not added.
  void drop_leavings();

  static constexpr std::size_t kNoRow = ~std::size_t{0};

  const std::shared_ptr<Engine> engine;
  const std::shared_ptr<const TableSchema> schema;
  const std::vector<std::size_t> ordinals;  // In the schema, of the columns a row gives.
  const std::vector<query::CheckExpression> checks;
  Batch batch;              // All columns of the schema, with room behind the rows.
  std::vector<Slot> slots;  // Of `ordinals`.
  std::size_t rows = 0;
  std::size_t bytes = 0;                         // Of their text and vectors.
  std::size_t open_bytes = 0;                    // Of the open row's.
  std::size_t leavings = 0;                      // Of rows that were dropped.
  std::vector<std::shared_ptr<BlobFile>> blobs;  // That rows refer to, the open one's last.
  std::size_t blobs_of_rows = 0;                 // How many of them are not the open one's.
  std::size_t next = kNoRow;                     // The slot of the next value, where a row is open.
  std::optional<Error> error;                    // Of the row at hand.
};

}  // namespace mneme
