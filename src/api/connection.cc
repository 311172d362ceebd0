// Connection, Statement and RowStream: the Session behind a lock, and nothing thrown past the border.
#include "api/connection_state.h"
#include "api/guarded.h"
#include "sql/parser.h"

namespace mneme {

// ---- Connection ------------------------------------------------------------------------------------------------

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() { leave_in_child(state_); }

Result<ResultSet> Connection::execute(std::string_view sql, std::span<const Value> parameters) {
  return in_session(*state_->core, [&](Session& session) -> Result<ResultSet> {
    const auto prepared = TRY(session.prepare(sql));
    return ResultSet(TRY(session.execute(*prepared, parameters)));
  });
}

Result<void> Connection::execute_script(std::string_view sql, const std::function<void(const ResultSet&)>& each) {
  const auto run = [&](PreparedStatement& prepared) -> Result<void> {
    const auto result = in_session(*state_->core, [&](Session& session) -> Result<ResultSet> {
      return ResultSet(TRY(session.execute(prepared, {})));
    });
    if (!result) return result.error();
    if (each) each(*result);
    return {};
  };
  return guarded(*state_->core->engine, [&]() -> Result<void> {
    TRY(in_session(*state_->core, [&](Session&) { return Session::check_script(sql); }));
    auto done = guarded([&] { return Session::parse_each(sql, run); });
    if (done) return done;
    return in_session(*state_->core, [&](Session&) { return std::move(done); });  // Also for want of memory between.
  });
}

Result<RowStream> Connection::query(std::string_view sql, std::span<const Value> parameters) {
  return in_session(*state_->core, [&](Session& session) -> Result<RowStream> {
    auto prepared = TRY(session.prepare(sql));
    OpenStream open = TRY(session.open_stream(*prepared, parameters));
    auto state = std::make_unique<RowStream::State>(state_->core, std::move(prepared), std::move(open));
    session.begin_stream();  // Nothing can fail any more.
    return RowStream(std::move(state));
  });
}

Result<Statement> Connection::prepare(std::string_view sql) {
  return in_session(*state_->core, [&](Session& session) -> Result<Statement> {
    auto statement = std::make_unique<Statement::State>();
    statement->core = state_->core;
    statement->prepared = TRY(session.prepare(sql));
    return Statement(std::move(statement));
  });
}

bool Connection::in_transaction() const noexcept {
  if (state_->core->engine->in_child()) return false;
  Lock lock(state_->core->mutex);
  return state_->core->session.in_transaction();
}

void Connection::set_durability(std::optional<Durability> durability) noexcept {
  if (state_->core->engine->in_child()) return;
  Lock lock(state_->core->mutex);
  state_->core->session.set_durability(durability);
}

// ---- Statement -------------------------------------------------------------------------------------------------

Statement::Statement(std::unique_ptr<State> state) : state_(std::move(state)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() { leave_in_child(state_); }

Result<ResultSet> Statement::execute(std::span<const Value> parameters) {
  return in_session(*state_->core, [&](Session& session) -> Result<ResultSet> {
    return ResultSet(TRY(session.execute(*state_->prepared, parameters)));
  });
}

Result<RowStream> Statement::query(std::span<const Value> parameters) {
  return in_session(*state_->core, [&](Session& session) -> Result<RowStream> {
    OpenStream open = TRY(session.open_stream(*state_->prepared, parameters));
    auto state = std::make_unique<RowStream::State>(state_->core, state_->prepared, std::move(open));
    session.begin_stream();  // Nothing can fail any more.
    return RowStream(std::move(state));
  });
}

std::size_t Statement::parameters() const noexcept { return state_->prepared->statement.parameters; }

bool Statement::is_query() const noexcept {
  return std::holds_alternative<sql::QueryPtr>(state_->prepared->statement.node);
}

bool is_complete_sql(std::string_view text) {
  const auto complete = guarded([&]() -> Result<bool> { return sql::is_complete(text); });
  return !complete || *complete;
}

Result<std::size_t> count_statements(std::string_view text) {
  return guarded([&]() -> Result<std::size_t> {
    std::size_t count = 0;
    TRY(sql::parse_each(text, [&](const sql::Statement&) -> Result<void> {
      ++count;
      return {};
    }));
    return count;
  });
}

// ---- RowStream -------------------------------------------------------------------------------------------------

RowStream::State::~State() {
  Lock lock(core->mutex);
  batch.reset();
  open.execution.reset();
  open.own.reset();
  core->session.end_stream();
}

RowStream::RowStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
RowStream::RowStream(RowStream&&) noexcept = default;
RowStream& RowStream::operator=(RowStream&&) noexcept = default;
RowStream::~RowStream() { leave_in_child(state_); }

const std::vector<ColumnInfo>& RowStream::columns() const noexcept { return state_->open.execution->plan->columns; }

Result<std::optional<BatchView>> RowStream::next() {
  return in_session(*state_->core, [&](Session&) -> Result<std::optional<BatchView>> {
    if (state_->ended) return std::optional<BatchView>();
    if (state_->failed) return *state_->failed;
    auto batch = guarded([&] { return state_->open.execution->root->next(); });
    if (!batch) return state_->failed.emplace(std::move(batch).error());
    state_->batch = *std::move(batch);
    if (!state_->batch) {
      state_->ended = true;
      return std::optional<BatchView>();
    }
    BatchView view;
    view.batch_ = &*state_->batch;
    view.rows_ = state_->batch->rows();
    view.columns_ = columns().size();  // Rows without columns are counted by a column of no one's.
    return std::optional<BatchView>(view);
  });
}

}  // namespace mneme
