#include "salvage/catalogue.h"

#include <algorithm>

#include "storage/catalog_bytes.h"

namespace mneme {
namespace {

constexpr std::size_t kVersionsKept = 16;  // Of a table, as segments tell of them.

bool all_there(const TableSchema& schema, const std::vector<ColumnId>& ids) {
  return std::ranges::all_of(ids, [&](ColumnId id) { return schema.find(id) != nullptr; });
}

template <class T>
bool distinct(std::vector<T> values) {
  std::ranges::sort(values);
  return std::ranges::adjacent_find(values) == values.end();
}

}  // namespace

bool is_sound(const TableSchema& schema) {
  if (schema.name.empty() || schema.columns.empty() || schema.columns.size() > kColumnsMax) return false;
  std::vector<ColumnId> ids;
  std::vector<std::string> names;
  for (const ColumnSchema& column : schema.columns) {
    ids.push_back(column.id);
    names.push_back(column.name);
  }
  if (!distinct(ids) || !distinct(names) || std::ranges::find(ids, ColumnId{0}) != ids.end()) return false;
  if (!all_there(schema, schema.primary_key)) return false;
  if (schema.time_column && schema.find(*schema.time_column) == nullptr) return false;
  std::vector<IndexId> indexes;
  for (const IndexSchema& index : schema.indexes) {
    indexes.push_back(index.id);
    if (index.columns.empty() || !distinct(index.columns) || !all_there(schema, index.columns)) return false;
  }
  return distinct(indexes);
}

bool Catalogue::begin_with(Bytes checkpoint, TableId next_table) {
  const auto version = decode_catalog(checkpoint);
  if (!version) return false;
  for (const auto& [id, table] : version->tables) {
    if (is_sound(*table.schema)) versions_[id].insert_or_assign(table.schema->version, *table.schema);
  }
  next_table_ = next_table;
  return true;
}

void Catalogue::learn(Bytes bytes, TableId table) {
  if (table < next_table_ && !versions_.contains(table)) return;  // Dropped.
  auto schema = decode_schema(bytes);
  if (!schema || schema->id != table || !is_sound(*schema)) return;
  auto& versions = versions_[table];
  versions.emplace(schema->version, *std::move(schema));
  if (versions.size() > kVersionsKept) versions.erase(versions.begin());
}

void Catalogue::apply(const Change& change) {
  const auto take = [this](const TableSchema& schema) {
    if (!is_sound(schema)) return;
    auto& versions = versions_[schema.id];
    versions.erase(versions.upper_bound(schema.version), versions.end());
    versions.insert_or_assign(schema.version, schema);
  };
  if (const auto* create = std::get_if<CreateTable>(&change)) take(create->schema);
  if (const auto* alter = std::get_if<AlterTable>(&change)) take(alter->schema);
  if (const auto* drop = std::get_if<DropTable>(&change)) {
    versions_.erase(drop->table);
    dropped_.insert(drop->table);
  }
}

const TableSchema* Catalogue::find(TableId table) const {
  const auto found = versions_.find(table);
  return found == versions_.end() || found->second.empty() ? nullptr : &found->second.rbegin()->second;
}

std::vector<const TableSchema*> Catalogue::older(TableId table) const {
  std::vector<const TableSchema*> schemas;
  const auto found = versions_.find(table);
  if (found == versions_.end() || found->second.empty()) return schemas;
  for (auto version = std::next(found->second.rbegin()); version != found->second.rend(); ++version) {
    schemas.push_back(&version->second);
  }
  return schemas;
}

std::map<TableId, TableSchema> Catalogue::tables() const {
  std::map<TableId, TableSchema> tables;
  std::set<std::string> names;
  for (auto entry = versions_.rbegin(); entry != versions_.rend(); ++entry) {  // The youngest keeps its name.
    if (entry->second.empty()) continue;
    TableSchema schema = entry->second.rbegin()->second;
    while (!names.insert(schema.name).second) {
      schema.name += "_" + std::to_string(static_cast<std::uint64_t>(entry->first));
    }
    tables.emplace(entry->first, std::move(schema));
  }
  return tables;
}

}  // namespace mneme
