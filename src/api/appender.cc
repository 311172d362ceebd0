#include <algorithm>
#include <array>

#include "api/appender_state.h"
#include "api/blob_state.h"
#include "api/describe.h"
#include "api/guarded.h"
#include "api/session.h"
#include "query/checks.h"
#include "query/rules_expression.h"
#include "storage/blob_offload.h"
#include "table/blob_values.h"
#include "types/decimal.h"
#include "types/empty_batch.h"
#include "types/utf8.h"
#include "types/value_check.h"

namespace mneme {
namespace {

constexpr std::size_t kFlushRows = 16'384;
constexpr std::size_t kFlushBytes = std::size_t{1} << 20;
constexpr std::size_t kRoomBytes = 128 << 10;  // Made at a time, and for 16 rows at least.

std::size_t bytes_of(const Batch& batch) {
  std::size_t bytes = 0;
  for (const Column& column : batch.columns) bytes += column.memory_bytes();
  return bytes;
}

std::size_t rows_of_room(const TableSchema& schema) {
  std::size_t row_bytes = 1;
  for (const ColumnSchema& column : schema.columns) row_bytes += column.type.width();
  return std::clamp<std::size_t>(kRoomBytes / row_bytes, 16, kBatchRowsMax);
}

}  // namespace

Appender::State::State(std::shared_ptr<Engine> of, std::shared_ptr<const TableSchema> table,
                       std::vector<std::size_t> columns, std::vector<query::CheckExpression> held)
    : engine(std::move(of)),
      schema(std::move(table)),
      ordinals(std::move(columns)),
      checks(std::move(held)),
      batch(empty_batch(*schema)) {
  for (const std::size_t ordinal : ordinals) {
    Column& column = batch.columns[ordinal];
    const ColumnSchema& given = schema->columns[ordinal];
    slots.push_back(
        {&column, column.type().kind, nullptr, !given.not_null || given.identity});  // An identity is numbered.
  }
  make_room();
}

void Appender::State::make_room() try {
  static constexpr std::array<std::uint64_t, kBatchRowsMax / 64> kAllNull{};
  const std::size_t count = rows_of_room(*schema);
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    const bool given = std::ranges::find(ordinals, i) != ordinals.end();
    batch.columns[i].extend(count, given ? nullptr : kAllNull.data());
  }
  for (Slot& slot : slots) slot.values = slot.column->data();
} catch (const std::bad_alloc&) {  // Room is there in all columns or in none.
  for (Column& column : batch.columns) column.truncate(rows);
  throw;
}

void Appender::State::forget_rows() noexcept {
  for (Column& column : batch.columns) column.clear();
  blobs.clear();
  rows = bytes = open_bytes = leavings = blobs_of_rows = 0;
}

void Appender::State::wrong_row(std::string_view what, std::string_view type) noexcept {
  if (error) return;
  attempt([&] {
    const std::string was = "was " + std::string(what) + std::string(type);
    error =
        Error(Code::invalid_argument, "a row for table '" + schema->name + "' " +
                                          (next == kNoRow ? was + " before it was begun"
                                                          : "has " + std::to_string(ordinals.size()) + " columns; it " +
                                                                was + " after " + std::to_string(next) + " of them"))
            .with_sqlstate("42601");
  });
}

void Appender::State::wrong(const Slot& slot, std::string_view given) noexcept {
  attempt([&] {
    const ColumnSchema& of = column_of(slot);
    error = Error(Code::invalid_argument,
                  "column '" + of.name + "' is " + type_name(of.type) + "; it was given a " + std::string(given))
                .with_sqlstate("42804");
  });
}

// As an insert says it, but of this row alone: in a batch it would take the others with it.
void Appender::State::no_null(const Slot& slot) noexcept {
  attempt([&] { error = refuse_null(*schema, column_of(slot)); });
}

void Appender::State::wrong_vector(const Slot& slot, std::size_t dimension) noexcept {
  attempt([&] { wrong(slot, "VECTOR(" + std::to_string(dimension) + ")"); });
}

void Appender::State::put_bytes(const Slot& slot, Bytes value) noexcept {
  attempt([&] { slot.column->set_bytes(rows, value); });
  open_bytes += value.size();
}

void Appender::State::put_decimal(const Slot& slot, std::int64_t unscaled) noexcept {
  const Type& type = slot.column->type();
  const std::int64_t limit = power_of_ten(type.precision);
  if (unscaled < limit && unscaled > -limit) return set(slot, unscaled);
  attempt([&] { error = rescale(unscaled, type.scale, type.precision, type.scale).error(); });  // As INSERT says it.
}

// Text for a column of another type.
void Appender::State::put_text(const Slot& slot, std::string_view value) noexcept {
  attempt([&] {
    auto converted = Value::from_text(slot.column->type(), value);
    if (!converted) {
      error = std::move(converted).error();
    } else {
      put_bytes(slot, as_bytes(converted->bytes()));
    }
  });
}

// A value from a BlobWriter, which need not live until the row is committed.
void Appender::State::put_reference(const Slot& slot, const Value& value) {
  if (slot.kind != TypeKind::blob) return wrong(slot, "BLOB");
  const auto ref = reference_of(*engine, value);
  const ColumnSchema& column = column_of(slot);
  if (!ref) {
    error = ref.error();
  } else if (is_indexed(*schema, column.id)) {
    error = Error(Code::unsupported, "column '" + column.name + "' has an index: its values must be given whole")
                .with_sqlstate("0A000");
  } else {
    blobs.push_back(engine->store().blobs().find(FileNumber{ref->file}));
    slot.column->set_copy(rows, as_reference(*ref));
    open_bytes += kReferenceBytes;
  }
}

Result<void> Appender::State::add_row() {
  if (next != slots.size()) wrong_row("ended");
  if (error) {
    drop_row();
    return *std::exchange(error, std::nullopt);
  }
  next = kNoRow;
  if (!checks.empty()) {
    if (auto held = guarded([&] { return hold_checks(); }); !held) {
      drop_row();
      return held;
    }
  }
  ++rows;
  bytes += open_bytes;
  if (rows < kFlushRows && bytes < kFlushBytes) {
    open_bytes = 0;
    blobs_of_rows = blobs.size();
    return {};
  }
  auto committed = guarded([&] { return commit(std::nullopt); });
  if (!committed) {
    --rows;  // Whoever is told that it was not added may add it again.
    bytes -= open_bytes;
    for (Column& column : batch.columns) column.truncate(rows);  // Some may be others now: room is to be made anew.
    drop_row();
  }
  return committed;
}

Result<void> Appender::State::hold_checks() {
  std::vector<Column> now;
  now.emplace_back(Type{.kind = TypeKind::timestamp}).append(engine->now_ns());
  const query::Selection row{static_cast<query::RowIndex>(rows)};
  Batch open;
  for (const Column& column : batch.columns) open.columns.push_back(query::gather(column, row));
  if (blobs.size() > blobs_of_rows) TRY(load_what_checks_read(open));
  return query::hold_checks(checks, *schema,
                            {.batch = open, .rows = 1, .parameters = now, .budget = &engine->store().budget()});
}

// As an INSERT does it: a CHECK needs the bytes of a value at hand.
Result<void> Appender::State::load_what_checks_read(Batch& row) const {
  for (const query::CheckExpression& check : checks) {
    std::vector<std::size_t> read;
    query::for_each_column(*check.predicate, [&](const query::Expression& column) { read.push_back(column.index); });
    for (const std::size_t ordinal : read) {
      if (has_references(row.columns[ordinal])) TRY(load_blobs(engine->store(), row.columns[ordinal]));
    }
  }
  return {};
}

void Appender::State::drop_row() noexcept {
  next = kNoRow;
  blobs.erase(blobs.begin() + static_cast<std::ptrdiff_t>(blobs_of_rows), blobs.end());
  leavings += std::exchange(open_bytes, 0);
  if (leavings < kFlushBytes) return;
  if (auto dropped = guarded([&] { drop_leavings(); }); !dropped) {
    // There is no memory to copy to: with the next row that is dropped, then.
  }
}

// The text of refused rows lies between that of others until those are committed. Where none are, or they cannot be, it
// is left behind.
void Appender::State::drop_leavings() {
  Batch kept = empty_batch(*schema);
  for (std::size_t i = 0; i < kept.columns.size(); ++i) kept.columns[i].append_run(batch.columns[i], 0, rows);
  std::ranges::move(kept.columns, batch.columns.begin());  // Where the slots look for them.
  leavings = 0;
}

// More than that no transaction may hold, however long it waits.
std::size_t Appender::State::transaction_bytes_max() const {
  return engine->store().budget().share_cap(MemoryShare::queries);
}

Result<void> Appender::State::commit(std::optional<Durability> durability) {
  if (next != kNoRow) drop_row();
  if (rows == 0) return {};
  for (Column& column : batch.columns) column.truncate(rows);
  auto committed = commit_batch(durability);
  if (committed) forget_rows();
  if (auto made = guarded([&] { make_room(); }); !made) {
    // The next row asks again. Here it is asked ahead, so that rows that are only stored ask for nothing.
  }
  return committed;
}

Result<void> Appender::State::commit_batch(std::optional<Durability> durability) {
  int idle_rounds = 0;
  for (;;) {
    auto transaction = TRY(engine->begin());
    const auto current = transaction->find_table(schema->id);
    if (current != schema) {
      return Error(Code::conflict, "table '" + schema->name + "' was changed since the appender was made");
    }
    transaction->begin_statement();
    if (auto inserted = transaction->insert_lent(schema->id, batch); !inserted) {
      if (inserted.error().code() != Code::full || bytes_of(batch) > transaction_bytes_max()) return inserted;
      transaction.reset();  // Its snapshot holds rows that a flush could free.
      const bool waited = TRY(engine->store().wait_for_memory(idle_rounds));
      if (!waited) return inserted;
      continue;
    }
    TRY(transaction->check_unique());
    auto committed = transaction->commit(durability);
    if (!committed && committed.error().code() == Code::conflict) continue;  // Another one won; look again.
    if (!committed) return std::move(committed).error();
    return {};
  }
}

// ---- The public face -------------------------------------------------------------------------------------------

Appender::Appender(std::unique_ptr<State> state) : state_(std::move(state)) {}
Appender::Appender(Appender&&) noexcept = default;
Appender& Appender::operator=(Appender&& other) noexcept {
  const Appender before(std::move(state_));  // Whose end flushes.
  state_ = std::move(other.state_);
  return *this;
}

Appender::~Appender() {
  if (!state_) return;
  if (auto flushed = flush(); !flushed) {
    // As documented: who wants to know calls flush().
  }
}

void Appender::begin_row() noexcept { state_->begin(); }

void Appender::put(std::nullptr_t) noexcept {
  const State::Slot* slot = state_->next_slot("NULL");
  if (slot == nullptr) return;
  if (!slot->takes_null) return state_->no_null(*slot);
  state_->attempt([&] { slot->column->set_null(state_->rows); });
}

void Appender::put(bool value) noexcept {
  const State::Slot* slot = state_->next_slot("BOOL");
  if (slot == nullptr) return;
  if (slot->kind != TypeKind::boolean) return state_->wrong(*slot, "BOOL");
  state_->set(*slot, std::uint8_t{value});
}

void Appender::put(std::int64_t value) noexcept {
  const State::Slot* slot = state_->next_slot("INT");
  if (slot == nullptr) return;
  switch (slot->kind) {
    case TypeKind::integer:
    case TypeKind::timestamp: return state_->set(*slot, value);
    case TypeKind::decimal: return state_->put_decimal(*slot, value);
    case TypeKind::floating: return state_->set(*slot, static_cast<double>(value));
    case TypeKind::real: return state_->set(*slot, static_cast<float>(value));
    case TypeKind::date:
      if (value == static_cast<std::int32_t>(value)) return state_->set(*slot, static_cast<std::int32_t>(value));
      return state_->wrong(*slot, "number of days out of range");
    default: return state_->wrong(*slot, "INT");
  }
}

void Appender::put(double value) noexcept {
  const State::Slot* slot = state_->next_slot("FLOAT");
  if (slot == nullptr) return;
  if (slot->kind == TypeKind::floating) return state_->set(*slot, value);
  if (slot->kind == TypeKind::real) return state_->set(*slot, static_cast<float>(value));
  state_->wrong(*slot, "FLOAT");
}

void Appender::put(std::string_view value) noexcept {
  const State::Slot* slot = state_->next_slot("TEXT");
  if (slot == nullptr) return;
  if (slot->kind != TypeKind::text && slot->kind != TypeKind::blob) return state_->put_text(*slot, value);
  if (slot->kind == TypeKind::text && !is_valid_utf8(value)) return state_->wrong(*slot, "text that is no UTF-8");
  state_->put_bytes(*slot, as_bytes(value));
}

void Appender::put(std::span<const float> value) noexcept {
  const State::Slot* slot = state_->next_slot("VECTOR");
  if (slot == nullptr) return;
  const Type& type = slot->column->type();
  if (type.kind != TypeKind::vector || type.element != VectorElement::f32 || type.dimension != value.size()) {
    return state_->wrong_vector(*slot, value.size());
  }
  if (state_->holds([&] { return check_elements(value); })) state_->put_bytes(*slot, std::as_bytes(value));
}

void Appender::put(const Value& value) noexcept {
  if (value.is_null()) return put(nullptr);
  if (state_->next >= state_->slots.size()) {
    return state_->attempt([&] { state_->wrong_row("given a ", type_name(value.type())); });
  }
  const State::Slot* slot = state_->next_slot("value");
  if (slot == nullptr) return;
  if (value.is_reference()) return state_->attempt([&] { state_->put_reference(*slot, value); });
  if (value.type() == slot->column->type()) {
    if (state_->holds([&] { return check_value(value); })) state_->put_bytes(*slot, as_bytes(value.bytes()));
    return;
  }
  --state_->next;
  switch (value.type().kind) {
    case TypeKind::integer: return put(value.as_int());
    case TypeKind::floating:
    case TypeKind::real: return put(value.as_double());
    case TypeKind::text: return put(value.as_text());
    default: ++state_->next; return state_->attempt([&] { state_->wrong(*slot, type_name(value.type())); });
  }
}

Result<void> Appender::end_row() {
  return guarded(*state_->engine, [&] { return state_->add_row(); });
}

Result<void> Appender::append(std::span<const Value> row) {
  begin_row();
  for (const Value& value : row) put(value);
  return end_row();
}

Result<void> Appender::flush(std::optional<Durability> durability) {
  return guarded(*state_->engine, [&] { return state_->commit(durability); });
}

Result<Appender> Database::appender(std::string_view table, std::span<const std::string> columns) {
  return guarded(*state_->engine, [&]() -> Result<Appender> {
    const auto& engine = state_->engine;
    if (engine->store().is_read_only()) return engine->store().refuse_write();
    const auto schema = TRY(find_table(*engine, table));
    std::vector<std::size_t> ordinals;
    for (std::size_t i = 0; columns.empty() && i < schema->columns.size(); ++i) {
      if (!schema->columns[i].hidden) ordinals.push_back(i);
    }
    for (const std::string& name : columns) {
      const ColumnSchema* column = schema->find(name);
      if (column == nullptr) {
        return Error(Code::not_found, "table '" + schema->name + "' has no column '" + name + "'")
            .with_sqlstate("42703");
      }
      ordinals.push_back(*schema->ordinal_of(column->id));
    }
    for (std::size_t i = 0; i < schema->columns.size(); ++i) {
      const ColumnSchema& column = schema->columns[i];
      if (std::ranges::find(ordinals, i) != ordinals.end()) continue;
      if (!column.default_sql.empty()) {
        return Error(Code::unsupported, "column '" + column.name + "' has a DEFAULT: an appender must give it");
      }
      if (!column.not_null || column.identity) continue;
      return Error(Code::constraint, "column '" + column.name + "' is NOT NULL: an appender must give it")
          .with_sqlstate("23502");
    }
    const auto transaction = TRY(engine->begin());
    auto checks = TRY(sql::bind_checks(schema, bind_context(*transaction, {})));
    return Appender(std::make_unique<Appender::State>(engine, schema, std::move(ordinals), std::move(checks)));
  });
}

}  // namespace mneme
