// Scan: a table's rows, those that pass the filter. What can be skipped is the reader's to skip.
#include "query/operators.h"

namespace mneme::query {
namespace {

// A bound's value; none for no bound. NULL: the comparison it came from is true for no row.
struct KeyValue {
  std::optional<Column> value;
  bool is_null = false;
};
Result<KeyValue> key_value(const ExpressionPtr& expression, const ExecutionContext& context) {
  KeyValue key;
  if (expression == nullptr) return key;
  key.value = TRY(evaluate_once(*expression, context));
  key.is_null = key.value->is_null(0);
  return key;
}

// Of a NULL the filter keeps nothing, so that no bound is as right as any.
Result<ScanBound> bound_of(const PruneBound& prune, const ExecutionContext& context) {
  ScanBound bound{.column = prune.column, .lower = std::nullopt, .upper = std::nullopt};
  KeyValue lower = TRY(key_value(prune.lower, context));
  KeyValue upper = TRY(key_value(prune.upper, context));
  if (!lower.is_null) bound.lower = std::move(lower.value);
  if (!upper.is_null) bound.upper = std::move(upper.value);
  return bound;
}

// None: a key is NULL, which no row equals, follows or precedes.
Result<std::optional<KeyRange>> range_of(const IndexAccess& access, const ExecutionContext& context) {
  KeyRange range{.index = access.index,
                 .equal = {},
                 .lower = std::nullopt,
                 .upper = std::nullopt,
                 .lower_inclusive = access.lower_inclusive,
                 .upper_inclusive = access.upper_inclusive,
                 .descending = access.descending};
  for (const ExpressionPtr& expression : access.equal) {
    KeyValue key = TRY(key_value(expression, context));
    if (key.is_null) return std::optional<KeyRange>();
    range.equal.columns.push_back(*std::move(key.value));
  }
  KeyValue lower = TRY(key_value(access.lower, context));
  KeyValue upper = TRY(key_value(access.upper, context));
  if (lower.is_null || upper.is_null) return std::optional<KeyRange>();
  range.lower = std::move(lower.value);
  range.upper = std::move(upper.value);
  return std::optional<KeyRange>(std::move(range));
}

class ScanOperator final : public Operator {  // One thread at a time.
 public:
  ScanOperator(const Scan& scan, std::unique_ptr<TableReader> reader, ExecutionContext& context)
      : scan_(scan), reader_(std::move(reader)), context_(context) {}

  Result<std::optional<Batch>> next() override {
    while (reader_ != nullptr) {
      TRY(check_stop(context_));
      std::optional<Batch> batch = TRY(reader_->next(row_ids_));
      if (!batch) return batch;
      complete(*batch);
      if (scan_.filter == nullptr) return batch;
      const Selection kept = TRY(filter(*scan_.filter, over(*batch, context_)));
      if (!kept.empty()) return std::optional<Batch>(choose(std::move(*batch), kept));
    }
    return std::optional<Batch>();
  }

 private:
  void complete(Batch& batch) const {
    if (scan_.with_row_id) {
      Column& ids = batch.columns.emplace_back(Type{.kind = TypeKind::integer});
      std::memcpy(ids.extend(row_ids_.size()), row_ids_.data(), row_ids_.size() * sizeof(RowId));
    }
    if (batch.columns.empty()) batch.columns.push_back(placeholder(row_ids_.size()));
  }

  const Scan& scan_;
  std::unique_ptr<TableReader> reader_;  // Null: no row can match.
  std::vector<RowId> row_ids_;
  ExecutionContext& context_;
};

}  // namespace

OperatorPtr make_reading(const Scan& scan, std::unique_ptr<TableReader> reader, ExecutionContext& context) {
  return std::make_unique<ScanOperator>(scan, std::move(reader), context);
}

Result<std::optional<ScanRequest>> scan_request(const Scan& scan, const ExecutionContext& context) {
  std::optional<ScanRequest> request(std::in_place);
  request->table = scan.table->id;
  request->columns = scan.table_columns;
  request->row_ids = scan.with_row_id;
  request->by_reference = scan.by_reference;
  request->in_part = scan.in_part;
  for (const PruneBound& prune : scan.prune) {
    request->bounds.push_back(TRY(bound_of(prune, context)));
  }
  if (!scan.index) return request;
  request->key = TRY(range_of(*scan.index, context));
  if (!request->key) request.reset();
  return request;
}

Result<OperatorPtr> make_scan(const Plan& plan, Inputs, ExecutionContext& context) {
  const auto& scan = std::get<Scan>(plan.node);
  std::optional<ScanRequest> request = TRY(scan_request(scan, context));
  std::unique_ptr<TableReader> reader;
  if (request) reader = TRY(context.transaction.scan(*std::move(request)));
  return make_reading(scan, std::move(reader), context);
}

}  // namespace mneme::query
