#include <doctest/doctest.h>

#include <random>
#include <set>

#include "query/test_plans.h"

namespace mneme::query::test {
namespace {

using enum JoinKind;

// Two tables (k, v) and (k, w), joined on k unless `keyless`, then with a residual on v and w.
struct Case {
  JoinKind kind = inner;
  bool keyless = false;
  bool residual = false;
  bool null_aware = false;
};
struct Row {
  std::optional<std::int64_t> key;
  std::int64_t value = 0;
};
using Rows = std::vector<Row>;

bool yields_left_only(JoinKind kind) { return kind == semi || kind == anti; }

PlanPtr table(const Rows& rows) {
  Ints keys, values;
  for (const Row& row : rows) {
    keys.push_back(row.key);
    values.push_back(row.value);
  }
  if (rows.empty()) return over_input(Limit{.limit = constant(0), .offset = nullptr}, table({Row{}}));
  return rows_of(ints(keys), ints(values));
}
PlanPtr join_of(const Case& c, const Rows& left, const Rows& right) {
  Join join;
  join.kind = c.kind;
  join.null_aware = c.null_aware;
  if (!c.keyless) {
    join.left_keys = list(at(0));
    join.right_keys = list(at(0));
  }
  if (c.residual) join.residual = compare(at(1), "<", at(3));
  const std::vector<Type> types(yields_left_only(c.kind) ? 2 : 4, kInt);
  return plan_of(std::move(join), types, list_of(table(left), table(right)));
}
std::string text(const Row& row) {
  return (row.key ? std::to_string(*row.key) : "NULL") + ',' + std::to_string(row.value);
}

// Three-valued: does the pair match? No value: nobody knows.
std::optional<bool> matches(const Case& c, const Row& l, const Row& r) {
  if (c.residual && l.value >= r.value) return false;
  if (c.keyless) return true;
  if (!l.key || !r.key) return std::nullopt;
  return *l.key == *r.key;
}
// The oracle: every pair looked at, by the definitions of the kinds.
std::multiset<std::string> expected(const Case& c, const Rows& left, const Rows& right) {
  std::multiset<std::string> out;
  std::vector<bool> right_met(right.size());
  for (const Row& l : left) {
    bool met = false, unknown = false;
    for (std::size_t i = 0; i < right.size(); ++i) {
      const auto match = matches(c, l, right[i]);
      unknown |= !match;
      if (!match.value_or(false)) continue;
      met = true;
      right_met[i] = true;
      if (!yields_left_only(c.kind)) out.insert(text(l) + ',' + text(right[i]));
    }
    if (!met && (c.kind == JoinKind::left || c.kind == full)) out.insert(text(l) + ",NULL,NULL");
    if (met && c.kind == semi) out.insert(text(l));
    if (!met && c.kind == anti && !(c.null_aware && unknown)) out.insert(text(l));
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (!right_met[i] && (c.kind == JoinKind::right || c.kind == full)) out.insert("NULL,NULL," + text(right[i]));
  }
  return out;
}
std::multiset<std::string> split(const std::string& text) {
  std::multiset<std::string> out;
  if (text.empty()) return out;
  for (std::size_t from = 0;;) {
    const std::size_t to = text.find('|', from);
    out.insert(text.substr(from, to - from));
    if (to == std::string::npos) return out;
    from = to + 1;
  }
}

Rows random_rows(std::mt19937_64& random, std::size_t count, std::uint64_t keys, bool nulls) {
  Rows rows(count);
  for (Row& row : rows) {
    if (!nulls || random() % 8 != 0) row.key = static_cast<std::int64_t>(random() % keys);
    row.value = static_cast<std::int64_t>(random() % 100);
  }
  return rows;
}

TEST_CASE("join: every kind, with keys or without, gives what looking at every pair gives") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    Case c{.kind = static_cast<JoinKind>(random() % 6),
           .keyless = random() % 4 == 0,
           .residual = random() % 2 == 0,
           .null_aware = false};
    c.null_aware = c.kind == anti && !c.keyless && random() % 2 == 0;
    const std::uint64_t keys = 1 + random() % 30;
    const Rows left = random_rows(random, random() % 60, keys, random() % 2 == 0);
    const Rows right = random_rows(random, random() % 60, keys, random() % 4 == 0);
    CAPTURE(static_cast<int>(c.kind));
    CAPTURE(c.keyless);
    CAPTURE(c.residual);
    CAPTURE(c.null_aware);
    REQUIRE(split(Bench().run(join_of(c, left, right))) == expected(c, left, right));
  }
}

TEST_CASE("join: more matches than a batch holds, and sides of many batches") {
  std::mt19937_64 random(6);
  const Rows left = random_rows(random, 3'000, 40, true), right = random_rows(random, 400, 40, true);
  for (const JoinKind kind : {inner, JoinKind::left, JoinKind::right, full, semi, anti}) {
    for (const bool residual : {false, true}) {
      const Case c{.kind = kind, .keyless = false, .residual = residual, .null_aware = false};
      REQUIRE(split(Bench().run(join_of(c, left, right))) == expected(c, left, right));
    }
  }
  const Case cross{.kind = inner, .keyless = true, .residual = false, .null_aware = false};
  const Rows some(right.begin(), right.begin() + 20);
  CHECK(split(Bench().run(join_of(cross, left, some))) == expected(cross, left, some));
}

TEST_CASE("join: rows come in the left side's order, matches in the right side's") {
  const Case c{.kind = JoinKind::left, .keyless = false, .residual = false, .null_aware = false};
  CHECK(Bench().run(join_of(c, {{2, 0}, {9, 1}, {1, 2}}, {{1, 5}, {2, 6}, {1, 4}})) ==
        "2,0,2,6|9,1,NULL,NULL|1,2,1,5|1,2,1,4");
}

TEST_CASE("join: keys of several columns and of text; an empty text is not NULL") {
  Join join;
  join.left_keys = list(at(0, kText), at(1));
  join.right_keys = list(at(0, kText), at(1));
  auto plan = plan_of(std::move(join), {kText, kInt, kText, kInt},
                      list_of(rows_of(texts({"a", "", {}, "ab"}), ints({1, 2, 3, {}})),
                              rows_of(texts({"", "a", {}, "a", "ab"}), ints({2, 1, 3, 2, {}}))));
  CHECK(Bench().run(plan) == "a,1,a,1|,2,,2");
}

TEST_CASE("join: NOT IN: a NULL on the right lets nothing pass, on the left only itself, and no rows let all pass") {
  const Case c{.kind = anti, .keyless = false, .residual = false, .null_aware = true};
  const Rows left{{1, 0}, {2, 0}, {{}, 0}};
  CHECK(Bench().run(join_of(c, left, {{1, 0}, {{}, 0}})) == "");
  CHECK(Bench().run(join_of(c, left, {{1, 0}})) == "2,0");
  CHECK(Bench().run(join_of(c, left, {})) == "1,0|2,0|NULL,0");
}

TEST_CASE("join: NOT IN of rows of values excludes only what surely differs in some column") {
  Join join;
  join.kind = anti;
  join.null_aware = true;
  join.left_keys = list(at(0), at(1));
  join.right_keys = list(at(0), at(1));
  // Against (1, NULL): (1, x) is unknown, (2, x) surely differs; against (3, 4): (NULL, 4) is unknown.
  auto plan = plan_of(std::move(join), {kInt, kInt},
                      list_of(rows_of(ints({1, 2, {}, {}}), ints({5, 5, 4, 6})), rows_of(ints({1, 3}), ints({{}, 4}))));
  CHECK(Bench().run(plan) == "2,5");
}

TEST_CASE("join: sides without columns still have rows") {
  const auto empty_rows = [](std::size_t count) {
    Values values;
    values.rows.resize(count);
    return plan_of(std::move(values), {});
  };
  auto cross = plan_of(Join{}, {}, list_of(empty_rows(3), empty_rows(4)));
  Aggregate aggregate;
  AggregateCall count;
  count.kind = AggregateKind::count_rows;
  count.type = kInt;
  aggregate.calls.push_back(std::move(count));
  CHECK(Bench().run(plan_of(std::move(aggregate), {kInt}, list_of(std::move(cross)))) == "12");
}

TEST_CASE("join: a right side beyond the budget is 53200") {
  std::mt19937_64 random(8);
  Bench bench(MemoryBudget::kBytesMin);
  bench.budget.set_share_cap(MemoryShare::queries, 200'000);
  const Case c{.kind = inner, .keyless = false, .residual = false, .null_aware = false};
  CHECK(bench.run(join_of(c, {{1, 1}}, random_rows(random, 20'000, 50, false))) == "<53200>");
  CHECK(bench.budget.used() == 0);
}

// ---- ASOF ------------------------------------------------------------------------------------------------------

struct AsofCase {
  bool outer = false;
  bool strict = false;
  bool forward = false;
  bool keyed = false;
  std::optional<std::int64_t> within;
};
PlanPtr asof_of(const AsofCase& c, PlanPtr left, PlanPtr right, Type time = kInt) {
  AsofJoin join;
  join.left_outer = c.outer;
  join.strict = c.strict;
  join.forward = c.forward;
  if (c.keyed) {
    join.left_keys = list(at(0));
    join.right_keys = list(at(0));
  }
  join.left_time = at(1, time);
  join.right_time = at(1, time);
  if (c.within) join.within = constant(*c.within);
  return plan_of(std::move(join), {kInt, time, kInt, time}, list_of(std::move(left), std::move(right)));
}
std::string asof_text(const std::optional<std::int64_t>& value) { return value ? std::to_string(*value) : "NULL"; }

TEST_CASE("asof join: the nearest row on the side asked for, as looking at every row finds it") {
  std::mt19937_64 random(9);
  for (int round = 0; round < 200; ++round) {
    AsofCase c{.outer = random() % 2 == 0,
               .strict = random() % 2 == 0,
               .forward = random() % 2 == 0,
               .keyed = random() % 2 == 0,
               .within = std::nullopt};
    if (random() % 2 == 0) c.within = static_cast<std::int64_t>(random() % 10);
    const auto column = [&](std::size_t count, std::uint64_t spread) {
      Ints values(count);
      for (auto& value : values) {
        if (random() % 10 != 0) value = static_cast<std::int64_t>(random() % spread);
      }
      return values;
    };
    const Ints left_key = column(80, 4), left_time = column(80, 60), right_key = column(50, 4),
               right_time = column(50, 60);
    std::string want;
    for (std::size_t i = 0; i < left_key.size(); ++i) {
      std::optional<std::size_t> best;
      for (std::size_t j = 0; j < right_key.size(); ++j) {
        if (!left_time[i] || !right_time[j]) continue;
        if (c.keyed && (!left_key[i] || !right_key[j] || *left_key[i] != *right_key[j])) continue;
        const std::int64_t ahead = *right_time[j] - *left_time[i];
        if (c.strict ? (c.forward ? ahead <= 0 : ahead >= 0) : (c.forward ? ahead < 0 : ahead > 0)) continue;
        if (!best) {
          best = j;
        } else if (c.forward ? *right_time[j] < *right_time[*best] : *right_time[j] >= *right_time[*best]) {
          best = j;
        }
      }
      if (best && c.within && std::abs(*right_time[*best] - *left_time[i]) > *c.within) best.reset();
      if (!best && !c.outer) continue;
      want += (want.empty() ? "" : "|") + asof_text(left_key[i]) + ',' + asof_text(left_time[i]) + ',' +
              (best ? asof_text(right_key[*best]) + ',' + asof_text(right_time[*best]) : "NULL,NULL");
    }
    REQUIRE(Bench().run(asof_of(c, rows_of(ints(left_key), ints(left_time)),
                                rows_of(ints(right_key), ints(right_time)))) == want);
  }
}

TEST_CASE("asof join: an interval bounds the distance of timestamps, at its very end too") {
  AsofJoin join;
  join.left_outer = true;
  join.left_time = at(0, kTime);
  join.right_time = at(0, kTime);
  join.within = make_constant(column_of<Interval>(kInterval, {Interval{.months = 0, .days = 0, .ns = 10}}));
  auto plan = plan_of(std::move(join), {kTime, kTime},
                      list_of(rows_of(ints({99, 110, 111}, kTime)), rows_of(ints({100}, kTime))));
  CHECK(Bench().run(plan) == "99,NULL|110,100|111,NULL");
}

TEST_CASE("asof join: a time that has no order in eight bytes is refused") {
  CHECK(Bench().run(asof_of({}, rows_of(ints({1}), texts({"a"})), rows_of(ints({1}), texts({"a"})), kText)) ==
        "<0A000>");
}

}  // namespace
}  // namespace mneme::query::test
