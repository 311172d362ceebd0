// A hand-made catalogue for the binder's tests, and plans and errors as text.
#pragma once

#include <string>
#include <string_view>

#include "query/operator.h"
#include "query/rules.h"
#include "sql/binder.h"
#include "sql/parser.h"

namespace mneme::sql::testing {

// moments (id INT key, ts TIMESTAMP, label TEXT, score FLOAT, place POINT, face VECTOR(3), note JSON), an index on
// label; imu (ts TIMESTAMP, device TEXT, ax FLOAT), without a key. One thread at a time.
class Catalogue {
 public:
  Catalogue();
  [[nodiscard]] BindContext context(std::span<const std::optional<Type>> parameters = {}) const;
  // CREATE TABLE, ALTER TABLE, CREATE INDEX; empty, or what outcome() says of the error.
  std::string create(std::string_view sql);
  [[nodiscard]] query::SchemaPtr find(std::string_view name) const;

 private:
  std::vector<query::SchemaPtr> tables_;
};

std::string outcome(const Error& error);  // "SQLSTATE line:column message [hint]"
std::string explain_all(const query::StatementPlan& plan);
Result<query::StatementPlan> plan_of(const Catalogue& catalogue, std::string_view sql,
                                     std::span<const std::optional<Type>> parameters = {});

// The plan's EXPLAIN, before the rules; or outcome().
std::string bound(std::string_view sql, std::span<const std::optional<Type>> parameters = {});
// The same after the rules.
std::string optimised(std::string_view sql);

}  // namespace mneme::sql::testing
