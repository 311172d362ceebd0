// INSERT, UPDATE and DELETE on a table of (id INT unique, v INT, name TEXT), against what the statements' rules say by
// hand and, at the end, against a map that does the same row by row.
#include <map>
#include <random>

#include "query/table_test.h"

namespace mneme::query::test {
namespace {

TableSchema id_v_name() {
  TableSchema schema;
  add_column(schema, kInt);
  add_column(schema, kInt);
  add_column(schema, kText);
  add_unique(schema, {ColumnId{1}});
  return schema;
}

struct Changes : TableBench {
  explicit Changes(TableSchema schema = id_v_name()) : TableBench(std::move(schema)) {}

  [[nodiscard]] Insert into() const {
    Insert insert;
    insert.table = table;
    return insert;
  }
  [[nodiscard]] PlanPtr inserting(PlanPtr input) const { return change(into(), std::move(input)); }
  void fill() { REQUIRE(run(inserting(rows_of(ints({1, 2, 3}), ints({10, 20, 30}), texts({"a", "b", "c"})))) == ""); }

  // ON CONFLICT (c1) DO UPDATE SET v = v + excluded.v [WHERE v < limit]
  [[nodiscard]] PlanPtr upserting(PlanPtr input, std::optional<std::int64_t> limit = {}) const {
    Insert insert = into();
    insert.on_conflict.emplace();
    insert.on_conflict->index = IndexId{1};
    insert.on_conflict->update = true;
    insert.on_conflict->new_row = list(at(0), compute(at(1), "+", at(4)), at(2, kText));
    if (limit) insert.on_conflict->where = compare(at(1), "<", constant(*limit));
    insert.returning = star();
    return change(std::move(insert), std::move(input));
  }
  [[nodiscard]] PlanPtr adding_new(PlanPtr input, std::optional<IndexId> index = {}) const {
    Insert insert = into();
    insert.on_conflict.emplace();
    insert.on_conflict->index = index;
    insert.returning = star();
    return change(std::move(insert), std::move(input));
  }
  // UPDATE t SET v = `value` ... RETURNING *
  [[nodiscard]] PlanPtr setting_v(ExpressionPtr value, PlanPtr input) const {
    Update update;
    update.table = table;
    update.new_row = list(at(0), std::move(value), at(2, kText));
    update.returning = star();
    return change(std::move(update), std::move(input));
  }
  [[nodiscard]] PlanPtr deleting(PlanPtr input) const {
    Delete gone;
    gone.table = table;
    gone.returning = star();
    return change(std::move(gone), std::move(input));
  }
};

TEST_CASE("insert: rows are there at once for the transaction, and later for others") {
  Changes t;
  t.fill();
  CHECK(t.changed_rows == 3);
  CHECK(t.rows() == "1,10,a|2,20,b|3,30,c");
  t.commit();
  CHECK(t.rows() == "1,10,a|2,20,b|3,30,c");
}

TEST_CASE("insert: from the table itself adds what was there, once") {
  Changes t;
  t.fill();
  Project shifted;
  shifted.expressions = list(compute(at(0), "+", constant(10)), at(1), at(2, kText));
  auto input = plan_of(std::move(shifted), {kInt, kInt, kText}, list_of(t.scan()));
  CHECK(t.run(t.inserting(std::move(input))) == "");
  CHECK(t.changed_rows == 3);
  CHECK(t.rows() == "1,10,a|2,20,b|3,30,c|11,10,a|12,20,b|13,30,c");
}

TEST_CASE("insert: an identity column gets numbers, which RETURNING sees") {
  TableSchema schema = id_v_name();
  schema.columns[0].identity = true;
  Changes t(std::move(schema));
  Insert insert = t.into();
  insert.returning = list(at(0), at(2, kText));
  CHECK(t.run(Changes::change(std::move(insert), rows_of(ints({{}, {}}), ints({7, 8}), texts({"x", {}})))) ==
        "1,x|2,NULL");
}

TEST_CASE("insert: a unique key twice is 23505, and the whole statement leaves nothing") {
  Changes t;
  t.fill();
  CHECK(t.run(t.inserting(rows_of(ints({9, 3}), ints({0, 0}), texts({"", ""})))) == "<23505>");
  CHECK(t.run(t.inserting(rows_of(ints({9, 9}), ints({0, 0}), texts({"", ""})))) == "<23505>");
  CHECK(t.rows() == "1,10,a|2,20,b|3,30,c");
  CHECK(t.run(t.inserting(rows_of(ints({{}, {}}), ints({0, 0}), texts({"n", "n"})))) == "");  // NULLs are distinct.
}

TEST_CASE("insert: CHECK refuses what is false, not what is NULL") {
  Changes t;
  const auto checked = [&](std::optional<std::int64_t> v) {
    Insert insert = t.into();
    insert.checks.push_back({"positive", compare(at(1), ">", constant(0))});
    return t.run(Changes::change(std::move(insert), rows_of(ints({1, 2}), ints({5, v}), texts({"", ""}))));
  };
  CHECK(checked(0) == "<23514>");
  CHECK(t.rows() == "");
  CHECK(checked(std::nullopt) == "");
  CHECK(t.rows() == "1,5,|2,NULL,");
}

TEST_CASE("on conflict do nothing: leaves out what is there and what comes twice") {
  Changes t;
  t.fill();
  const auto proposed = [] { return rows_of(ints({3, 4, 4, {}}), ints({0, 1, 2, 3}), texts({"x", "y", "z", "n"})); };
  CHECK(t.run(t.adding_new(proposed(), IndexId{1})) == "4,1,y|NULL,3,n");
  CHECK(t.changed_rows == 2);
  CHECK(t.run(t.adding_new(proposed())) == "NULL,3,n");
}

TEST_CASE("on conflict do nothing: a row left out for one index does not take its key in another") {
  TableSchema schema = id_v_name();
  add_unique(schema, {ColumnId{2}});
  Changes t(std::move(schema));
  t.fill();
  // (1, 77) meets id 1; so (5, 77) is free to come, and (6, 77) no longer is.
  CHECK(t.run(t.adding_new(rows_of(ints({1, 5, 6}), ints({77, 77, 77}), texts({"", "", ""})))) == "5,77,");
}

TEST_CASE("on conflict do update: changes the row there, adds the others, in the order proposed") {
  Changes t;
  t.fill();
  CHECK(t.run(t.upserting(rows_of(ints({2, 7, 1}), ints({5, 6, 7}), texts({"x", "y", "z"})))) == "2,25,b|7,6,y|1,17,a");
  CHECK(t.changed_rows == 3);
  CHECK(t.rows() == "1,17,a|2,25,b|3,30,c|7,6,y");
  t.commit();
  CHECK(t.run(t.upserting(rows_of(ints({7}), ints({1}), texts({""})))) == "7,7,y");
}

TEST_CASE("on conflict do update: WHERE leaves rows as they are, uncounted") {
  Changes t;
  t.fill();
  CHECK(t.run(t.upserting(rows_of(ints({1, 2, 3}), ints({1, 1, 1}), texts({"", "", ""})), 15)) == "1,11,a");
  CHECK(t.changed_rows == 1);
}

TEST_CASE("on conflict do update: one row cannot change twice") {
  Changes t;
  t.fill();
  CHECK(t.run(t.upserting(rows_of(ints({1, 1}), ints({1, 1}), texts({"", ""})))) == "<21000>");
  CHECK(t.run(t.upserting(rows_of(ints({8, 8}), ints({1, 1}), texts({"", ""})))) == "<21000>");
  CHECK(t.rows() == "1,10,a|2,20,b|3,30,c");
}

TEST_CASE("update: rows change once, by their old values, even where keys move onto one another") {
  Changes t;
  t.fill();
  Update update;
  update.table = t.table;
  update.new_row = list(compute(at(0), "+", constant(1)), compute(at(1), "*", constant(2)), at(2, kText));
  CHECK(t.run(Changes::change(std::move(update), t.scan(true))) == "");
  CHECK(t.changed_rows == 3);
  CHECK(t.rows() == "2,20,a|3,40,b|4,60,c");
}

TEST_CASE("update: a key that meets one that stays is 23505, and nothing has changed") {
  Changes t;
  t.fill();
  Update update;
  update.table = t.table;
  update.new_row = list(constant(3), at(1), at(2, kText));
  auto input = t.scan(true, compare(at(0), "=", constant(1)));
  CHECK(t.run(Changes::change(std::move(update), std::move(input))) == "<23505>");
  CHECK(t.rows() == "1,10,a|2,20,b|3,30,c");
}

TEST_CASE("update from: a row that several rows match changes once, and RETURNING sees the match") {
  Changes t;
  t.fill();
  t.commit();
  Join join;
  join.left_keys = list(at(0));
  join.right_keys = list(at(0));
  auto right = rows_of(ints({2, 1, 2, 5}), ints({100, 200, 300, 400}));
  auto input = plan_of(std::move(join), {kInt, kInt, kText, kInt, kInt, kInt}, list_of(t.scan(true), std::move(right)));
  Update update;
  update.table = t.table;
  update.new_row = list(at(0), at(5), at(2, kText));
  update.returning = list(at(0), at(1), at(4));  // id, new v, and v of the other table.
  const std::string got = t.run(Changes::change(std::move(update), std::move(input)));
  CHECK(t.changed_rows == 2);
  const std::string first = got.substr(0, got.find('|')), second = got.substr(got.find('|') + 1);
  for (const auto& row : {first, second}) {
    CHECK((row == "1,200,200" || row == "2,100,100" || row == "2,300,300"));
  }
  CHECK(first != second);
}

TEST_CASE("delete: RETURNING has the old values; rows go for the transaction at once") {
  Changes t;
  t.fill();
  CHECK(t.run(t.deleting(t.scan(true, compare(at(1), ">=", constant(20))))) == "2,20,b|3,30,c");
  CHECK(t.changed_rows == 2);
  CHECK(t.rows() == "1,10,a");
  t.commit();
  CHECK(t.run(t.deleting(t.scan(true))) == "1,10,a");
  CHECK(t.rows() == "");
}

// Random statements over 40 keys, in one transaction after another, against a map.
TEST_CASE("changes: many random statements agree with a map") {
  Changes t;
  std::map<std::int64_t, std::int64_t> model;
  std::mt19937 random(7);
  const auto number = [&](int end) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(end)); };
  for (int step = 0; step < 300; ++step) {
    const std::int64_t id = number(40), v = number(100);
    const auto one = [&] { return rows_of(ints({id}), ints({v}), texts({"t"})); };
    switch (random() % 5) {
      case 0: {
        const bool there = model.contains(id);
        CHECK(t.run(t.inserting(one())) == (there ? "<23505>" : ""));
        model.emplace(id, v);
        break;
      }
      case 1:
        CHECK(t.run(t.upserting(one())) != "<21000>");
        model[id] += v;
        break;
      case 2:
        t.run(t.adding_new(one()));
        model.emplace(id, v);
        break;
      case 3: {
        t.run(t.setting_v(compute(at(1), "+", constant(v)), t.scan(true, compare(at(0), "<", constant(id)))));
        std::uint64_t changed = 0;
        for (auto& [key, value] : model) {
          if (key < id) value += v, ++changed;
        }
        CHECK(t.changed_rows == changed);
        break;
      }
      default:
        t.run(t.deleting(t.scan(true, compare(at(0), "=", constant(id)))));
        CHECK(t.changed_rows == model.erase(id));
    }
    if (step % 17 == 0) t.commit();
    if (step % 10 != 0) continue;
    std::string want;
    for (const auto& [key, value] : model) {
      want += (want.empty() ? "" : "|") + std::to_string(key) + "," + std::to_string(value) + ",t";
    }
    REQUIRE(t.rows() == want);
  }
}

}  // namespace
}  // namespace mneme::query::test
