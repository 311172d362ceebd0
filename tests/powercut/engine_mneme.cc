// mneme through its public API, in SQL.
#include "mneme/database.h"
#include "powercut/engine.h"
#include "support/sound.h"

namespace mneme::powercut {
namespace {

Value blob(const std::string& bytes) { return Value::blob(std::as_bytes(std::span(bytes))); }

class Mneme final : public Engine {
 public:
  explicit Mneme(Database database) : database_(std::move(database)), connection_(database_.connect()) {}

  Result<void> prepare(Durability durability) {
    connection_.set_durability(Durability::commit);
    TRY(connection_.execute("CREATE TABLE IF NOT EXISTS journal (key TEXT PRIMARY KEY, body BLOB)"));
    TRY(connection_.execute("CREATE TABLE IF NOT EXISTS slots (key TEXT PRIMARY KEY, body BLOB)"));
    connection_.set_durability(durability);
    return {};
  }

  Result<void> commit(const std::vector<Change>& changes) override {
    TRY(connection_.execute("BEGIN"));
    for (const Change& change : changes) {
      const std::string table = change.in_journal ? "journal" : "slots";
      if (change.body) {
        TRY(connection_.execute(
            "INSERT INTO " + table + " VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET body = excluded.body",
            {Value(change.key), blob(*change.body)}));
      } else {
        TRY(connection_.execute("DELETE FROM " + table + " WHERE key = $1", {Value(change.key)}));
      }
    }
    TRY(connection_.execute("COMMIT"));
    return {};
  }

  Result<State> read() override {
    State state;
    TRY(read_table("journal", state.journal));
    TRY(read_table("slots", state.slots));
    return state;
  }

  Result<void> check() override { return support::check_sound(database_); }

  Result<void> close() override { return database_.close(); }

 private:
  Result<void> read_table(const std::string& table, std::map<std::string, std::string>& rows) {
    const auto found = TRY(connection_.execute("SELECT key, body FROM " + table));
    for (const auto row : found) {
      const Value key = row[0], body = row[1];
      if (!rows.emplace(key.as_text(), body.bytes()).second) return Error(Code::corrupt, "a key is there twice");
    }
    return {};
  }

  Database database_;
  Connection connection_;
};

}  // namespace

Opened open_mneme(const std::string& directory, const std::string& durability) {
  Options options;
  options.memory_budget = std::size_t{8} << 20;
  options.log_file_bytes = 256 << 10;
  Database database = TRY(Database::open(directory, options));
  auto engine = std::make_unique<Mneme>(std::move(database));
  TRY(engine->prepare(durability == "os" ? Durability::os : Durability::commit));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace mneme::powercut
