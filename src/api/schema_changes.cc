// CREATE, ALTER and DROP: bound to schemas, handed to the transaction.
#include <algorithm>

#include "api/session.h"

namespace mneme {
namespace {

Error no_table(const sql::TableName& name) {
  return Error(Code::not_found, "table '" + name.name + "' does not exist").with_sqlstate("42P01").at(name.at);
}

Result<void> create(Transaction& transaction, const sql::CreateTable& statement) {
  if (statement.if_not_exists && transaction.find_table(statement.name.name) != nullptr) return {};
  TableSchema schema = TRY(sql::bind_create_table(statement, bind_context(transaction, {})));
  return transaction.create_table(std::move(schema));
}

Result<void> drop(Transaction& transaction, const sql::DropTable& statement) {
  for (const sql::TableName& name : statement.tables) {
    const auto table = transaction.find_table(name.name);
    if (table == nullptr && statement.if_exists) continue;
    if (table == nullptr) return no_table(name);
    TRY(transaction.drop_table(table->id));
  }
  return {};
}

// Rows that are there read the DEFAULT of an added column. 23502: there are some, and it may not be NULL.
Result<void> check_added(Transaction& transaction, const TableSchema& before, const TableSchema& after) {
  for (const ColumnSchema& column : after.columns) {
    if (!column.not_null || !column.missing_value.empty() || before.find(column.id) != nullptr) continue;
    ScanRequest request;
    request.table = before.id;
    const auto reader = TRY(transaction.scan(std::move(request)));
    std::vector<RowId> rows;
    if (!TRY(reader->next(rows))) return {};
    return Error(Code::constraint,
                 "column \"" + column.name + "\" of table \"" + before.name + "\" would be NULL in the rows there are")
        .with_sqlstate("23502")
        .with_hint("give it a DEFAULT");
  }
  return {};
}

Result<void> alter(Transaction& transaction, const sql::AlterTable& statement) {
  const auto table = transaction.find_table(statement.table.name);
  if (table == nullptr && statement.if_exists) return {};
  if (table == nullptr) return no_table(statement.table);
  sql::BindContext context = bind_context(transaction, {});
  context.now_ns = transaction.now_ns();
  TableSchema next = TRY(sql::bind_alter_table(statement, *table, context));
  TRY(check_added(transaction, *table, next));
  return transaction.alter_table(std::move(next));
}

// The table that has an index of this name; null: none.
std::shared_ptr<const TableSchema> table_of_index(const Transaction& transaction, std::string_view name) {
  for (const auto& table : transaction.tables()) {
    if (std::ranges::find(table->indexes, name, &IndexSchema::name) != table->indexes.end()) return table;
  }
  return nullptr;
}

Result<void> create_index(Transaction& transaction, const sql::CreateIndex& statement) {
  const auto table = transaction.find_table(statement.table.name);
  if (table == nullptr) return no_table(statement.table);
  if (statement.name && table_of_index(transaction, statement.name->text) != nullptr) {
    if (statement.if_not_exists) return {};
    return Error(Code::already_exists, "index '" + statement.name->text + "' already exists")
        .with_sqlstate("42P07")
        .at(statement.name->at);
  }
  return transaction.alter_table(TRY(sql::bind_create_index(statement, *table)));
}

Result<void> drop_index(Transaction& transaction, const sql::DropIndex& statement) {
  for (const sql::TableName& name : statement.indexes) {
    const auto table = table_of_index(transaction, name.name);
    if (table == nullptr && statement.if_exists) continue;
    if (table == nullptr) {
      return Error(Code::not_found, "index '" + name.name + "' does not exist").with_sqlstate("42704").at(name.at);
    }
    TableSchema next = *table;
    const auto gone = std::ranges::find(next.indexes, name.name, &IndexSchema::name);
    if (gone->primary) {
      return Error(Code::invalid_argument,
                   "index '" + name.name + "' is the primary key of table '" + table->name + "'")
          .with_sqlstate("2BP01")
          .at(name.at);
    }
    next.indexes.erase(gone);
    TRY(transaction.alter_table(std::move(next)));
  }
  return {};
}

}  // namespace

Result<bool> create_table_as(Transaction& transaction, const sql::Statement& statement,
                             std::span<const Value> parameters) {
  const auto& create = std::get<sql::CreateTableAs>(statement.node);
  if (create.if_not_exists && transaction.find_table(create.name.name) != nullptr) return false;
  const ParameterTypes types = types_of(parameters);
  TableSchema schema = TRY(sql::bind_create_table_as(create, statement.parameters, bind_context(transaction, types)));
  TRY(transaction.create_table(std::move(schema)));
  return create.with_data;
}

Result<bool> run_schema_change(Transaction& transaction, const sql::Statement& statement) {
  const auto done = [](Result<void> outcome) -> Result<bool> {
    if (!outcome) return std::move(outcome).error();
    return true;
  };
  if (const auto* node = std::get_if<sql::CreateTable>(&statement.node)) return done(create(transaction, *node));
  if (const auto* node = std::get_if<sql::DropTable>(&statement.node)) return done(drop(transaction, *node));
  if (const auto* node = std::get_if<sql::AlterTable>(&statement.node)) return done(alter(transaction, *node));
  if (const auto* node = std::get_if<sql::CreateIndex>(&statement.node)) return done(create_index(transaction, *node));
  if (const auto* node = std::get_if<sql::DropIndex>(&statement.node)) return done(drop_index(transaction, *node));
  return false;
}

}  // namespace mneme
