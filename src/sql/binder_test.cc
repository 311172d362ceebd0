#include "sql/binder_test.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace mneme::sql::testing {

Catalogue::Catalogue() {
  create(
      "CREATE TABLE moments (id INT PRIMARY KEY, ts TIMESTAMP, label TEXT, score FLOAT, place POINT, "
      "face VECTOR(3), note JSON)");
  create("CREATE TABLE imu (ts TIMESTAMP, device TEXT, ax FLOAT)");
  create("CREATE INDEX ON moments (label)");
}

query::SchemaPtr Catalogue::find(std::string_view name) const {
  const auto found = std::ranges::find_if(tables_, [&](const auto& table) { return table->name == name; });
  return found == tables_.end() ? nullptr : *found;
}

BindContext Catalogue::context(std::span<const std::optional<Type>> parameters) const {
  return {.find_table = [this](std::string_view name) { return find(name); },
          .table_names =
              [this] {
                std::vector<std::string> names;
                for (const auto& table : tables_) names.push_back(table->name);
                return names;
              },
          .parameter_types = parameters,
          .now_ns = 0};
}

std::string Catalogue::create(std::string_view sql) {
  const auto parsed = parse(sql);
  if (!parsed) return outcome(parsed.error());
  const StatementNode& node = parsed->front().node;
  Result<TableSchema> schema = TableSchema();
  if (const auto* table = std::get_if<CreateTable>(&node)) schema = bind_create_table(*table, context());
  if (const auto* alter = std::get_if<AlterTable>(&node)) {
    schema = bind_alter_table(*alter, *find(alter->table.name), context());
  }
  if (const auto* index = std::get_if<CreateIndex>(&node)) schema = bind_create_index(*index, *find(index->table.name));
  if (!schema) return outcome(schema.error());
  std::erase_if(tables_, [&](const auto& table) { return table->name == schema->name; });
  schema->id = TableId{tables_.size() + 1};
  tables_.push_back(std::make_shared<const TableSchema>(*std::move(schema)));
  return "";
}

std::string outcome(const Error& error) {
  std::string text(error.sqlstate());
  if (error.position()) {
    text += " " + std::to_string(error.position()->line) + ":" + std::to_string(error.position()->column);
  }
  text += " " + error.message();
  if (!error.hint().empty()) text += " [" + std::string(error.hint()) + "]";
  return text;
}

std::string explain_all(const query::StatementPlan& plan) {
  std::string text;
  for (const auto& subquery : plan.scalar_subqueries) text += "Subquery\n" + query::explain(*subquery);
  return text + query::explain(*plan.root);
}

Result<query::StatementPlan> plan_of(const Catalogue& catalogue, std::string_view sql,
                                     std::span<const std::optional<Type>> parameters) {
  const auto parsed = TRY(parse(sql));
  return bind(parsed.front(), catalogue.context(parameters));
}

std::string bound(std::string_view sql, std::span<const std::optional<Type>> parameters) {
  const Catalogue catalogue;
  const auto plan = plan_of(catalogue, sql, parameters);
  return plan ? explain_all(*plan) : outcome(plan.error());
}

std::string optimised(std::string_view sql) {
  const Catalogue catalogue;
  auto plan = plan_of(catalogue, sql, {});
  if (!plan) return outcome(plan.error());
  query::apply_rules(*plan);
  return explain_all(*plan);
}

TEST_CASE("binder: a SELECT reads, tests, computes, sorts and limits, in that order") {
  CHECK(bound("SELECT id, score * 2 AS twice FROM moments WHERE label = 'x' ORDER BY 2 DESC LIMIT 3") ==
        "Limit 3\n"
        "  Sort twice DESC\n"
        "    Project id, score * 2\n"
        "      Filter label = 'x'\n"
        "        Scan moments (id, ts, label, score, place, face, note)\n");
}

TEST_CASE("binder: a text literal takes the type of what it is compared with, and must say a value of it") {
  CHECK(bound("SELECT id FROM imu, moments WHERE moments.ts > '2024-01-01'").find("'2024-01-01 00:00:00+00'") !=
        std::string::npos);
  CHECK(bound("SELECT 1 + 'x'") == "22P02 1:12 invalid input syntax for type integer: \"x\"");
}

TEST_CASE("binder: groups become columns, HAVING tests them") {
  CHECK(bound("SELECT label, count(*) FROM moments GROUP BY label HAVING count(*) > 2") ==
        "Project label, count(*)\n"
        "  Filter count(*) > 2\n"
        "    Aggregate count(*) by label\n"
        "      Scan moments (id, ts, label, score, place, face, note)\n");
  CHECK(bound("SELECT score FROM imu JOIN moments USING (ts) GROUP BY label").starts_with("42803 1:8 "));
}

TEST_CASE("binder: EXISTS and NOT IN are joins") {
  CHECK(bound("SELECT id FROM moments WHERE EXISTS (SELECT 1 FROM imu WHERE imu.ts = moments.ts)") ==
        "Project moments.id\n"
        "  Semi join on moments.ts = imu.ts\n"
        "    Scan moments (id, ts, label, score, place, face, note)\n"
        "    Scan imu (ts, device, ax, _id)\n");
  CHECK(bound("SELECT id FROM moments WHERE label NOT IN (SELECT device FROM imu)")
            .find("Anti join null-aware on moments.label = imu.device") != std::string::npos);
}

}  // namespace mneme::sql::testing
