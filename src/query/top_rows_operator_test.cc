// ORDER BY ... LIMIT over a table of (id INT, group INT, a TEXT, b TEXT): the same as ordering all rows by hand.
#include <algorithm>
#include <random>

#include "query/rules_columns.h"
#include "query/table_test.h"

namespace mneme::query::test {
namespace {

struct Row {
  std::int64_t id = 0;
  std::optional<std::int64_t> group;
  std::string a;
};

struct Rows : TableBench {
  Rows() : TableBench(schema()) {}
  std::mt19937 random{3};
  std::vector<Row> model;

  static TableSchema schema() {
    TableSchema schema;
    for (const Type& type : {kInt, kInt, kText, kText}) add_column(schema, type);
    return schema;
  }
  void add(std::size_t count) {
    Batch batch;
    for (const ColumnSchema& column : table->columns) batch.columns.emplace_back(column.type);
    for (std::size_t i = 0; i < count; ++i) {
      Row row{.id = static_cast<std::int64_t>(model.size()), .group = random() % 20, .a = "same prefix "};
      row.a += std::to_string(random() % 50);
      if (random() % 9 == 0) row.group.reset();
      batch.columns[0].append(row.id);
      row.group ? batch.columns[1].append(*row.group) : batch.columns[1].append_null();
      batch.columns[2].append_bytes(as_bytes(row.a));
      batch.columns[3].append_bytes(as_bytes("b" + std::to_string(row.id)));
      model.push_back(std::move(row));
    }
    transaction->insert(table->id, batch).value();
  }
  // SELECT b, group, a FROM t [WHERE id >= from] ORDER BY group DESC NULLS LAST, a LIMIT limit OFFSET 0
  [[nodiscard]] PlanPtr top(std::int64_t limit, std::optional<std::int64_t> from) const {
    Project project;
    project.expressions = list(at(3, kText), at(1), at(2, kText));
    ExpressionPtr filter = from ? compare(at(0), ">=", constant(*from)) : nullptr;
    auto projected = plan_of(std::move(project), {kText, kInt, kText}, list_of(scan(false, std::move(filter))));
    Sort sort;
    sort.keys.push_back(key(at(1), true));
    sort.keys.push_back(key(at(2, kText)));
    sort.limit = constant(limit);
    return over_input(std::move(sort), std::move(projected));
  }
  [[nodiscard]] std::string expected(std::size_t limit, std::optional<std::int64_t> from, bool with_group) const {
    std::vector<const Row*> rows;
    for (const Row& row : model) {
      if (!from || row.id >= *from) rows.push_back(&row);
    }
    std::ranges::stable_sort(rows, [](const Row* a, const Row* b) {
      if (a->group != b->group) return a->group.value_or(-1) > b->group.value_or(-1);
      return a->a < b->a;
    });
    rows.resize(std::min(rows.size(), limit));
    std::string want;
    for (const Row* row : rows) {
      const std::string group = row->group ? std::to_string(*row->group) : "NULL";
      want += (want.empty() ? "b" : "|b") + std::to_string(row->id) + "," + (with_group ? group + "," : "") + row->a;
    }
    return want;
  }
  void check(std::size_t limit, std::optional<std::int64_t> from = {}) {
    REQUIRE(run(*top(static_cast<std::int64_t>(limit), from)) == expected(limit, from, true));
  }
};

TEST_CASE("top rows: the first of an order are those of a full sort, whole, wherever they lie") {
  Rows t;
  t.check(3);
  t.add(3'000);
  t.check(10);
  t.commit();
  t.check(10);
  t.store->flush().value();
  t.begin();
  t.add(500);
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{10}, std::size_t{700}}) {
    t.check(limit);
    t.check(limit, 1'234);
  }
  t.check(10, 1'000'000);  // No row passes.
}

TEST_CASE("top rows: columns that only the order wants are not read again") {
  Rows t;
  t.add(100);
  const PlanPtr whole = t.top(3, {});
  const std::string all = t.run(*whole);
  PlanPtr plan = t.top(3, {});
  std::get<Sort>(plan->node).for_keys_only = {false, true, true};
  const std::string some = t.run(*plan);
  const auto b_of = [](const std::string& rows) {
    std::string texts;
    for (std::size_t at = 0; at != std::string::npos; at = rows.find("|b", at + 1)) {
      texts += rows.substr(at, rows.find(',', at) - at);
    }
    return texts;
  };
  CHECK(std::ranges::count(b_of(all), 'b') == 3);
  CHECK(b_of(some) == b_of(all));
  CHECK(all.find("same prefix") != std::string::npos);
  CHECK(some.find("same prefix") == std::string::npos);
}

TEST_CASE("top rows: a column of the order that is also selected is read, and so are both where all are selected") {
  Rows t;
  t.add(300);
  Project b_and_a;
  b_and_a.expressions = list(at(0, kText), at(2, kText));
  const PlanPtr some = narrow_columns(plan_of(std::move(b_and_a), {kText, kText}, list_of(t.top(10, {}))));
  CHECK(std::get<Sort>(some->inputs[0]->node).for_keys_only == std::vector<bool>{false, true, false});
  CHECK(t.run(*some) == t.expected(10, {}, false));
  const PlanPtr all = narrow_columns(t.top(10, {}));
  CHECK(t.run(*all) == t.expected(10, {}, true));
}

TEST_CASE("top rows: rows this transaction deleted do not come") {
  Rows t;
  t.add(200);
  t.commit();
  Delete gone;
  gone.table = t.table;
  t.run(TableBench::change(std::move(gone), t.scan(true, compare(at(1), ">", constant(10)))));
  std::erase_if(t.model, [](const Row& row) { return row.group.value_or(0) > 10; });
  t.check(20);
}

}  // namespace
}  // namespace mneme::query::test
