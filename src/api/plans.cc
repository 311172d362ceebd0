// From a parsed statement to a plan that can run, and from values to its parameters.
#include <algorithm>

#include "api/session.h"
#include "query/functions.h"
#include "query/rules.h"
#include "query/rules_blob.h"
#include "table/blob_values.h"
#include "types/value_check.h"
#include "types/value_column.h"

namespace mneme {
namespace {

void collect_schemas(const query::Plan& plan, std::vector<query::SchemaPtr>& schemas) {
  if (const auto* scan = std::get_if<query::Scan>(&plan.node)) schemas.push_back(scan->table);
  if (const auto* insert = std::get_if<query::Insert>(&plan.node)) schemas.push_back(insert->table);
  if (const auto* update = std::get_if<query::Update>(&plan.node)) schemas.push_back(update->table);
  if (const auto* gone = std::get_if<query::Delete>(&plan.node)) schemas.push_back(gone->table);
  for (const auto& input : plan.inputs) collect_schemas(*input, schemas);  // As deep as the parser lets trees be.
}

Error wrong_number(std::size_t wanted, std::size_t given) {
  return Error(Code::invalid_argument, "the statement has " + std::to_string(wanted) + " parameters, but " +
                                           std::to_string(given) + " values were bound")
      .with_sqlstate("08P01");
}

Result<void> cast(const Column& given, Column& out) {
  const query::Function* function = query::cast_function(given.type(), out.type());
  if (function == nullptr) {
    return Error(Code::invalid_argument,
                 "a " + type_name(given.type()) + " was bound where " + type_name(out.type()) + " is expected")
        .with_sqlstate("42804");
  }
  const query::Operand operand{&given, false};
  return function->kernel({&operand, 1}, 1, out);
}

Result<void> bind_value(const Value& value, Column& out) {
  TRY(check_value(value));
  if (value.is_null() || value.type() == out.type()) {
    append_value(out, value);
    return {};
  }
  if (value.type().kind == TypeKind::text) {
    append_value(out, TRY(Value::from_text(out.type(), value.as_text())));
    return {};
  }
  Column given(value.type());
  append_value(given, value);
  return cast(given, out);
}

// Of a value from a BlobWriter.
Result<void> bind_blob(Engine& engine, const Value& value, bool by_reference, Column& out) {
  const BlobRef ref = TRY(reference_of(engine, value));
  Column given(value.type());
  given.append_copy(as_reference(ref));
  const bool same = out.type() == given.type();
  if (!same || !by_reference) TRY(load_blobs(engine.store(), given));
  if (same) {
    out = std::move(given);
    return {};
  }
  TRY(cast(given, out));
  out.keep_alive(std::make_shared<const Column>(std::move(given)));
  return {};
}

}  // namespace

ParameterTypes types_of(std::span<const Value> parameters) {
  ParameterTypes types;
  types.reserve(parameters.size());
  for (const Value& value : parameters) types.push_back(value.has_type() ? std::optional(value.type()) : std::nullopt);
  return types;
}

sql::BindContext bind_context(const Transaction& transaction, std::span<const std::optional<Type>> parameter_types) {
  return {.find_table = [&transaction](std::string_view name) { return transaction.find_table(name); },
          .table_names =
              [&transaction] {
                std::vector<std::string> names;
                for (const auto& table : transaction.tables()) names.push_back(table->name);
                return names;
              },
          .parameter_types = parameter_types};
}

Result<std::shared_ptr<const PlannedStatement>> plan_statement(const sql::Statement& statement,
                                                               const Transaction& transaction, ParameterTypes given,
                                                               bool rows_by_reference) {
  auto planned = std::make_shared<PlannedStatement>();
  planned->given = std::move(given);
  planned->plan = TRY(sql::bind(statement, bind_context(transaction, planned->given)));
  query::apply_rules(planned->plan);
  if (rows_by_reference) query::pass_blobs_by_reference(planned->plan, true);
  collect_schemas(*planned->plan.root, planned->schemas);
  for (const auto& subquery : planned->plan.scalar_subqueries) collect_schemas(*subquery, planned->schemas);
  for (const query::OutputColumn& column : planned->plan.root->columns) {
    planned->columns.push_back({column.name, column.type});
  }
  return std::shared_ptr<const PlannedStatement>(std::move(planned));
}

bool still_fits(const PlannedStatement& plan, const Transaction& transaction) {
  return std::ranges::all_of(plan.schemas,
                             [&](const auto& schema) { return transaction.find_table(schema->id) == schema; });
}

bool still_fits(const PlannedStatement& plan, std::span<const Value> parameters) noexcept {
  const auto& wanted = plan.plan.parameter_types;
  if (parameters.size() != wanted.size()) return true;  // No plan would.
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Value& value = parameters[i];
    if (!value.has_type() || value.type() == wanted[i]) continue;
    if (i >= plan.given.size() || plan.given[i] != value.type()) return false;
  }
  return true;
}

Result<std::vector<Column>> bind_parameters(Engine& engine, const query::StatementPlan& plan,
                                            std::span<const Value> values) {
  if (values.size() != plan.parameter_types.size()) return wrong_number(plan.parameter_types.size(), values.size());
  std::vector<Column> columns;
  columns.reserve(values.size() + 1 + plan.scalar_subqueries.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    Column& column = columns.emplace_back(plan.parameter_types[i]);
    auto bound = values[i].is_reference() ? bind_blob(engine, values[i], plan.parameters_by_reference[i], column)
                                          : bind_value(values[i], column);
    if (!bound) return std::move(bound).error().during("parameter $" + std::to_string(i + 1));
  }
  return columns;
}

}  // namespace mneme
