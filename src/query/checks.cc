#include "query/checks.h"

namespace mneme::query {

Result<void> hold_checks(const std::vector<CheckExpression>& checks, const TableSchema& table,
                         const EvaluationInput& rows) {
  for (const CheckExpression& check : checks) {
    const Column answers = TRY(evaluate(*check.predicate, rows));
    for (std::size_t row = 0; row < answers.rows(); ++row) {
      if (answers.is_null(row) || answers.values<std::uint8_t>()[row] != 0) continue;
      return Error(Code::constraint, "a row of table '" + table.name + "' violates CHECK '" + check.name + "'")
          .with_sqlstate("23514");
    }
  }
  return {};
}

}  // namespace mneme::query
