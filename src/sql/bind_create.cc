// CREATE TABLE and CREATE INDEX.
#include <charconv>

#include "sql/bind_error.h"
#include "sql/bind_operand.h"
#include "sql/bind_query.h"
#include "sql/bind_schema.h"

namespace mneme::sql {
namespace {

using namespace binding;

// The word or literal an option is set to.
std::string option_text(const Option& option) {
  if (!option.value) return "";
  if (const auto* literal = std::get_if<Literal>(&option.value->node)) return literal->text;
  if (const auto* word = std::get_if<ColumnRef>(&option.value->node)) return word->column;
  return "";
}

Result<void> set_durability(TableSchema& table, const Option& option) {
  const std::string level = option_text(option);
  if (level == "commit") {
    table.durability = Durability::commit;
  } else if (level == "interval") {
    table.durability = Durability::interval;
  } else if (level == "os") {
    table.durability = Durability::os;
  } else {
    return wrong("22023", "durability is 'commit', 'interval' or 'os'", option.name.at);
  }
  return {};
}

Result<void> set_interval(TableSchema& table, const Option& option) {
  constexpr std::uint32_t kIntervalMsMax = 60'000;
  const std::string text = option_text(option);
  std::uint32_t milliseconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || milliseconds == 0 ||
      milliseconds > kIntervalMsMax) {
    return wrong("22023", "interval_ms is a number of milliseconds from 1 to " + std::to_string(kIntervalMsMax),
                 option.name.at);
  }
  table.interval_ms = milliseconds;
  return {};
}

Result<void> set_time_column(TableSchema& table, const Option& option) {
  const std::string name = option_text(option);
  const ColumnSchema* column = table.find(name);
  if (column == nullptr) {
    return missing("42703", "column \"" + name + "\" of the time option does not exist", option.name.at);
  }
  if (column->type != kTimestamp) return wrong("42804", "the time column must be a TIMESTAMP", option.name.at);
  table.time_column = column->id;
  return {};
}

Result<void> set_option(TableSchema& table, const Option& option) {
  if (option.name.text == "durability") return set_durability(table, option);
  if (option.name.text == "interval_ms") return set_interval(table, option);
  if (option.name.text == "time") return set_time_column(table, option);
  const std::string known[] = {"durability", "interval_ms", "time"};
  return wrong("22023", "unrecognized parameter \"" + option.name.text + "\"", option.name.at)
      .with_hint(nearest_name(option.name.text, known).empty() ? "durability, interval_ms and time can be set"
                                                               : nearest_hint(option.name.text, known));
}

// A key that ends in a TIMESTAMP is sorted by it, so that is the time column unless another was named.
void infer_time_column(TableSchema& table) {
  if (table.time_column || table.primary_key.empty()) return;
  const ColumnSchema* last = table.find(table.primary_key.back());
  if (last->type == kTimestamp) table.time_column = last->id;
}

Result<void> add_columns(SchemaBuilder& builder, const CreateTable& create) {
  for (const ColumnDefinition& definition : create.columns) {
    TRY(builder.add_column(definition));
    for (const ColumnConstraint& constraint : definition.constraints) {
      if (constraint.kind != ColumnConstraint::Kind::primary_key) continue;
      TRY(builder.set_primary_key(constraint.name, {definition.name}, constraint.at));
    }
  }
  return {};
}

Result<void> add_constraint(SchemaBuilder& builder, const TableConstraint& constraint) {
  switch (constraint.kind) {
    case TableConstraint::Kind::primary_key:
      return builder.set_primary_key(constraint.name, constraint.columns, constraint.at);
    case TableConstraint::Kind::unique: return builder.add_unique(constraint.name, constraint.columns);
    case TableConstraint::Kind::check: return builder.add_check(constraint.name, *constraint.expression, "");
    case TableConstraint::Kind::foreign_key:
      return not_yet("FOREIGN KEY", constraint.at, "check with EXISTS before the insert");
  }
  return {};
}

Result<void> add_column_checks(SchemaBuilder& builder, const CreateTable& create) {
  for (const ColumnDefinition& definition : create.columns) {
    for (const ColumnConstraint& constraint : definition.constraints) {
      if (constraint.kind != ColumnConstraint::Kind::check) continue;
      TRY(builder.add_check(constraint.name, *constraint.expression, definition.name.text));
    }
  }
  return {};
}

Result<std::vector<Name>> index_columns(const std::vector<IndexColumn>& columns) {
  std::vector<Name> names;
  for (const IndexColumn& column : columns) {
    const auto* reference = std::get_if<ColumnRef>(&column.expression->node);
    if (reference == nullptr) {
      return not_yet("an index over an expression", column.expression->at, "add a column that holds its value");
    }
    if (!column.operator_class.empty()) {
      return not_yet("the operator class " + column.operator_class, column.expression->at,
                     "an ordered index has one order; nearest neighbours are found by a scan");
    }
    names.push_back({reference->column, column.expression->at});
  }
  return names;
}

}  // namespace

Result<TableSchema> bind_create_table(const CreateTable& create, const BindContext& context) {
  TRY(check_schema_name(create.name));
  TableSchema table;
  table.name = create.name.name;
  SchemaBuilder builder(table, context);
  TRY(add_columns(builder, create));
  for (const TableConstraint& constraint : create.constraints) {
    if (constraint.kind != TableConstraint::Kind::check) TRY(add_constraint(builder, constraint));
  }
  TRY(add_column_checks(builder, create));
  for (const TableConstraint& constraint : create.constraints) {
    if (constraint.kind == TableConstraint::Kind::check) TRY(add_constraint(builder, constraint));
  }
  builder.add_hidden_key();
  for (const Option& option : create.options) TRY(set_option(table, option));
  infer_time_column(table);
  return table;
}

Result<TableSchema> bind_create_table_as(const CreateTableAs& create, std::size_t parameters,
                                         const BindContext& context) {
  TRY(check_schema_name(create.name));
  StatementState state(context, parameters);
  const BoundQuery rows = TRY(bind_query({state}, *create.query));
  const auto& columns = rows.plan->columns;
  if (create.columns.size() > columns.size()) {
    return wrong("42601", "too many column names were specified", create.columns[columns.size()].at);
  }
  TableSchema table;
  table.name = create.name.name;
  SchemaBuilder builder(table, context);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Name name = i < create.columns.size() ? create.columns[i] : Name{columns[i].name, create.query->at};
    TRY(builder.add_column(name, columns[i].type, name.at));
  }
  builder.add_hidden_key();
  for (const Option& option : create.options) TRY(set_option(table, option));
  return table;
}

Result<TableSchema> bind_create_index(const CreateIndex& create, const TableSchema& table) {
  if (create.kind && create.kind->text != "ordered" && create.kind->text != "btree") {
    return not_yet("an index of the kind \"" + create.kind->text + "\"", create.kind->at,
                   "USING ordered; nearest neighbours, text and places are found by a scan");
  }
  if (!create.options.empty()) {
    return wrong("22023", "unrecognized parameter \"" + create.options.front().name.text + "\"",
                 create.options.front().name.at);
  }
  TableSchema next = table;
  const BindContext context;
  SchemaBuilder builder(next, context);
  const std::vector<Name> columns = TRY(index_columns(create.columns));
  IndexSchema* index = TRY(builder.add_index(create.name ? create.name->text : "", columns, "idx"));
  index->unique = create.unique;
  return next;
}

}  // namespace mneme::sql
