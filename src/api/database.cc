#include <algorithm>

#include "api/connection_state.h"
#include "api/describe.h"
#include "api/guarded.h"

namespace mneme {

Database::Database(std::shared_ptr<State> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(std::string_view directory, const Options& options) {
  return guarded([&]() -> Result<Database> {
    auto state = std::make_shared<State>();
    state->engine = TRY(Engine::open(directory, options));
    return Database(std::move(state));
  });
}

Connection Database::connect() {
  auto state = std::make_unique<Connection::State>();
  state->core = std::make_shared<ConnectionCore>(state_->engine);
  return Connection(std::move(state));
}

Result<void> Database::sync() {
  return guarded(*state_->engine, [&] { return state_->engine->store().sync(); });
}

Result<bool> Database::run_maintenance(std::int64_t for_ns) {
  return guarded(*state_->engine,
                 [&] { return state_->engine->store().step(state_->engine->clock().monotonic_ns() + for_ns); });
}

Result<void> Database::backup(std::string_view destination) {
  return guarded(*state_->engine, [&] { return state_->engine->store().backup(std::string(destination)); });
}

Result<void> Database::close() {
  return guarded(*state_->engine, [&] { return state_->engine->store().close(); });
}

namespace {

DatabaseInfo::ReaderInfo describe_reader(const ReaderPin& pin) {
  return {.pid = pin.process.pid,
          .alive = is_alive(pin.process),
          .since_ns = pin.since_ns,
          .keeps_files = pin.point != kNoManifestPoint,
          .keeps_log = pin.log_from != kNoLogFile,
          .manifest = raw(pin.point.manifest),
          .edit = pin.point.sequence};
}

}  // namespace

Result<DatabaseInfo> Database::info() {
  return guarded(*state_->engine, [&]() -> Result<DatabaseInfo> {
    Store& store = state_->engine->store();
    const auto transaction = TRY(state_->engine->begin());
    DatabaseInfo info;
    for (const auto& schema : transaction->tables()) {
      info.tables.push_back(describe_table(*transaction, *schema));
    }
    for (const ReaderPin& pin : TRY(store.readers())) info.readers.push_back(describe_reader(pin));
    info.read_only = store.is_read_only();
    info.log_bytes = store.log_bytes();
    info.memory_used = store.budget().used();
    info.memory_peak = store.budget().peak();
    info.memory_budget = store.options().memory_budget;
    info.recovered_groups = store.recovery().groups;
    info.recovered_tail_cut = store.recovery().log_tail_cut;
    return info;
  });
}

}  // namespace mneme
