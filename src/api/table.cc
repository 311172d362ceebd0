#include <algorithm>
#include <map>

#include "api/connection_state.h"
#include "api/describe.h"
#include "api/guarded.h"

namespace mneme {

struct Table::State {
  State(std::shared_ptr<ConnectionCore> of, std::shared_ptr<const TableSchema> table)
      : core(std::move(of)), schema(std::move(table)) {}
  Result<std::unique_ptr<ResultData>> run(const std::string& sql, std::span<const Value> parameters);
  [[nodiscard]] std::vector<std::string> key_names() const;  // Quoted.
  Result<std::string> where_key_is(std::span<const Value> key) const;

  const std::shared_ptr<ConnectionCore> core;
  const std::shared_ptr<const TableSchema> schema;
  std::map<std::string, std::shared_ptr<PreparedStatement>> prepared;  // Under the core's mutex.
};

Result<std::unique_ptr<ResultData>> Table::State::run(const std::string& sql, std::span<const Value> parameters) {
  Lock lock(core->mutex);
  auto found = prepared.find(sql);
  if (found == prepared.end()) found = prepared.emplace(sql, TRY(core->session.prepare(sql))).first;
  return core->session.execute(*found->second, parameters);
}

std::vector<std::string> Table::State::key_names() const {
  std::vector<std::string> names;
  if (schema->primary_key.empty()) {
    names.push_back(quoted_name(std::ranges::find_if(schema->columns, &ColumnSchema::hidden)->name));
  }
  for (const ColumnId id : schema->primary_key) names.push_back(quoted_name(schema->find(id)->name));
  return names;
}

Result<std::string> Table::State::where_key_is(std::span<const Value> key) const {
  const auto names = key_names();
  if (key.size() != names.size()) {
    return Error(Code::invalid_argument, "the primary key of table '" + schema->name + "' has " +
                                             std::to_string(names.size()) + " columns, but " +
                                             std::to_string(key.size()) + " values were given")
        .with_sqlstate("22023");
  }
  std::string where;
  for (std::size_t i = 0; i < names.size(); ++i) {
    where += (i == 0 ? " WHERE " : " AND ") + names[i] + " = $" + std::to_string(i + 1);
  }
  return where;
}

Table::Table(std::unique_ptr<State> state) : state_(std::move(state)) {}
Table::Table(Table&&) noexcept = default;
Table& Table::operator=(Table&&) noexcept = default;
Table::~Table() { leave_in_child(state_); }

const std::string& Table::name() const noexcept { return state_->schema->name; }

Result<std::vector<ColumnInfo>> Table::columns() const {
  std::vector<ColumnInfo> columns;
  for (const ColumnSchema& column : state_->schema->columns) {
    if (!column.hidden) columns.push_back({column.name, column.type});
  }
  return columns;
}

Result<Value> Table::insert(std::initializer_list<NamedValue> row) {
  return insert(std::span(row.begin(), row.size()));
}

Result<Value> Table::insert(std::span<const NamedValue> row) {
  return guarded(*state_->core->engine, [&]() -> Result<Value> {
    std::string names;
    std::string places;
    std::vector<Value> values;
    for (const auto& [name, value] : row) {
      const char* comma = values.empty() ? "" : ", ";
      names += comma + quoted_name(name);
      values.push_back(value);
      places += comma + ("$" + std::to_string(values.size()));
    }
    const std::string what = row.empty() ? " DEFAULT VALUES" : " (" + names + ") VALUES (" + places + ")";
    const auto result = TRY(
        state_->run("INSERT INTO " + quoted_name(name()) + what + " RETURNING " + state_->key_names().front(), values));
    return result->value(0, 0);
  });
}

Result<std::optional<std::vector<Value>>> Table::get(std::span<const Value> key) {
  return guarded(*state_->core->engine, [&]() -> Result<std::optional<std::vector<Value>>> {
    const std::string where = TRY(state_->where_key_is(key));
    const auto result = TRY(state_->run("SELECT * FROM " + quoted_name(name()) + where, key));
    if (result->rows == 0) return std::optional<std::vector<Value>>();
    std::vector<Value> row;
    for (std::size_t i = 0; i < result->columns->size(); ++i) row.push_back(result->value(0, i));
    return std::optional(std::move(row));
  });
}

Result<std::uint64_t> Table::erase(std::span<const Value> key) {
  return guarded(*state_->core->engine, [&]() -> Result<std::uint64_t> {
    const std::string where = TRY(state_->where_key_is(key));
    return TRY(state_->run("DELETE FROM " + quoted_name(name()) + where, key))->changed_rows;
  });
}

Result<std::uint64_t> Table::count() {
  return guarded(*state_->core->engine, [&]() -> Result<std::uint64_t> {
    const auto result = TRY(state_->run("SELECT count(*) FROM " + quoted_name(name()), {}));
    return static_cast<std::uint64_t>(result->value(0, 0).as_int());
  });
}

Result<Table> Database::table(std::string_view name) {
  return guarded(*state_->engine, [&]() -> Result<Table> {
    const auto& engine = state_->engine;
    return Table(
        std::make_unique<Table::State>(std::make_shared<ConnectionCore>(engine), TRY(find_table(*engine, name))));
  });
}

}  // namespace mneme
