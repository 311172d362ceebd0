// Session: what a Connection does, statement by statement: transactions, their failure, plans and their runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/blob_state.h"
#include "api/engine.h"
#include "api/point_read.h"
#include "api/result_data.h"
#include "sql/ast.h"
#include "sql/binder.h"

namespace mneme {

// One statement as parsed, and its plan once there is one.
struct PreparedStatement {  // One thread at a time.
  std::string text;
  sql::Statement statement;
  std::shared_ptr<const PlannedStatement> plan;  // Null: not planned yet, or never (not a query or a change).
  std::unique_ptr<PointRead> point;              // Of the plan; null: not such a query, or not run yet.
};

// A query under way: its transaction, when it has one of its own, goes last.
struct OpenStream {  // One thread at a time.
  std::unique_ptr<Transaction> own;
  std::unique_ptr<Execution> execution;
};

class Session {  // One thread at a time.
 public:
  explicit Session(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

  // After an error of anything below: an open transaction takes only its end, or ROLLBACK TO a savepoint.
  void fail() noexcept;
  // Exactly one statement. invalid_argument, 42601: none or several.
  Result<std::shared_ptr<PreparedStatement>> prepare(std::string_view sql);
  static Result<void> check_script(std::string_view sql);  // That none of its statements is malformed.
  // All statements of a text in turn, up to the first error.
  static Result<void> parse_each(std::string_view sql, const std::function<Result<void>(PreparedStatement&)>& each);
  using Data = std::unique_ptr<ResultData>;
  Result<Data> execute(PreparedStatement& prepared, std::span<const Value> parameters);
  // A query whose rows are pulled; between begin_stream() and end_stream() nothing else runs.
  Result<OpenStream> open_stream(PreparedStatement& prepared, std::span<const Value> parameters);
  void begin_stream() noexcept { streaming_ = true; }
  void end_stream() noexcept { streaming_ = false; }
  // Of a query for one BLOB, the text of which is remembered with its plan: blobs are read by the same few.
  Result<std::optional<StoredBlob>> read_blob(std::string_view sql, std::span<const Value> parameters);

  [[nodiscard]] bool in_transaction() const noexcept { return transaction_ != nullptr; }
  void set_durability(std::optional<Durability> durability) noexcept { durability_ = durability; }
  [[nodiscard]] Engine& engine() noexcept { return *engine_; }

 private:
  [[nodiscard]] Result<void> check_ready(const sql::Statement& statement) const;
  // Session commands.
  Result<Data> begin(const sql::Begin& how);
  Result<Data> commit();
  Result<Data> rollback(const sql::Rollback& rollback);
  Result<Data> savepoint(const sql::Statement& statement);
  Result<Data> set(const sql::Set& set);
  Result<Data> show(const sql::Show& show);
  Result<Data> maintain(const sql::Maintenance& work);
  // Everything else, inside `transaction`.
  Result<Data> run_alone(PreparedStatement& prepared, std::span<const Value> parameters);
  Result<Data> run(Transaction& transaction, PreparedStatement& prepared, std::span<const Value> parameters);
  Result<std::shared_ptr<const PlannedStatement>> plan_blob_query(const Transaction& transaction, std::string_view sql,
                                                                  std::span<const Value> parameters);
  [[nodiscard]] LatestReader& latest();  // REQUIRES: the store is not read-only.
  Result<std::unique_ptr<Transaction>> begin_transaction();
  // Null: the operators must answer.
  Result<Data> run_point(PointRead& point, std::span<const Value> parameters);
  Result<void> make_plan(const Transaction& transaction, PreparedStatement& prepared,
                         std::span<const Value> parameters);
  Result<Data> run_plan(Transaction& transaction, PreparedStatement& prepared, std::span<const Value> parameters);
  Result<Data> explain(Transaction& transaction, const sql::Explain& explain, std::span<const Value> parameters);
  Result<Data> show_plan(Transaction& transaction, const sql::Explain& explain, std::span<const Value> parameters);
  Result<void> run_profiled(Transaction& transaction, const std::shared_ptr<const PlannedStatement>& plan,
                            std::span<const Value> parameters, query::Profile& profile);

  const std::shared_ptr<Engine> engine_;
  std::unique_ptr<LatestReader> latest_;      // Made when it is first wanted.
  std::unique_ptr<Transaction> transaction_;  // Between BEGIN and its end.
  bool failed_ = false;                       // A statement of transaction_ failed: only ROLLBACK is taken.
  bool read_only_ = false;                    // As transaction_ was begun.
  bool streaming_ = false;
  std::optional<Durability> durability_;

  struct BlobQuery {
    std::shared_ptr<PreparedStatement> prepared;  // Its rows are by reference: it serves nothing else.
    ParameterTypes types;                         // Of the parameters it was planned for.
  };
  static constexpr std::size_t kBlobQueriesMax = 4;
  static constexpr std::size_t kBlobQueryBytesMax = 4 << 10;  // Longer texts are not remembered.
  std::vector<BlobQuery> blob_queries_;                       // The last used first.
};

// The plan of a statement for `transaction`, made anew when the one there is no longer fits.
Result<std::shared_ptr<const PlannedStatement>> plan_statement(const sql::Statement& statement,
                                                               const Transaction& transaction, ParameterTypes given,
                                                               bool rows_by_reference = false);
// The catalogue is still what it was planned for.
[[nodiscard]] bool still_fits(const PlannedStatement& plan, const Transaction& transaction);
// Nor would the plan be another for the types of these values.
[[nodiscard]] bool still_fits(const PlannedStatement& plan, std::span<const Value> parameters) noexcept;
// The values as one-row columns of the types the plan asks for. 08P01: another number of them.
Result<std::vector<Column>> bind_parameters(Engine& engine, const query::StatementPlan& plan,
                                            std::span<const Value> values);
ParameterTypes types_of(std::span<const Value> parameters);
sql::BindContext bind_context(const Transaction& transaction, std::span<const std::optional<Type>> parameter_types);
// Of a CREATE TABLE AS the table; whether the query's rows are to follow, as planned by plan_statement().
Result<bool> create_table_as(Transaction& transaction, const sql::Statement& statement,
                             std::span<const Value> parameters);
// CREATE, ALTER, DROP. False: the statement is none of these.
Result<bool> run_schema_change(Transaction& transaction, const sql::Statement& statement);

}  // namespace mneme
