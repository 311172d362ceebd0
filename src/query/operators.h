// The operators behind make_operator(), one file each. `plan` is the node's own, `inputs` are those of plan.inputs.
#pragma once

#include "query/execution.h"

namespace mneme::query {

using Inputs = std::vector<Input>;

Result<OperatorPtr> make_scan(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_values(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_filter(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_project(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_sort(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_limit(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_aggregate(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_distinct(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_join(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_asof_join(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_union_all(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_set(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_series(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_insert(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_update(const Plan& plan, Inputs inputs, ExecutionContext& context);
Result<OperatorPtr> make_delete(const Plan& plan, Inputs inputs, ExecutionContext& context);

// Null: the plan is not of a shape they are for.
Result<OperatorPtr> make_nearest(const Plan& plan, ExecutionContext& context);
Result<OperatorPtr> make_top_rows(const Plan& plan, ExecutionContext& context);

// The rows of a reader that pass the scan's filter, as the scan yields them. Null: there are none.
OperatorPtr make_reading(const Scan& scan, std::unique_ptr<TableReader> reader, ExecutionContext& context);
// What a scan asks its transaction for. None: a key is NULL, so that no row can match.
Result<std::optional<ScanRequest>> scan_request(const Scan& scan, const ExecutionContext& context);

// How many rows LIMIT and OFFSET let through; no limit is the greatest number.
struct RowWindow {
  std::size_t skip = 0;
  std::size_t take = ~std::size_t{0};
  [[nodiscard]] std::size_t end() const noexcept {
    return take > ~std::size_t{0} - skip ? ~std::size_t{0} : skip + take;
  }
};
Result<RowWindow> row_window(const ExpressionPtr& limit, const ExpressionPtr& offset, const ExecutionContext& context);

}  // namespace mneme::query
