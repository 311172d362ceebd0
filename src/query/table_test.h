// For tests: one table in a store on a simulated disk, and plans that change and read it.
#pragma once

#include "index/scan_kind_test.h"
#include "os/posix.h"
#include "os/sim/sim_file_system.h"
#include "query/test_plans.h"

namespace mneme::query::test {

// A column named c1, c2, ... with that number as its id.
inline void add_column(TableSchema& schema, Type type) {
  const auto number = schema.next_column_id++;
  schema.columns.push_back({.id = ColumnId{number},
                            .name = "c" + std::to_string(number),
                            .type = type,
                            .default_sql = {},
                            .missing_value = {}});
}
inline void add_unique(TableSchema& schema, std::vector<ColumnId> columns) {
  IndexSchema index;
  index.id = IndexId{schema.next_index_id++};
  index.name = "u" + std::to_string(schema.next_index_id - 1);
  index.columns = std::move(columns);
  index.unique = true;
  schema.indexes.push_back(std::move(index));
}

// One table; statements run in a transaction that stays open until commit().
class TableBench {  // One thread at a time.
 public:
  explicit TableBench(TableSchema schema, StoreOptions options = {})
      : store(Store::open(world, "db", options, &kinds).value()) {
    schema.name = "t";
    begin();
    transaction->create_table(std::move(schema)).value();
    commit();
  }

  PosixWorld real;
  sim::SimFileSystem disk;
  World world{disk, real.world().clock, real.world().scheduler, real.world().random};
  IndexKinds kinds{mneme::test::scan_kinds()};
  std::unique_ptr<Store> store;
  std::unique_ptr<Transaction> transaction;
  SchemaPtr table;
  std::uint64_t changed_rows = 0;  // By the last statement.

  void begin() {
    transaction = Transaction::begin(*store, kinds, 0).value();
    table = transaction->find_table("t");
  }
  void commit() {
    transaction->commit().value();
    begin();
  }

  // A statement's rows as text; of an error its SQLSTATE in angle brackets.
  std::string run(const Plan& plan, std::vector<Column> parameters = {}) {
    ExecutionContext context{.transaction = *transaction, .budget = store->budget(), .parameters = {}};
    context.parameters = std::move(parameters);
    transaction->begin_statement();
    auto out = pull(plan, context);
    changed_rows = context.changed_rows;
    if (out) return *std::move(out);
    transaction->rollback_statement();
    return "<" + std::string(out.error().sqlstate()) + ">";
  }
  std::string run(const PlanPtr& plan) { return run(*plan); }

  // SELECT of all columns, in the order of storage.
  [[nodiscard]] PlanPtr scan(bool with_row_id = false, ExpressionPtr filter = nullptr) const {
    Scan node;
    std::vector<Type> types;
    node.table = table;
    node.with_row_id = with_row_id;
    node.filter = std::move(filter);
    for (const ColumnSchema& column : table->columns) {
      node.table_columns.push_back(column.id);
      types.push_back(column.type);
    }
    if (with_row_id) types.push_back(kInt);
    return plan_of(std::move(node), std::move(types));
  }
  // All rows, by their first column.
  std::string rows() {
    Sort sort;
    sort.keys.push_back(key(at(0, table->columns[0].type)));
    return run(over_input(std::move(sort), scan()));
  }
  // All columns, as RETURNING * has them.
  [[nodiscard]] std::vector<ExpressionPtr> star() const {
    std::vector<ExpressionPtr> all;
    for (std::size_t i = 0; i < table->columns.size(); ++i) all.push_back(at(i, table->columns[i].type));
    return all;
  }
  // A change with its RETURNING.
  template <class Node>
  [[nodiscard]] static PlanPtr change(Node node, PlanPtr input) {
    std::vector<Type> types;
    for (const ExpressionPtr& e : node.returning) types.push_back(e->type);
    return plan_of(std::move(node), std::move(types), list_of(std::move(input)));
  }

 private:
  static Result<std::string> pull(const Plan& plan, ExecutionContext& context) {
    const OperatorPtr root = TRY(make_operator(plan, context));
    std::string out;
    while (const auto batch = TRY(root->next())) out += (out.empty() ? "" : "|") + shown(*batch, plan.columns.size());
    return out;
  }
};

}  // namespace mneme::query::test
