// ORDER BY distance LIMIT k over a table of (id INT, v VECTOR, name TEXT), against a sort of all distances computed
// one by one in double precision.
#include <algorithm>
#include <cmath>
#include <random>

#include "query/rules_columns.h"
#include "query/table_test.h"

namespace mneme::query::test {
namespace {

constexpr std::uint16_t kDimension = 20;  // 80 bytes: wide enough to lie raw in segments.
const Type kVector{.kind = TypeKind::vector, .element = VectorElement::f32, .dimension = kDimension};

double plain_l2(const float* a, const float* b) {
  double sum = 0;
  for (std::size_t i = 0; i < kDimension; ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return std::sqrt(sum);
}
std::size_t measured_rows = 0;  // By the kernel, which the operator itself does not call.
Result<void> l2_kernel(Operands operands, std::size_t rows, Column& out) {
  measured_rows += rows;
  for (std::size_t row = 0; row < rows; ++row) {
    if (operands[0].is_null(row) || operands[1].is_null(row)) {
      out.append_null();
      continue;
    }
    const auto at = [&](const Operand& operand) {
      return operand.column->values<float>() + (operand.constant ? 0 : row * kDimension);
    };
    out.append(plain_l2(at(operands[0]), at(operands[1])));
  }
  return {};
}
const Function kL2{"<->", l2_kernel};

using Vector = std::array<float, kDimension>;
struct Row {
  std::int64_t id = 0;
  std::optional<Vector> v;
};

struct Vectors : TableBench {
  Vectors() : TableBench(schema()) {}
  std::mt19937 random{11};
  std::vector<Row> model;  // In the order of arrival.
  std::int64_t among = 0;  // WHERE id % among <> 0; 0: all rows.

  static TableSchema schema() {
    TableSchema schema;
    add_column(schema, kInt);
    add_column(schema, kVector);
    add_column(schema, kText);
    return schema;
  }
  Vector some_vector(int values) {  // Few values: many distances are equal.
    Vector v{};
    for (float& x : v) x = static_cast<float>(random() % static_cast<unsigned>(values));
    return v;
  }
  void add(std::size_t count, bool with_nulls, int values = 50) {
    Batch batch;
    for (const ColumnSchema& column : table->columns) batch.columns.emplace_back(column.type);
    for (std::size_t i = 0; i < count; ++i) {
      Row row{.id = static_cast<std::int64_t>(model.size()), .v = some_vector(values)};
      if (with_nulls && random() % 5 == 0) row.v.reset();
      batch.columns[0].append(row.id);
      row.v ? batch.columns[1].append(*row.v) : batch.columns[1].append_null();
      batch.columns[2].append_bytes(as_bytes("name" + std::to_string(row.id)));
      model.push_back(row);
    }
    transaction->insert(table->id, batch).value();
  }
  void remove_some() {
    Delete gone;
    gone.table = table;
    const auto id = static_cast<std::int64_t>(random() % model.size());
    run(change(std::move(gone), scan(true, compare(at(0), "=", constant(model[static_cast<std::size_t>(id)].id)))));
    model.erase(model.begin() + static_cast<std::ptrdiff_t>(id));
  }
  [[nodiscard]] ExpressionPtr condition() const {
    if (among == 0) return nullptr;
    return compare(compute(at(0), "%", constant(among)), "<>", constant(0));
  }
  // SELECT name, v <-> $1, id FROM t WHERE ... ORDER BY 2 LIMIT limit OFFSET offset
  [[nodiscard]] PlanPtr nearest(std::int64_t limit, std::int64_t offset, bool column_first = true) const {
    Project project;
    auto column = at(1, kVector), query = make_parameter(0, kVector);
    if (!column_first) std::swap(column, query);
    project.expressions = list(at(2, kText), call(&kL2, kFloat, list(std::move(column), std::move(query))), at(0));
    auto projected = plan_of(std::move(project), {kText, kFloat, kInt}, list_of(scan(false, condition())));
    Sort sort;
    sort.keys.push_back(key(at(1, kFloat)));
    sort.limit = constant(limit);
    sort.offset = constant(offset);
    return over_input(std::move(sort), std::move(projected));
  }
  [[nodiscard]] std::string expected(const Vector& query, std::size_t wanted, bool with_distance = true) const {
    std::vector<const Row*> rows;
    for (const Row& row : model) {
      if (among == 0 || row.id % among != 0) rows.push_back(&row);
    }
    std::ranges::stable_sort(rows, [&](const Row* a, const Row* b) {
      if (!a->v || !b->v) return a->v.has_value() && !b->v;
      return plain_l2(a->v->data(), query.data()) < plain_l2(b->v->data(), query.data());
    });
    rows.resize(std::min(rows.size(), wanted));
    std::string out;
    for (const Row* row : rows) {
      Column distance(kFloat);
      row->v ? distance.append(plain_l2(row->v->data(), query.data())) : distance.append_null();
      out += (out.empty() ? "name" : "|name") + std::to_string(row->id) + "," +
             (with_distance ? shown(distance, 0) + "," : "") + std::to_string(row->id);
    }
    return out;
  }
  void check(std::int64_t limit, std::int64_t offset = 0) {
    const Vector query = some_vector(50);
    const auto parameter = [&] { return list_of(column_of(kVector, std::vector<std::optional<Vector>>{query})); };
    const auto wanted = static_cast<std::size_t>(limit + offset);
    REQUIRE(run(*nearest(limit, offset), parameter()) == expected(query, wanted));
    REQUIRE(run(*nearest(limit, offset, false), parameter()) == expected(query, wanted));
  }
};

TEST_CASE("nearest: rows of memtables, segments and the open transaction, NULLs last, as a full sort has them") {
  Vectors t;
  t.check(5);
  for (int round = 0; round < 4; ++round) {
    t.add(700, round % 2 == 1);
    t.check(10);
    t.check(1);
    t.commit();
    t.check(10, 3);
    if (round % 2 == 0) t.store->flush().value();
    t.begin();
    t.check(10);
    t.check(10);
    for (int i = 0; i < 5; ++i) t.remove_some();
    t.check(2'000, 1'000);  // More than have a vector.
    t.check(0);
  }
}

TEST_CASE("nearest: with a WHERE only the rows it keeps come, from memtables, segments and the open transaction") {
  Vectors t;
  for (int round = 0; round < 4; ++round) {
    t.add(700, round % 2 == 1);
    t.commit();
    if (round % 2 == 0) t.store->flush().value();
    t.begin();
    t.add(50, true);
    for (int i = 0; i < 5; ++i) t.remove_some();
    for (const std::int64_t among : {2, 3, 40, 1}) {  // The last keeps none.
      t.among = among;
      t.check(10);
      t.check(2'000, 1'000);
    }
    t.among = 0;
  }
}

TEST_CASE("nearest: among equal distances the first to arrive comes first") {
  Vectors t;
  t.add(900, true, 1);  // All vectors are zeros.
  t.commit();
  t.check(7);
}

TEST_CASE("nearest: rows this transaction deletes do not come, even when they are the nearest") {
  Vectors t;
  t.add(300, false);
  t.commit();
  t.store->flush().value();
  t.begin();
  for (int i = 0; i < 40; ++i) t.remove_some();
  t.check(30);
  t.commit();
  t.check(30);
}

TEST_CASE(
    "nearest: a distance is made anew of the rows that come where it is selected, not where only the order wants it") {
  Vectors t;
  t.add(300, false);
  const Vector query = t.some_vector(50);
  const auto parameter = [&] { return list_of(column_of(kVector, std::vector<std::optional<Vector>>{query})); };
  Project others;
  others.expressions = list(at(0, kText), at(2));
  const PlanPtr ordered = narrow_columns(plan_of(std::move(others), {kText, kInt}, list_of(t.nearest(5, 0))));
  measured_rows = 0;
  CHECK(t.run(*ordered, parameter()) == t.expected(query, 5, false));
  CHECK(measured_rows == 0);
  const PlanPtr selected = narrow_columns(t.nearest(5, 0));
  CHECK(t.run(*selected, parameter()) == t.expected(query, 5));
  CHECK(measured_rows == 5);
}

TEST_CASE("nearest: a NULL vector is no distance to anything: all rows are equal") {
  Vectors t;
  t.add(3, false);
  Column none(kVector);
  none.append_null();
  CHECK(t.run(*t.nearest(2, 0), list_of(std::move(none))) == "name0,NULL,0|name1,NULL,1");
}

}  // namespace
}  // namespace mneme::query::test
