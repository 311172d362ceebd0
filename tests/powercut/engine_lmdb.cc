// LMDB as it comes: a commit writes its pages, syncs, and writes the page that names them.
#include <lmdb.h>

#include "powercut/engine.h"

namespace mneme::powercut {
namespace {

constexpr std::size_t kMapBytes = std::size_t{40} << 20;  // Less than the disk has.

class Lmdb final : public Engine {
 public:
  explicit Lmdb(MDB_env* environment) : environment_(environment) {}
  ~Lmdb() override { mdb_env_close(environment_); }

  Result<void> prepare(const std::string& directory) {
    TRY(ok(mdb_env_set_mapsize(environment_, kMapBytes)));
    TRY(ok(mdb_env_set_maxdbs(environment_, 2)));
    TRY(ok(mdb_env_open(environment_, directory.c_str(), 0, 0644)));
    TRY(begin(0));
    TRY(ok(mdb_dbi_open(transaction_, "journal", MDB_CREATE, &journal_)));
    TRY(ok(mdb_dbi_open(transaction_, "slots", MDB_CREATE, &slots_)));
    return ok(mdb_txn_commit(transaction_));
  }

  Result<void> commit(const std::vector<Change>& changes) override {
    TRY(begin(0));
    for (const Change& change : changes) {
      const MDB_dbi table = change.in_journal ? journal_ : slots_;
      MDB_val key = value_of(change.key);
      MDB_val body = value_of(change.body ? *change.body : change.key);
      TRY(ok(change.body ? mdb_put(transaction_, table, &key, &body, 0) : mdb_del(transaction_, table, &key, nullptr)));
    }
    return ok(mdb_txn_commit(transaction_));
  }

  Result<State> read() override {
    State state;
    TRY(begin(MDB_RDONLY));
    TRY(read_table(journal_, state.journal));
    TRY(read_table(slots_, state.slots));
    mdb_txn_abort(transaction_);
    return state;
  }

  // It has no checksums; a walk over all pages is what read() is. What remains is whether the counts agree.
  Result<void> check() override {
    const State state = TRY(read());
    TRY(begin(MDB_RDONLY));
    MDB_stat journal{}, slots{};
    TRY(ok(mdb_stat(transaction_, journal_, &journal)));
    TRY(ok(mdb_stat(transaction_, slots_, &slots)));
    mdb_txn_abort(transaction_);
    if (journal.ms_entries == state.journal.size() && slots.ms_entries == state.slots.size()) return {};
    return Error(Code::corrupt, "LMDB counts other rows than it has");
  }

  Result<void> close() override { return {}; }

 private:
  static Result<void> ok(int code) {
    if (code != MDB_SUCCESS) return Error(Code::corrupt, std::string("LMDB: ") + mdb_strerror(code));
    return {};
  }

  static MDB_val value_of(const std::string& bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
  static std::string bytes_of(const MDB_val& value) {
    return std::string(static_cast<const char*>(value.mv_data), value.mv_size);
  }

  Result<void> begin(unsigned flags) { return ok(mdb_txn_begin(environment_, nullptr, flags, &transaction_)); }

  Result<void> read_table(MDB_dbi table, std::map<std::string, std::string>& rows) {
    MDB_cursor* cursor = nullptr;
    TRY(ok(mdb_cursor_open(transaction_, table, &cursor)));
    MDB_val key{}, body{};
    int code = MDB_SUCCESS;
    while ((code = mdb_cursor_get(cursor, &key, &body, MDB_NEXT)) == MDB_SUCCESS) rows[bytes_of(key)] = bytes_of(body);
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? Result<void>() : ok(code);
  }

  MDB_env* environment_;
  MDB_txn* transaction_ = nullptr;
  MDB_dbi journal_ = 0;
  MDB_dbi slots_ = 0;
};

}  // namespace

Opened open_lmdb(const std::string& directory, const std::string& /*setting*/) {
  MDB_env* environment = nullptr;
  if (mdb_env_create(&environment) != MDB_SUCCESS) return Error(Code::full, "LMDB finds no memory");
  auto engine = std::make_unique<Lmdb>(environment);
  TRY(engine->prepare(directory));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace mneme::powercut
