// ResultData: the rows of a statement and everything they borrow from.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/result_home.h"
#include "mneme/database.h"
#include "query/operator.h"

namespace mneme {

// Of parameters, by their places; none: not known, as of a bare NULL.
using ParameterTypes = std::vector<std::optional<Type>>;

// A plan ready to run, and what it relies on: it is good as long as those schemas are the transaction's.
struct PlannedStatement {  // Immutable.
  query::StatementPlan plan;
  std::vector<query::SchemaPtr> schemas;
  std::vector<ColumnInfo> columns;
  ParameterTypes given;  // What it was planned for: values of other types would have had another plan.
};

// One execution: its operators and the parameters that results borrow from. Lives at one place.
struct Execution {  // One thread at a time.
  Execution(std::shared_ptr<const PlannedStatement> planned, Transaction& transaction, MemoryBudget& budget,
            std::vector<Column> parameters)
      : plan(std::move(planned)), context{transaction, budget, std::move(parameters)} {}
  const std::shared_ptr<const PlannedStatement> plan;
  query::ExecutionContext context;
  query::OperatorPtr root;  // Goes before the context.
};

struct ResultData {  // One thread at a time.
  ResultData() = default;
  ResultData(const ResultData&) = delete;
  ResultData& operator=(const ResultData&) = delete;
  std::vector<ColumnInfo> own_columns;
  const std::vector<ColumnInfo>* columns = &own_columns;  // Or the plan's.
  std::vector<Batch> batches;
  std::vector<std::size_t> first_rows;  // Of each batch.
  std::size_t rows = 0;
  std::uint64_t changed_rows = 0;
  Reservation memory;
  std::shared_ptr<const PlannedStatement> plan;  // Text may be borrowed from its constants
  std::vector<Column> parameters;                // and from these.
  std::shared_ptr<ResultHome> home;              // Where it goes afterwards; null: nowhere. Kept while it is there.

  [[nodiscard]] Value value(std::size_t row, std::size_t column) const;
  void add(Batch batch) {
    first_rows.push_back(rows);
    rows += batch.rows();
    batches.push_back(std::move(batch));
  }
};

}  // namespace mneme
