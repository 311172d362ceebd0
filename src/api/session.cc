#include "api/session.h"

#include <algorithm>

#include "api/guarded.h"
#include "query/profile.h"
#include "sql/parser.h"

namespace mneme {
namespace {

constexpr int kAttemptsMax = 10'000;  // Of a statement that loses races; each lost one means that another won.

Error no_transaction(std::string_view what) {
  return Error(Code::invalid_argument, std::string(what) + " outside of a transaction").with_sqlstate("25P01");
}

template <class Node>
bool is(const sql::Statement& statement) {
  return std::holds_alternative<Node>(statement.node);
}

bool may_change(const sql::Statement& statement) {
  if (const auto* explained = std::get_if<sql::Explain>(&statement.node)) {
    return explained->analyze && may_change(*explained->statement);
  }
  return !is<sql::QueryPtr>(statement) && !is<sql::Begin>(statement) && !is<sql::Commit>(statement) &&
         !is<sql::Rollback>(statement) && !is<sql::Savepoint>(statement) && !is<sql::Release>(statement) &&
         !is<sql::Set>(statement) && !is<sql::Show>(statement);
}

std::unique_ptr<ResultData> nothing() { return std::make_unique<ResultData>(); }

// Of a column's only row; none: it is NULL.
Result<std::optional<StoredBlob>> stored_blob(Store& store, const Column& column) {
  StoredBlob blob;
  if (column.is_null(0)) return std::optional<StoredBlob>();
  const StringRef value = column.values<StringRef>()[0];
  if (value.is_reference()) {
    blob.reference = blob_ref(value);
    blob.held = TRY(store.blob_file(FileNumber{blob.reference.file}));
    blob.file = TRY(blob.held->open());
    TRY(blob.file->check_extent(blob.reference));
  } else {
    const Bytes bytes = column.bytes_at(0);
    blob.head.assign(bytes.begin(), bytes.end());
  }
  return std::optional(std::move(blob));
}

std::unique_ptr<ResultData> text_rows(std::string name, std::string_view lines) {
  auto data = nothing();
  const Type text{.kind = TypeKind::text};
  data->own_columns.push_back({std::move(name), text});
  Batch batch;
  Column& column = batch.columns.emplace_back(text);
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    column.append_bytes(as_bytes(lines.substr(0, end)));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  data->add(std::move(batch));
  return data;
}

std::shared_ptr<PreparedStatement> prepared_of(std::string_view sql, sql::Statement statement) {
  auto prepared = std::make_shared<PreparedStatement>();
  prepared->text = sql.substr(statement.begin_bytes, statement.end_bytes - statement.begin_bytes);
  prepared->statement = std::move(statement);
  return prepared;
}

}  // namespace

// A pass of its own: the trees of a long script are not to be held together.
Result<void> Session::check_script(std::string_view sql) {
  return sql::parse_each(sql, [](const sql::Statement&) { return Result<void>(); });
}

Result<void> Session::parse_each(std::string_view sql, const std::function<Result<void>(PreparedStatement&)>& each) {
  return sql::parse_each(sql, [&](sql::Statement statement) {
    const auto prepared = prepared_of(sql, std::move(statement));
    return each(*prepared);
  });
}

void Session::fail() noexcept { failed_ = transaction_ != nullptr; }

Result<std::shared_ptr<PreparedStatement>> Session::prepare(std::string_view sql) {
  std::shared_ptr<PreparedStatement> found;
  bool several = false;
  TRY(sql::parse_each(sql, [&](sql::Statement statement) -> Result<void> {
    several = found != nullptr;
    if (several) return {};
    found = prepared_of(sql, std::move(statement));
    return {};
  }));
  if (found == nullptr || several) {
    return Error(Code::invalid_argument, found == nullptr ? "no statement" : "more than one statement")
        .with_sqlstate("42601")
        .with_hint("execute_script() runs several");
  }
  return found;
}

Result<void> Session::check_ready(const sql::Statement& statement) const {
  if (streaming_) return Error(Code::invalid_argument, "a query of this connection is still open");
  const bool ends = is<sql::Rollback>(statement) || is<sql::Commit>(statement);
  if (!failed_ || ends) return {};
  return Error(Code::invalid_argument, "the transaction is aborted: statements are ignored until it ends")
      .with_sqlstate("25P02")
      .with_hint("ROLLBACK, or ROLLBACK TO a savepoint");
}

Result<Session::Data> Session::execute(PreparedStatement& prepared, std::span<const Value> parameters) {
  const sql::Statement& statement = prepared.statement;
  TRY(check_ready(statement));
  if (engine_->store().is_read_only() && may_change(statement)) {
    return engine_->store().refuse_write().at(statement.at);
  }
  if (transaction_ && read_only_ && may_change(statement)) {
    return Error(Code::invalid_argument, "a READ ONLY transaction changes nothing")
        .with_sqlstate("25006")
        .at(statement.at);
  }
  if (prepared.point != nullptr && prepared.point->takes(parameters)) {
    auto data = run_point(*prepared.point, parameters);
    if (!data || *data != nullptr) return data;
  }
  if (const auto* how = std::get_if<sql::Begin>(&statement.node)) return begin(*how);
  if (is<sql::Commit>(statement)) return commit();
  if (const auto* work = std::get_if<sql::Maintenance>(&statement.node)) return maintain(*work);
  if (const auto* back = std::get_if<sql::Rollback>(&statement.node)) return rollback(*back);
  if (is<sql::Savepoint>(statement) || is<sql::Release>(statement)) return savepoint(statement);
  if (const auto* change = std::get_if<sql::Set>(&statement.node)) return set(*change);
  if (const auto* which = std::get_if<sql::Show>(&statement.node)) return show(*which);
  return transaction_ ? run(*transaction_, prepared, parameters) : run_alone(prepared, parameters);
}

// ---- Session commands ------------------------------------------------------------------------------------------

// READ COMMITTED and READ UNCOMMITTED are levels that a snapshot more than holds.
Result<Session::Data> Session::begin(const sql::Begin& how) {
  if (transaction_) {
    return Error(Code::invalid_argument, "there is already a transaction in progress").with_sqlstate("25001");
  }
  if (how.isolation == "serializable") {
    return Error(Code::unsupported, "ISOLATION LEVEL SERIALIZABLE is not there: transactions read snapshots")
        .with_sqlstate("0A000")
        .with_hint("REPEATABLE READ, and an UPDATE of the rows that must stay as they were read");
  }
  transaction_ = TRY(begin_transaction());
  failed_ = false;
  read_only_ = how.read_only;
  return nothing();
}

Result<Session::Data> Session::commit() {
  if (!transaction_) return nothing();  // Every statement has committed itself.
  const auto ending = std::move(transaction_);
  if (std::exchange(failed_, false)) {
    return Error(Code::invalid_argument, "the transaction was aborted by an error and is rolled back")
        .with_sqlstate("25P02");
  }
  TRY(ending->commit(durability_));
  return nothing();
}

Result<Session::Data> Session::rollback(const sql::Rollback& rollback) {
  if (!transaction_ && !rollback.savepoint) return nothing();  // It has ended already, as after a COMMIT that failed.
  if (!transaction_) return no_transaction("ROLLBACK TO SAVEPOINT");
  if (rollback.savepoint) {
    TRY(transaction_->rollback_to(rollback.savepoint->text));
  } else {
    transaction_.reset();
  }
  failed_ = false;
  return nothing();
}

Result<Session::Data> Session::savepoint(const sql::Statement& statement) {
  if (!transaction_) return no_transaction("SAVEPOINT");
  if (const auto* set_one = std::get_if<sql::Savepoint>(&statement.node)) {
    transaction_->set_savepoint(set_one->name.text);
  } else {
    TRY(transaction_->release(std::get<sql::Release>(statement.node).name.text));
  }
  return nothing();
}

Result<Session::Data> Session::set(const sql::Set& set) {
  if (set.name != "durability") {
    return Error(Code::unsupported, "there is no setting '" + set.name + "'")
        .with_sqlstate("42704")
        .with_hint("SET durability = 'commit' | 'interval' | 'os' | DEFAULT");
  }
  std::string level;
  if (set.values.size() == 1) {
    if (const auto* literal = std::get_if<sql::Literal>(&set.values[0]->node)) level = literal->text;
    if (const auto* word = std::get_if<sql::ColumnRef>(&set.values[0]->node)) level = word->column;
  }
  if (set.values.empty()) {
    durability_.reset();
  } else if (level == "commit") {
    durability_ = Durability::commit;
  } else if (level == "interval") {
    durability_ = Durability::interval;
  } else if (level == "os") {
    durability_ = Durability::os;
  } else {
    return Error(Code::invalid_argument, "durability is 'commit', 'interval' or 'os'").with_sqlstate("22023");
  }
  return nothing();
}

Result<Session::Data> Session::show(const sql::Show& show) {
  if (show.name != "durability") {
    return Error(Code::unsupported, "there is no setting '" + show.name + "'").with_sqlstate("42704");
  }
  if (!durability_) return text_rows("durability", "that of the tables");
  return text_rows("durability", *durability_ == Durability::commit     ? "commit"
                                 : *durability_ == Durability::interval ? "interval"
                                                                        : "os");
}

Result<Session::Data> Session::maintain(const sql::Maintenance& work) {
  if (work.kind == sql::Maintenance::Kind::vacuum) {
    TRY(engine_->store().vacuum());
    return nothing();
  }
  TRY(engine_->store().flush());
  while (TRY(engine_->store().step(engine_->clock().monotonic_ns() + 100'000'000))) {
  }
  return nothing();
}

// ---- Queries and changes ---------------------------------------------------------------------------------------

Result<Session::Data> Session::run_alone(PreparedStatement& prepared, std::span<const Value> parameters) {
  for (int attempt = 1;; ++attempt) {
    const auto transaction = TRY(begin_transaction());
    auto data = run(*transaction, prepared, parameters);
    if (!data || !transaction->has_changes()) return data;
    auto committed = transaction->commit(durability_);
    if (committed) return data;
    if (committed.error().code() != Code::conflict || attempt == kAttemptsMax) return std::move(committed).error();
    engine_->scheduler().yield();
  }
}

Result<Session::Data> Session::run(Transaction& transaction, PreparedStatement& prepared,
                                   std::span<const Value> parameters) {
  if (const auto* explained = std::get_if<sql::Explain>(&prepared.statement.node)) {
    return explain(transaction, *explained, parameters);
  }
  transaction.begin_statement();
  // Out of memory is an error like any other: the statement is taken back.
  auto data = guarded([&]() -> Result<Data> {
    if (TRY(run_schema_change(transaction, prepared.statement))) return nothing();
    if (is<sql::CreateTableAs>(prepared.statement)) {
      const bool rows_follow = TRY(create_table_as(transaction, prepared.statement, parameters));
      if (!rows_follow) return nothing();
    }
    return run_plan(transaction, prepared, parameters);
  });
  if (!data) transaction.rollback_statement();
  return data;
}

Result<Session::Data> Session::run_point(PointRead& point, std::span<const Value> parameters) {
  if (transaction_) {
    if (transaction_->has_touched(point.table())) return Data();
    const Snapshot& snapshot = transaction_->snapshot();
    return point.run(snapshot.version, snapshot.sequence, parameters);
  }
  const LatestReader::View view = TRY(latest().view());
  return point.run(view.version(), view.sequence(), parameters);
}

LatestReader& Session::latest() {
  if (latest_ == nullptr) latest_ = engine_->store().latest_reader();
  return *latest_;
}

Result<std::unique_ptr<Transaction>> Session::begin_transaction() {
  if (engine_->store().is_read_only()) return engine_->begin();  // Beside a writer.
  return engine_->begin(TRY(latest().snapshot()));
}

// Unless there is one that still fits.
Result<void> Session::make_plan(const Transaction& transaction, PreparedStatement& prepared,
                                std::span<const Value> parameters) {
  const auto& known = prepared.plan;
  if (known != nullptr && still_fits(*known, parameters) && still_fits(*known, transaction)) return {};
  const ParameterTypes types = types_of(parameters);
  // A bare NULL is of the type its parameter had, if that can be: rows with and without it alternate on one plan.
  ParameterTypes as_before = types;
  for (std::size_t i = 0; known != nullptr && i < std::min(types.size(), known->given.size()); ++i) {
    if (!types[i]) as_before[i] = known->given[i];
  }
  const bool same = as_before == types;
  auto planned = plan_statement(prepared.statement, transaction, std::move(as_before));
  if (!planned && !same) planned = plan_statement(prepared.statement, transaction, types);
  auto plan = TRY(std::move(planned));
  // Beside a writer the newest snapshot is more than a look at memory.
  auto point = engine_->store().is_read_only() ? nullptr : PointRead::of(plan, engine_->kinds(), engine_->store());
  prepared.plan = std::move(plan);
  prepared.point = std::move(point);
  return {};
}

Result<Session::Data> Session::run_plan(Transaction& transaction, PreparedStatement& prepared,
                                        std::span<const Value> parameters) {
  TRY(make_plan(transaction, prepared, parameters));
  Execution execution(prepared.plan, transaction, engine_->store().budget(),
                      TRY(bind_parameters(*engine_, prepared.plan->plan, parameters)));
  execution.root = TRY(query::start(prepared.plan->plan, execution.context));
  auto data = nothing();
  data->memory = TRY(engine_->store().budget().reserve(0, MemoryShare::queries, "result"));
  data->columns = &prepared.plan->columns;
  while (auto batch = TRY(execution.root->next())) {
    std::size_t bytes = 0;
    for (const Column& column : batch->columns) bytes += column.memory_bytes();
    if (auto room = data->memory.grow(bytes); !room) {
      return std::move(room).error().with_hint("query() yields the rows batch by batch");
    }
    data->add(std::move(*batch));
  }
  execution.root.reset();
  data->changed_rows = execution.context.changed_rows;
  data->plan = prepared.plan;
  data->parameters = std::move(execution.context.parameters);
  return data;
}

Result<OpenStream> Session::open_stream(PreparedStatement& prepared, std::span<const Value> parameters) {
  TRY(check_ready(prepared.statement));
  if (!is<sql::QueryPtr>(prepared.statement)) {
    return Error(Code::invalid_argument, "only a query can be read as a stream").with_hint("use execute()");
  }
  OpenStream stream;
  if (!transaction_) stream.own = TRY(begin_transaction());
  Transaction& transaction = transaction_ ? *transaction_ : *stream.own;
  TRY(make_plan(transaction, prepared, parameters));
  stream.execution = std::make_unique<Execution>(prepared.plan, transaction, engine_->store().budget(),
                                                 TRY(bind_parameters(*engine_, prepared.plan->plan, parameters)));
  stream.execution->root = TRY(query::start(prepared.plan->plan, stream.execution->context));
  return stream;
}

namespace {

constexpr const char* kBlobQueryWanted = "read_blob() takes a query of one BLOB column";

}  // namespace

Result<std::shared_ptr<const PlannedStatement>> Session::plan_blob_query(const Transaction& transaction,
                                                                         std::string_view sql,
                                                                         std::span<const Value> parameters) {
  ParameterTypes types = types_of(parameters);
  const auto known = std::ranges::find_if(
      blob_queries_, [&](const BlobQuery& query) { return query.prepared->text == sql && query.types == types; });
  if (known != blob_queries_.end()) {
    std::rotate(blob_queries_.begin(), known, known + 1);
    const auto& plan = blob_queries_.front().prepared->plan;
    if (still_fits(*plan, transaction)) {
      TRY(check_ready(blob_queries_.front().prepared->statement));
      return plan;
    }
    blob_queries_.erase(blob_queries_.begin());
  }
  BlobQuery query{TRY(prepare(sql)), std::move(types)};
  TRY(check_ready(query.prepared->statement));
  if (!is<sql::QueryPtr>(query.prepared->statement)) {
    return Error(Code::invalid_argument, kBlobQueryWanted).with_sqlstate("42804");
  }
  auto plan = TRY(plan_statement(query.prepared->statement, transaction, query.types, true));
  query.prepared->text = sql;
  query.prepared->plan = plan;
  if (sql.size() > kBlobQueryBytesMax) return plan;
  if (blob_queries_.size() == kBlobQueriesMax) blob_queries_.pop_back();
  blob_queries_.insert(blob_queries_.begin(), std::move(query));
  return plan;
}

Result<std::optional<StoredBlob>> Session::read_blob(std::string_view sql, std::span<const Value> parameters) {
  std::unique_ptr<Transaction> own;
  if (!transaction_) own = TRY(begin_transaction());
  Transaction& transaction = transaction_ ? *transaction_ : *own;
  const auto plan = TRY(plan_blob_query(transaction, sql, parameters));
  if (plan->columns.size() != 1 || plan->columns.front().type.kind != TypeKind::blob) {
    return Error(Code::invalid_argument, kBlobQueryWanted).with_sqlstate("42804");
  }
  MemoryBudget& budget = engine_->store().budget();
  Execution execution(plan, transaction, budget, TRY(bind_parameters(*engine_, plan->plan, parameters)));
  execution.root = TRY(query::start(plan->plan, execution.context));
  const auto batch = TRY(execution.root->next());
  if (!batch) return std::optional<StoredBlob>();
  if (batch->rows() > 1 || TRY(execution.root->next())) {
    return Error(Code::invalid_argument, "the query for a blob found more than one row").with_sqlstate("21000");
  }
  return stored_blob(engine_->store(), batch->columns.front());
}

Result<Session::Data> Session::explain(Transaction& transaction, const sql::Explain& explain,
                                       std::span<const Value> parameters) {
  if (!explain.analyze) return show_plan(transaction, explain, parameters);
  transaction.begin_statement();
  auto data = [&]() -> Result<Data> {
    if (is<sql::CreateTableAs>(*explain.statement)) {
      const bool rows_follow = TRY(create_table_as(transaction, *explain.statement, parameters));
      if (!rows_follow) return text_rows("QUERY PLAN", {});
    }
    return show_plan(transaction, explain, parameters);
  }();
  if (!data) transaction.rollback_statement();
  return data;
}

// ANALYZE runs it, too.
Result<Session::Data> Session::show_plan(Transaction& transaction, const sql::Explain& explain,
                                         std::span<const Value> parameters) {
  const auto plan = TRY(plan_statement(*explain.statement, transaction, types_of(parameters)));
  const auto clock = [](void* argument) { return static_cast<Clock*>(argument)->monotonic_ns(); };
  query::Profile profile(clock, &engine_->clock());
  if (explain.analyze) TRY(run_profiled(transaction, plan, parameters, profile));
  const auto shown = [&](const query::Plan& one) {
    return explain.analyze ? query::explain(one, profile) : query::explain(one);
  };
  std::string text;
  for (const auto& subquery : plan->plan.scalar_subqueries) text += "Scalar subquery\n" + shown(*subquery);
  return text_rows("QUERY PLAN", text + shown(*plan->plan.root));
}

// Runs the statement for what it does and how long that takes; its rows are dropped.
Result<void> Session::run_profiled(Transaction& transaction, const std::shared_ptr<const PlannedStatement>& plan,
                                   std::span<const Value> parameters, query::Profile& profile) {
  Execution execution(plan, transaction, engine_->store().budget(),
                      TRY(bind_parameters(*engine_, plan->plan, parameters)));
  execution.context.profile = &profile;
  execution.root = TRY(query::start(plan->plan, execution.context));
  while (TRY(execution.root->next())) {
  }
  return {};
}

}  // namespace mneme
