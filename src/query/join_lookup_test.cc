// Joins whose right side is a table with an index and many more rows than the left one: through the index they yield
// what looking at every pair yields.

#include "query/table_test.h"

namespace mneme::query::test {
namespace {

using enum JoinKind;

// t: (id INT unique, group INT with an index, name TEXT); 5,000 rows, some changed or deleted by the open transaction.
struct Lookups : TableBench {
  Lookups() : TableBench(schema()) {
    Batch batch;
    for (const ColumnSchema& column : table->columns) batch.columns.emplace_back(column.type);
    for (std::int64_t id = 0; id < 5'000; ++id) {
      batch.columns[0].append(id);
      batch.columns[1].append(id % 700);
      batch.columns[2].append_bytes(as_bytes("n" + std::to_string(id)));
    }
    transaction->insert(table->id, batch).value();
    commit();
    store->flush().value();
    begin();
    Delete gone;
    gone.table = table;
    run(change(std::move(gone), scan(true, compare(at(0), "=", constant(1'400)))));
  }
  static TableSchema schema() {
    TableSchema schema;
    for (const Type& type : {kInt, kInt, kText}) add_column(schema, type);
    add_unique(schema, {ColumnId{1}});
    add_unique(schema, {ColumnId{2}});
    schema.indexes.back().unique = false;
    return schema;
  }
  static bool is_there(std::int64_t id) { return id != 1'400; }

  // l JOIN t ON l.c0 = t.`column` AND t.id < 4,000 ... of the kind, as "l,id"
  std::string joined(JoinKind kind, std::size_t column, const Ints& left) {
    Join join;
    join.kind = kind;
    join.left_keys = list(at(0));
    join.right_keys = list(at(column));
    const bool left_only = kind == semi || kind == anti;
    std::vector<Type> types{kInt};
    if (!left_only) types.insert(types.end(), {kInt, kInt, kText});
    auto right = scan(false, compare(at(0), "<", constant(4'000)));
    auto plan = plan_of(std::move(join), types, list_of(rows_of(ints(left)), std::move(right)));
    Project project;
    project.expressions = left_only ? list(at(0)) : list(at(0), at(1));
    const std::vector<Type> yields(left_only ? 1 : 2, kInt);
    return run(plan_of(std::move(project), yields, list_of(std::move(plan))));
  }
  static std::string expected(JoinKind kind, std::size_t column, const Ints& left) {
    std::vector<std::string> rows;
    for (const auto& key : left) {
      const std::string shown_key = key ? std::to_string(*key) : "NULL";
      bool met = false;
      for (std::int64_t id = 0; id < 4'000 && key; ++id) {
        if (!is_there(id) || (column == 0 ? id : id % 700) != *key) continue;
        if (kind == inner || kind == JoinKind::left) rows.push_back(shown_key + "," + std::to_string(id));
        met = true;
      }
      if (!met && kind == JoinKind::left) rows.push_back(shown_key + ",NULL");
      if ((kind == semi && met) || (kind == anti && !met)) rows.push_back(shown_key);
    }
    std::string out;
    for (const std::string& row : rows) out += (out.empty() ? "" : "|") + row;
    return out;
  }
};

TEST_CASE("join by lookups: every kind, by a unique key and by one of many rows, in the order of a join by hashing") {
  Lookups t;
  const Ints few{3, 1'400, {}, 699, 3, 4'500, -1, 0};
  for (const JoinKind kind : {inner, JoinKind::left, semi, anti}) {
    for (const std::size_t column : {std::size_t{0}, std::size_t{1}}) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(column);
      CHECK(t.joined(kind, column, few) == Lookups::expected(kind, column, few));
    }
  }
}

TEST_CASE("join by lookups: a left side of no rows, and one too long for them") {
  Lookups t;
  Ints many;
  for (std::int64_t i = 0; i < 600; ++i) many.emplace_back(i * 7);
  CHECK(t.joined(inner, 0, many) == Lookups::expected(inner, 0, many));
  CHECK(t.joined(semi, 1, many) == Lookups::expected(semi, 1, many));
  const Ints none{{}};
  CHECK(t.joined(inner, 0, none).empty());
  CHECK(t.joined(anti, 0, none) == "NULL");
}

}  // namespace
}  // namespace mneme::query::test
