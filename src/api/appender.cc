#include "api/appender_state.h"
#include "api/describe.h"
#include "api/guarded.h"
#include "types/utf8.h"
#include "types/value_column.h"

namespace mneme {
namespace {

constexpr std::size_t kFlushRows = 16'384;

Batch empty_batch(const TableSchema& schema) {
  Batch batch;
  for (const ColumnSchema& column : schema.columns) batch.columns.emplace_back(column.type);
  return batch;
}

}  // namespace

Appender::State::State(std::shared_ptr<Engine> of, std::shared_ptr<const TableSchema> table,
                       std::vector<std::size_t> columns)
    : engine(std::move(of)), schema(std::move(table)), ordinals(std::move(columns)), batch(empty_batch(*schema)) {}

Column* Appender::State::next_column(std::string_view given) {
  if (error) return nullptr;
  if (next < ordinals.size()) return &batch.columns[ordinals[next++]];
  error =
      Error(Code::invalid_argument, "a row for table '" + schema->name + "' has " + std::to_string(ordinals.size()) +
                                        " columns; one more was given, a " + std::string(given))
          .with_sqlstate("42601");
  return nullptr;
}

void Appender::State::wrong(const Column& column, std::string_view given) {
  const ColumnSchema& of = schema->columns[ordinals[next - 1]];
  error = Error(Code::invalid_argument,
                "column '" + of.name + "' is " + type_name(column.type()) + "; it was given a " + std::string(given))
              .with_sqlstate("42804");
}

void Appender::State::forget_row() {
  for (Column& column : batch.columns) {
    if (column.rows() == rows) continue;
    Column shorter(column.type());
    shorter.append_run(column, 0, rows);
    column = std::move(shorter);
  }
}

Result<void> Appender::State::commit(std::optional<Durability> durability) {
  if (rows == 0) return {};
  for (;;) {
    const auto transaction = TRY(engine->begin());
    const auto current = transaction->find_table(schema->id);
    if (current != schema) {
      return Error(Code::conflict, "table '" + schema->name + "' was changed since the appender was made");
    }
    transaction->begin_statement();
    TRY(transaction->insert(schema->id, batch));
    TRY(transaction->check_unique());
    auto committed = transaction->commit(durability);
    if (!committed && committed.error().code() == Code::conflict) continue;  // Another one won; look again.
    if (!committed) return std::move(committed).error();
    break;
  }
  for (Column& column : batch.columns) column.clear();
  rows = 0;
  bytes = 0;
  return {};
}

// ---- The public face -------------------------------------------------------------------------------------------

Appender::Appender(std::unique_ptr<State> state) : state_(std::move(state)) {}
Appender::Appender(Appender&&) noexcept = default;
Appender& Appender::operator=(Appender&&) noexcept = default;

Appender::~Appender() {
  if (!state_) return;
  if (auto flushed = flush(); !flushed) {
    // As documented: who wants to know calls flush().
  }
}

void Appender::begin_row() noexcept {
  state_->next = 0;
  state_->error.reset();
}

void Appender::put(std::nullptr_t) noexcept {
  if (Column* column = state_->next_column("NULL")) column->append_null();
}

void Appender::put(bool value) noexcept {
  Column* column = state_->next_column("BOOL");
  if (column == nullptr) return;
  if (column->type().kind != TypeKind::boolean) return state_->wrong(*column, "BOOL");
  column->append(std::uint8_t{value});
}

void Appender::put(std::int64_t value) noexcept {
  Column* column = state_->next_column("INT");
  if (column == nullptr) return;
  switch (column->type().kind) {
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::decimal: return column->append(value);
    case TypeKind::floating: return column->append(static_cast<double>(value));
    case TypeKind::real: return column->append(static_cast<float>(value));
    case TypeKind::date:
      if (value == static_cast<std::int32_t>(value)) return column->append(static_cast<std::int32_t>(value));
      return state_->wrong(*column, "number of days out of range");
    default: return state_->wrong(*column, "INT");
  }
}

void Appender::put(double value) noexcept {
  Column* column = state_->next_column("FLOAT");
  if (column == nullptr) return;
  if (column->type().kind == TypeKind::floating) return column->append(value);
  if (column->type().kind == TypeKind::real) return column->append(static_cast<float>(value));
  state_->wrong(*column, "FLOAT");
}

void Appender::put(std::string_view value) {
  Column* column = state_->next_column("TEXT");
  if (column == nullptr) return;
  if (column->type().kind == TypeKind::text || column->type().kind == TypeKind::blob) {
    if (column->type().kind == TypeKind::text && !is_valid_utf8(value))
      return state_->wrong(*column, "text that is no UTF-8");
    state_->bytes += value.size();
    return column->append_bytes(as_bytes(value));
  }
  auto converted = Value::from_text(column->type(), value);
  if (!converted) {
    state_->error = std::move(converted).error();
  } else {
    append_value(*column, *converted);
  }
}

void Appender::put(std::span<const float> value) {
  Column* column = state_->next_column("VECTOR");
  if (column == nullptr) return;
  const Type& type = column->type();
  if (type.kind != TypeKind::vector || type.element != VectorElement::f32 || type.dimension != value.size()) {
    return state_->wrong(*column, "VECTOR(" + std::to_string(value.size()) + ")");
  }
  state_->bytes += value.size_bytes();
  column->append_fixed(std::as_bytes(value));
}

void Appender::put(const Value& value) {
  if (value.is_null()) return put(nullptr);
  Column* column = state_->next_column(type_name(value.type()));
  if (column == nullptr) return;
  if (value.type() == column->type()) {
    state_->bytes += value.bytes().size();
    return append_value(*column, value);
  }
  --state_->next;
  switch (value.type().kind) {
    case TypeKind::integer: return put(value.as_int());
    case TypeKind::floating:
    case TypeKind::real: return put(value.as_double());
    case TypeKind::text: return put(value.as_text());
    default: ++state_->next; return state_->wrong(*column, type_name(value.type()));
  }
}

Result<void> Appender::end_row() {
  return guarded(*state_->engine, [&]() -> Result<void> {
    State& state = *state_;
    if (!state.error && state.next < state.ordinals.size()) {
      state.error = Error(Code::invalid_argument, "a row for table '" + state.schema->name + "' has " +
                                                      std::to_string(state.ordinals.size()) + " columns; " +
                                                      std::to_string(state.next) + " were given")
                        .with_sqlstate("42601");
    }
    if (state.error) {
      state.forget_row();
      return *std::exchange(state.error, std::nullopt);
    }
    if (state.ordinals.size() < state.batch.columns.size()) {
      for (Column& column : state.batch.columns) {
        if (column.rows() == state.rows) column.append_null();
      }
    }
    ++state.rows;
    if (state.rows < kFlushRows && state.bytes < (std::size_t{1} << 20)) return {};
    return state.commit(std::nullopt);
  });
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
      if (schema->columns[i].default_sql.empty() || std::ranges::find(ordinals, i) != ordinals.end()) continue;
      return Error(Code::unsupported,
                   "column '" + schema->columns[i].name + "' has a DEFAULT: an appender must give it");
    }
    return Appender(std::make_unique<Appender::State>(engine, schema, std::move(ordinals)));
  });
}

}  // namespace mneme
