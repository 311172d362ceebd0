// INSERT: rows of VALUES or of a query, made whole with defaults, and ON CONFLICT.
#include <algorithm>

#include "query/rules_expression.h"
#include "sql/bind_change.h"
#include "sql/bind_error.h"
#include "sql/bind_plan.h"
#include "sql/bind_with.h"

namespace mneme::sql::binding {
namespace {

// The columns an INSERT gives, by their places in the schema, in the order it gives them.
Result<std::vector<std::size_t>> target_columns(const TableSchema& table, const std::vector<Name>& names) {
  std::vector<std::size_t> targets;
  for (const Name& name : names) {
    const std::size_t ordinal = TRY(writable_column(table, name));
    if (std::ranges::find(targets, ordinal) != targets.end()) {
      return wrong("42701", "column \"" + name.text + "\" specified more than once", name.at);
    }
    targets.push_back(ordinal);
  }
  for (std::size_t i = 0; names.empty() && i < table.columns.size(); ++i) {
    if (!table.columns[i].hidden) targets.push_back(i);
  }
  return targets;
}

// Without a list of columns an INSERT may give only the first ones.
Result<void> fit_targets(std::vector<std::size_t>& targets, std::size_t given, bool listed, SourcePosition at) {
  if (given > targets.size()) return wrong("42601", "INSERT has more expressions than target columns", at);
  if (given < targets.size() && listed) return wrong("42601", "INSERT has more target columns than expressions", at);
  targets.resize(given);
  return {};
}

std::vector<query::OutputColumn> columns_of(const TableSchema& table) {
  std::vector<query::OutputColumn> columns;
  for (const ColumnSchema& column : table.columns) columns.push_back({column.name, column.type});
  return columns;
}

class InsertBinder {  // One thread at a time; lives for one bind_insert().
 public:
  InsertBinder(const Surroundings& around, const Insert& insert, query::SchemaPtr table)
      : around_(around), insert_(insert), table_(std::move(table)) {}

  Result<query::PlanPtr> run() {
    targets_ = TRY(target_columns(*table_, insert_.columns));
    for (const ColumnSchema& column : table_->columns) {
      defaults_.push_back(TRY(default_of(around_, column, insert_.table.at)));
    }
    query::PlanPtr input = TRY(bind_source());
    query::Insert node;
    node.table = table_;
    node.checks = TRY(bind_checks(around_, table_));
    if (insert_.on_conflict) node.on_conflict = TRY(bind_conflict(*insert_.on_conflict));
    const Scope scope = table_scope(table_, insert_.alias);
    Returning returning = TRY(bind_returning(around_, scope, insert_.returning));
    node.returning = std::move(returning.expressions);
    return make_plan(std::move(node), std::move(returning.columns), std::move(input));
  }

 private:
  // ---- Rows ----------------------------------------------------------------------------------------------------

  Result<query::PlanPtr> bind_source() {
    if (!insert_.source) return rows_plan({});
    const Query& source = *insert_.source;
    const auto* values = std::get_if<ValuesClause>(&source.body->node);
    const bool bare =
        values != nullptr && source.with.empty() && source.order_by.empty() && !source.limit && !source.offset;
    return bare ? rows_plan(values->rows) : query_plan(source);
  }

  [[nodiscard]] std::vector<query::ExpressionPtr> default_row() const {
    std::vector<query::ExpressionPtr> row;
    for (const auto& value : defaults_) row.push_back(query::clone(*value));
    return row;
  }

  Result<std::vector<query::ExpressionPtr>> bind_row(ExpressionBinder& binder, const std::vector<ExpressionPtr>& cells,
                                                     std::size_t width) {
    if (cells.size() != width) return wrong("42601", "VALUES lists must all be the same length", cells.front()->at);
    std::vector<query::ExpressionPtr> row = default_row();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (std::holds_alternative<DefaultMarker>(cells[i]->node)) continue;
      const ColumnSchema& column = table_->columns[targets_[i]];
      row[targets_[i]] = TRY(bind_assigned(binder, around_, column, *cells[i]));
      if (column.identity && is_null(*row[targets_[i]])) {
        return Error(Code::constraint, "null value in column \"" + column.name + "\" violates not-null constraint")
            .with_sqlstate("23502")
            .at(cells[i]->at)
            .with_hint("DEFAULT takes the next number");
      }
    }
    return row;
  }

  static bool is_null(const query::Expression& expression) {
    return expression.kind == query::ExpressionKind::constant && expression.value->is_null(0);
  }

  // DEFAULT VALUES when there are none.
  Result<query::PlanPtr> rows_plan(std::span<const std::vector<ExpressionPtr>> rows) {
    query::Values values;
    const Scope nothing;
    ExpressionBinder binder(around_, nothing, "VALUES");
    if (rows.empty()) values.rows.push_back(default_row());
    if (!rows.empty()) {
      TRY(fit_targets(targets_, rows.front().size(), !insert_.columns.empty(), rows.front().front()->at));
    }
    for (const auto& row : rows) values.rows.push_back(TRY(bind_row(binder, row, rows.front().size())));
    return make_plan(std::move(values), columns_of(*table_));
  }

  Result<query::PlanPtr> query_plan(const Query& source) {
    std::vector<std::optional<Type>> wanted;
    for (const std::size_t target : targets_) wanted.emplace_back(table_->columns[target].type);
    BoundQuery bound = TRY(bind_query(around_, source, wanted));
    TRY(fit_targets(targets_, bound.plan->columns.size(), !insert_.columns.empty(), source.at));
    std::vector<query::ExpressionPtr> row = default_row();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const ColumnSchema& column = table_->columns[targets_[i]];
      auto value = closed(query::make_column(i, bound.plan->columns[i].type, source.at));
      auto converted = convert(around_.state, std::move(value), column.type, CastContext::assignment);
      if (!converted) return std::move(converted).error().during("column \"" + column.name + "\"");
      row[targets_[i]] = std::move(converted).value();
    }
    for (const ColumnSchema& column : table_->columns) names.push_back(column.name);
    return projected(std::move(bound.plan), std::move(row), names);
  }

  // ---- ON CONFLICT ---------------------------------------------------------------------------------------------

  [[nodiscard]] bool covers(const IndexSchema& index, const std::vector<ColumnId>& columns) const {
    return index.unique && index.columns.size() == columns.size() && std::ranges::all_of(columns, [&](ColumnId id) {
             return std::ranges::find(index.columns, id) != index.columns.end();
           });
  }

  Result<std::optional<IndexId>> conflict_index(const OnConflict& conflict) const {
    if (!conflict.constraint.empty()) {
      const auto found = std::ranges::find(table_->indexes, conflict.constraint, &IndexSchema::name);
      if (found != table_->indexes.end() && found->unique) return std::optional(found->id);
      return missing("42704",
                     "constraint \"" + conflict.constraint + "\" for table \"" + table_->name + "\" does not exist",
                     conflict.at);
    }
    if (conflict.columns.empty()) return std::optional<IndexId>();
    std::vector<ColumnId> columns;
    for (const Name& name : conflict.columns)
      columns.push_back(table_->columns[TRY(writable_column(*table_, name))].id);
    for (const IndexSchema& index : table_->indexes) {
      if (covers(index, columns)) return std::optional(index.id);
    }
    return wrong("42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification",
                 conflict.columns.front().at);
  }

  Result<query::ConflictAction> bind_conflict(const OnConflict& conflict) {
    query::ConflictAction action;
    action.index = TRY(conflict_index(conflict));
    action.update = conflict.update;
    if (!conflict.update) return action;
    if (!action.index) {
      return wrong("42601", "ON CONFLICT DO UPDATE requires inference specification or constraint name", conflict.at)
          .with_hint("for example, ON CONFLICT (column_name)");
    }
    Scope scope = table_scope(table_, insert_.alias);
    std::vector<ScopeColumn> proposed = scope.columns;
    TRY(add_table(scope, {"excluded", "", {}, nullptr, true}, std::move(proposed), conflict.at));
    ExpressionBinder binder(around_, scope, "ON CONFLICT");
    action.new_row = TRY(bind_assignments(binder, around_, *table_, conflict.assignments));
    if (conflict.where) action.where = TRY(binder.bind_condition(*conflict.where));
    return action;
  }

  const Surroundings& around_;
  const Insert& insert_;
  const query::SchemaPtr table_;
  std::vector<std::size_t> targets_;
  std::vector<query::ExpressionPtr> defaults_;
};

}  // namespace

Result<query::PlanPtr> bind_insert(const Surroundings& around, const Insert& insert) {
  CommonTables tables(around);
  TRY(tables.open(insert.with.tables, insert.with.recursive));
  query::SchemaPtr table = TRY(around.state.table(insert.table));
  query::PlanPtr plan = TRY(InsertBinder(tables.inside(), insert, std::move(table)).run());
  TRY(tables.check_unused());
  return plan;
}

Result<query::PlanPtr> bind_filling(const Surroundings& around, const CreateTableAs& create, query::SchemaPtr table) {
  BoundQuery rows = TRY(bind_query(around, *create.query));
  std::vector<query::ExpressionPtr> row;
  std::vector<std::string> names;
  for (const ColumnSchema& column : table->columns) {
    const std::size_t place = row.size();
    const bool from_query =
        !column.hidden && place < rows.plan->columns.size() && rows.plan->columns[place].type == column.type;
    if (!from_query && !column.hidden) {
      return Error(Code::already_exists, "table '" + table->name + "' already exists").with_sqlstate("42P07");
    }
    if (from_query) {
      row.push_back(query::make_column(place, column.type));
    } else {
      row.push_back(TRY(default_of(around, column, create.name.at)));
    }
    names.push_back(column.name);
  }
  query::Insert node;
  node.table = std::move(table);
  return make_plan(std::move(node), {}, projected(std::move(rows.plan), std::move(row), names));
}

}  // namespace mneme::sql::binding
