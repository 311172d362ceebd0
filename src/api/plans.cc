// From a parsed statement to a plan that can run, and from values to its parameters.
#include <algorithm>

#include "api/session.h"
#include "query/functions.h"
#include "query/rules.h"
#include "query/rules_blob.h"
#include "table/blob_values.h"
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

Result<Column> column_of(const Value& value, const Type& type) {
  Column out(type);
  if (value.is_null()) {
    out.append_null();
    return out;
  }
  if (value.type() == type) {
    append_value(out, value);
    return out;
  }
  if (value.type().kind == TypeKind::text) {
    append_value(out, TRY(Value::from_text(type, value.as_text())));
    return out;
  }
  Column given(value.type());
  append_value(given, value);
  TRY(cast(given, out));
  return out;
}

// Of a value from a BlobWriter.
Result<Column> column_of_blob(Engine& engine, const Value& value, const Type& type, bool by_reference) {
  const BlobRef ref = TRY(reference_of(engine, value));
  Column given(value.type());
  given.append_copy(as_reference(ref));
  if (by_reference && type == given.type()) return given;
  TRY(load_blobs(engine.store(), given));
  if (type == given.type()) return given;
  Column out(type);
  TRY(cast(given, out));
  out.keep_alive(std::make_shared<const Column>(std::move(given)));
  return out;
}

}  // namespace

std::vector<Type> types_of(std::span<const Value> parameters) {
  std::vector<Type> types;
  for (const Value& value : parameters) {
    if (!value.has_type()) break;  // Types are told by place: a bare NULL leaves the rest to the text.
    types.push_back(value.type());
  }
  return types;
}

sql::BindContext bind_context(const Transaction& transaction, std::span<const Type> parameter_types) {
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
                                                               const Transaction& transaction,
                                                               std::span<const Value> parameters,
                                                               bool rows_by_reference) {
  const std::vector<Type> types = types_of(parameters);
  auto planned = std::make_shared<PlannedStatement>();
  planned->plan = TRY(sql::bind(statement, bind_context(transaction, types)));
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

Result<std::vector<Column>> bind_parameters(Engine& engine, const query::StatementPlan& plan,
                                            std::span<const Value> values) {
  if (values.size() != plan.parameter_types.size()) return wrong_number(plan.parameter_types.size(), values.size());
  std::vector<Column> columns;
  columns.reserve(values.size() + 1 + plan.scalar_subqueries.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Type& type = plan.parameter_types[i];
    auto column = values[i].is_reference() ? column_of_blob(engine, values[i], type, plan.parameters_by_reference[i])
                                           : column_of(values[i], type);
    if (!column) return std::move(column).error().during("parameter $" + std::to_string(i + 1));
    columns.push_back(std::move(column).value());
  }
  return columns;
}

}  // namespace mneme
