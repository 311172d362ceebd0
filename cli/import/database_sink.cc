// Rows go through an Appender a table, value by value out of the columns, with no Value in between.
#include "import/database_sink.h"

#include <span>

#include "import/table_sql.h"
#include "import/try.h"

namespace mneme::cli {
namespace {

constexpr std::string_view kPending = "_import_pending_";

void put_vector(Appender& appender, const ColumnBatch& column, std::size_t row) {
  const Type& type = column.type();
  const auto* at = reinterpret_cast<const char*>(column.fixed().data()) + row * type.width();
  if (type.element == VectorElement::f32) {
    return appender.put(std::span(reinterpret_cast<const float*>(at), type.dimension));
  }
  appender.put(Value::of_bytes(type, {at, type.width()}));
}

void put(Appender& appender, const ColumnBatch& column, std::size_t row) {
  if (column.is_null(row)) return appender.put(nullptr);
  switch (column.type().kind) {
    case TypeKind::boolean: return appender.put(column.value<std::uint8_t>(row) != 0);
    case TypeKind::integer:
    case TypeKind::timestamp: return appender.put(column.value<std::int64_t>(row));
    case TypeKind::date: return appender.put(std::int64_t{column.value<std::int32_t>(row)});
    case TypeKind::real: return appender.put(static_cast<double>(column.value<float>(row)));
    case TypeKind::floating: return appender.put(column.value<double>(row));
    case TypeKind::vector: return put_vector(appender, column, row);
    default: return appender.put(column.text_at(row));
  }
}

}  // namespace

Result<void> DatabaseSink::begin() {
  connection_.set_durability(Durability::os);  // The closing transaction waits for all.
  for (const DatabaseInfo::TableInfo& table : TRY(database_.info()).tables) {
    if (table.name.starts_with(kPending)) {
      TRY(connection_.execute("DROP TABLE " + quoted_name(table.name)));
    } else {
      existing_.insert(table.name);
    }
  }
  return {};
}

Result<std::size_t> DatabaseSink::begin_table(const ImportTable& table) {
  std::string name = prefix_ + table.name;
  if (existing_.contains(name)) {
    return Error(Code::already_exists, "table '" + name + "' exists already")
        .with_hint("give another name with --table, or drop the table");
  }
  std::string pending = std::string(kPending) + std::to_string(tables_.size());
  TRY(connection_.execute(create_table_sql(pending, table)));
  tables_.push_back({std::move(name), std::move(pending)});
  return tables_.size() - 1;
}

Result<void> DatabaseSink::append(std::size_t number, const TableBatch& batch) {
  const Table& table = tables_[number];
  Appender appender = TRY(database_.appender(table.pending));  // A new one each time: it keeps no memory in between.
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    appender.begin_row();
    for (const ColumnBatch& column : batch.columns) put(appender, column, row);
    if (auto done = appender.end_row(); !done) return std::move(done).error().during("table '" + table.name + "'");
  }
  return appender.flush(Durability::os);
}

Result<void> DatabaseSink::publish() {
  connection_.set_durability(Durability::commit);
  TRY(connection_.execute("BEGIN"));
  for (const Table& table : tables_) {
    TRY(connection_.execute("ALTER TABLE " + quoted_name(table.pending) + " RENAME TO " + quoted_name(table.name)));
  }
  TRY(connection_.execute("COMMIT"));
  return {};
}

void DatabaseSink::abandon() {
  if (connection_.in_transaction()) (void)connection_.execute("ROLLBACK").has_value();
  std::string sql;
  for (const Table& table : tables_) sql += (sql.empty() ? "DROP TABLE " : ", ") + quoted_name(table.pending);
  if (!sql.empty()) (void)connection_.execute(sql).has_value();  // If this fails, the next import drops them.
}

}  // namespace mneme::cli
