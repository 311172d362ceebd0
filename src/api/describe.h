// What a table is, in words: its CREATE TABLE statement and its sizes.
#pragma once

#include "api/engine.h"

namespace mneme {

std::string quoted_name(std::string_view name);  // In double quotes, inner ones doubled.
std::string create_table_sql(const TableSchema& schema);
// Without rows that the transaction itself added.
DatabaseInfo::TableInfo describe_table(const Transaction& transaction, const TableSchema& schema);
// 42P01: there is none.
Result<std::shared_ptr<const TableSchema>> find_table(Engine& engine, std::string_view name);

}  // namespace mneme
