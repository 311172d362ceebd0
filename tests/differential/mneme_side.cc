#include "differential/mneme_side.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace mneme::differential {
namespace {

Outcome failed(const Error& error) {
  Outcome outcome;
  outcome.ok = false;
  outcome.sqlstate = error.sqlstate();
  outcome.message = error.to_string();
  return outcome;
}

std::optional<std::string> text_of_value(const Value& value) {
  if (value.is_null()) return std::nullopt;
  return value.to_text();
}

Outcome outcome_of(const ResultSet& result) {
  Outcome outcome;
  for (const ColumnInfo& column : result.columns()) outcome.kinds.push_back(column.type.kind);
  for (const auto row : result) {
    Row out;
    for (std::size_t i = 0; i < row.size(); ++i) out.push_back(text_of_value(row[i]));
    outcome.rows.push_back(std::move(out));
  }
  outcome.changed = result.changed_rows();
  return outcome;
}

Outcome outcome_of(RowStream& stream) {
  Outcome outcome;
  for (const ColumnInfo& column : stream.columns()) outcome.kinds.push_back(column.type.kind);
  for (;;) {
    const auto batch = stream.next();
    if (!batch) return failed(batch.error());
    if (!*batch) return outcome;
    for (std::size_t row = 0; row < (*batch)->rows(); ++row) {
      Row out;
      for (std::size_t i = 0; i < (*batch)->columns(); ++i) out.push_back(text_of_value((*batch)->value(i, row)));
      outcome.rows.push_back(std::move(out));
    }
  }
}

// Nothing says which type a parameter has: a literal has one, so there is nothing to compare.
bool is_untyped(const Error& error) {
  return error.sqlstate() == "42P18" || error.sqlstate() == "42725" || error.sqlstate() == "42883" ||
         error.sqlstate() == "42804";
}

void require(const Result<void>& done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "%s: %s\n", what, done.error().to_string().c_str());
  std::abort();
}

}  // namespace

MnemeSide::MnemeSide(Tamper tamper) : tamper_(std::move(tamper)) { open(); }

void MnemeSide::open() {
  auto opened = Database::open(folder_ / "db", {.threads = 0});
  if (!opened) require(std::move(opened).error(), "open");
  database_.emplace(*std::move(opened));
  connection_.emplace(database_->connect());
  connection_->set_durability(Durability::os);
}

Outcome MnemeSide::seen(std::string_view sql, bool prepared, Outcome outcome) {
  const Way way{.sql = sql, .prepared = prepared, .in_transaction = in_transaction(), .flushed = flushed_};
  if (tamper_) tamper_(way, outcome);
  return outcome;
}

Outcome MnemeSide::execute(const std::string& sql) {
  const auto result = connection_->execute(sql);
  if (!result) return seen(sql, false, failed(result.error()));
  if (result->changed_rows() > 0) flushed_ = false;
  return seen(sql, false, outcome_of(*result));
}

std::optional<Outcome> MnemeSide::execute_prepared(const std::string& sql, std::span<const Value> parameters) {
  auto statement = connection_->prepare(sql);
  if (!statement) {
    if (is_untyped(statement.error())) return std::nullopt;
    return failed(statement.error());
  }
  const auto result = statement->execute(parameters);
  return seen(sql, true, result ? outcome_of(*result) : failed(result.error()));
}

std::optional<Outcome> MnemeSide::stream_prepared(const std::string& sql, std::span<const Value> parameters) {
  auto statement = connection_->prepare(sql);
  if (!statement || !statement->is_query()) return std::nullopt;
  auto stream = statement->query(parameters);
  return stream ? outcome_of(*stream) : failed(stream.error());
}

bool MnemeSide::in_transaction() const { return connection_->in_transaction(); }

void MnemeSide::flush() {
  const auto done = connection_->execute("CHECKPOINT");
  if (!done) require(done.error(), "CHECKPOINT");
  flushed_ = true;
}

void MnemeSide::compact() {
  const auto done = connection_->execute("VACUUM");
  if (!done) require(done.error(), "VACUUM");
  flushed_ = true;
}

void MnemeSide::reopen() {
  connection_.reset();
  require(database_->close(), "close");
  database_.reset();
  open();
  flushed_ = true;
}

std::string MnemeSide::check() {
  const auto report = database_->check();
  if (!report) return report.error().to_string();
  std::string problems;
  for (const std::string& problem : report->problems) problems += problem + "\n";
  return problems;
}

}  // namespace mneme::differential
