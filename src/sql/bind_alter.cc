// ALTER TABLE: one action after the other on a copy of the schema, so that a failed one leaves nothing.
#include <algorithm>

#include "query/evaluate.h"
#include "query/rules_expression.h"
#include "sql/bind_change.h"
#include "sql/bind_error.h"
#include "sql/bind_schema.h"
#include "sql/parser.h"
#include "sql/print.h"

namespace mneme::sql {
namespace {

using namespace binding;

class Alteration {  // One thread at a time; lives for one bind_alter_table().
 public:
  Alteration(const TableSchema& table, const BindContext& context) : table_(table), context_(context) {}

  Result<TableSchema> run(const AlterTable& alter) {
    for (const auto& action : alter.actions) {
      TRY(std::visit([&](const auto& node) { return apply(node); }, action));
    }
    return std::move(table_);
  }

 private:
  Result<void> apply(const AddColumn& add) {
    if (add.if_not_exists && table_.find(add.column.name.text) != nullptr) return {};
    SchemaBuilder builder(table_, context_);
    for (const ColumnConstraint& constraint : add.column.constraints) {
      if (constraint.kind != ColumnConstraint::Kind::primary_key) continue;
      return not_yet("ADD COLUMN ... PRIMARY KEY", constraint.at, "create another table and INSERT ... SELECT");
    }
    const std::size_t checks_before = table_.checks.size();
    ColumnSchema* column = TRY(builder.add_column(add.column));
    if (column->identity) {
      return not_yet("ADD COLUMN with numbers of its own", add.column.name.at,
                     "create another table and INSERT ... SELECT");
    }
    const Column missing = TRY(default_value(*column, context_, add.column.name.at));
    if (!missing.is_null(0)) encode_column(missing, 0, 1, column->missing_value);
    std::vector<SourcePosition> places(table_.checks.size() - checks_before, add.column.name.at);  // Of its length.
    for (const ColumnConstraint& constraint : add.column.constraints) {
      if (constraint.kind != ColumnConstraint::Kind::check) continue;
      TRY(builder.add_check(constraint.name, *constraint.expression, add.column.name.text));
      places.push_back(constraint.at);
    }
    return hold_checks(checks_before, places, missing);
  }

  // Rows that are there read the new column's DEFAULT, which its checks, from `first` on, must let pass.
  Result<void> hold_checks(std::size_t first, const std::vector<SourcePosition>& places, const Column& missing) {
    if (places.empty()) return {};
    StatementState state(context_, 0);
    const auto checks = TRY(bind_checks({state}, std::make_shared<const TableSchema>(table_)));
    for (std::size_t i = 0; i < places.size(); ++i) TRY(check_missing(checks[first + i], missing, places[i]));
    return {};
  }

  Result<void> check_missing(const query::CheckExpression& check, const Column& missing, SourcePosition at) const {
    const query::Expression& predicate = *check.predicate;
    const std::size_t ordinal = table_.columns.size() - 1;
    bool others = false;
    query::for_each_column(predicate, [&](const auto& column) { others = others || column.index != ordinal; });
    if (others) {
      return not_yet("ADD COLUMN with a CHECK over other columns", at, "check such rows when they are inserted");
    }
    std::vector<query::ExpressionPtr> row(table_.columns.size());
    Column copy(missing.type());
    copy.append_run(missing, 0, 1);
    row[ordinal] = query::make_constant(std::move(copy));
    std::vector<Column> now;
    now.emplace_back(Type{.kind = TypeKind::timestamp}).append(context_.now_ns);
    const Batch nothing;
    const auto judged = query::substitute(predicate, row);
    const auto answer = query::evaluate(*judged, {.batch = nothing, .rows = 1, .parameters = now});
    if (!answer)
      return Error(answer.error()).during("the DEFAULT of column \"" + table_.columns[ordinal].name + "\"").at(at);
    if (answer->is_null(0) || answer->values<std::uint8_t>()[0] != 0) return {};
    return Error(Code::constraint, "check constraint \"" + check.name + "\" is violated by the column's DEFAULT")
        .with_sqlstate("23514")
        .at(at);
  }

  Result<void> apply(const DropColumn& drop) {
    const ColumnSchema* column = table_.find(drop.column.text);
    if (column == nullptr && drop.if_exists) return {};
    const std::size_t ordinal = TRY(writable_column(table_, drop.column));
    const ColumnId id = table_.columns[ordinal].id;
    if (std::ranges::find(table_.primary_key, id) != table_.primary_key.end()) {
      return not_yet("DROP COLUMN of the primary key", drop.column.at, "create another table and INSERT ... SELECT");
    }
    std::vector<CheckSchema> kept;
    for (const CheckSchema& check : table_.checks) {
      if (!TRY(mentions(check, table_, id))) kept.push_back(check);
    }
    table_.checks = std::move(kept);
    std::erase_if(table_.indexes, [&](const IndexSchema& index) {
      return std::ranges::find(index.columns, id) != index.columns.end();
    });
    if (table_.time_column == id) table_.time_column.reset();
    table_.columns.erase(table_.columns.begin() + static_cast<std::ptrdiff_t>(ordinal));
    return {};
  }

  Result<void> apply(const RenameColumn& rename) {
    const std::size_t ordinal = TRY(writable_column(table_, rename.from));
    if (table_.find(rename.to.text) != nullptr) {
      return Error(Code::already_exists,
                   "column \"" + rename.to.text + "\" of relation \"" + table_.name + "\" already exists")
          .with_sqlstate("42701")
          .at(rename.to.at);
    }
    for (CheckSchema& check : table_.checks) {
      const ExpressionPtr parsed = TRY(parse_expression(check.sql));
      rename_references(*parsed, &rename.from.text, rename.to.text);
      check.sql = print(*parsed);
    }
    table_.columns[ordinal].name = rename.to.text;
    return {};
  }

  Result<void> apply(const RenameTable& rename) {
    table_.name = rename.to.text;
    return {};
  }

  TableSchema table_;
  const BindContext& context_;
};

}  // namespace

Result<TableSchema> bind_alter_table(const AlterTable& alter, const TableSchema& table, const BindContext& context) {
  return Alteration(table, context).run(alter);
}

}  // namespace mneme::sql
