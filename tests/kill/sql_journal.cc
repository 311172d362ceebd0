// The journal through the public API, in SQL.
#include <algorithm>

#include "kill/journal.h"
#include "mneme/database.h"
#include "support/sound.h"

namespace mneme::kill {
namespace {

class SqlJournal final : public Journal {
 public:
  static Result<std::unique_ptr<Journal>> open(const std::string& directory, std::uint64_t writers) {
    Options options;
    options.memory_budget = std::size_t{8} << 20;
    options.log_file_bytes = 128 << 10;
    Database database = TRY(Database::open(directory, options));
    std::unique_ptr<SqlJournal> journal(new SqlJournal(std::move(database)));
    TRY(journal->prepare(writers));
    return std::unique_ptr<Journal>(std::move(journal));
  }

  Result<void> transact(std::uint64_t writer, std::uint64_t n) override {
    Connection& connection = connections_[writer];
    const Value w(static_cast<std::int64_t>(writer)), count(static_cast<std::int64_t>(n));
    const Value gone(static_cast<std::int64_t>(n) - static_cast<std::int64_t>(kKept));
    BlobWriter blob = TRY(database_.write_blob());
    const Value clip = TRY(write_clip(blob, journal_clip(writer, n)));
    TRY(connection.execute("BEGIN"));
    TRY(connection.execute("INSERT INTO journal VALUES ($1, $2, $3, $4)",
                           {w, count, Value(journal_text(writer, n)), clip}));
    TRY(connection.execute("DELETE FROM journal WHERE writer = $1 AND n = $2", {w, gone}));
    const auto changed = TRY(connection.execute("UPDATE counters SET n = $2 WHERE writer = $1", {w, count}));
    if (changed.changed_rows() != 1) return Error(Code::corrupt, "the counter is not there");
    TRY(connection.execute("COMMIT"));
    return {};
  }

  Result<std::vector<WriterState>> read() override {
    std::vector<WriterState> states(connections_.size());
    Connection connection = database_.connect();
    for (const auto row : TRY(connection.execute("SELECT writer, n FROM counters"))) {
      const auto writer = static_cast<std::uint64_t>(row[0].as_int());
      if (writer >= states.size()) return Error(Code::corrupt, "a counter of no writer");
      states[writer].count = static_cast<std::uint64_t>(row[1].as_int());
    }
    for (const auto row : TRY(connection.execute("SELECT writer, n, text FROM journal"))) {
      const auto writer = static_cast<std::uint64_t>(row[0].as_int()), n = static_cast<std::uint64_t>(row[1].as_int());
      if (writer >= states.size()) return Error(Code::corrupt, "a journal row of no writer");
      const Value text = row[2];
      if (!states[writer].journal.emplace(n, text.as_text()).second) {
        return Error(Code::corrupt, "a journal row is there twice");
      }
    }
    TRY(look_up_by_key(states));
    TRY(read_clips(states));
    return states;
  }

  Result<void> check() override { return support::check_sound(database_); }
  Result<void> close() override { return database_.close(); }

 private:
  explicit SqlJournal(Database database) : database_(std::move(database)) {}

  // Creation may be killed anywhere: each step stands alone and may be there already.
  Result<void> prepare(std::uint64_t writers) {
    for (std::uint64_t i = 0; i < writers; ++i) connections_.push_back(database_.connect());
    Connection& first = connections_[0];
    TRY(first.execute("CREATE TABLE IF NOT EXISTS counters (writer INT PRIMARY KEY, n INT NOT NULL)"));
    TRY(
        first.execute("CREATE TABLE IF NOT EXISTS journal (writer INT, n INT, text TEXT, clip BLOB, "
                      "PRIMARY KEY (writer, n))"));
    for (std::uint64_t i = 0; i < writers; ++i) {
      TRY(first.execute("INSERT INTO counters VALUES ($1, 0) ON CONFLICT DO NOTHING",
                        {Value(static_cast<std::int64_t>(i))}));
    }
    return {};
  }

  // In pieces, so that it may be killed within one. Of nothing: NULL.
  static Result<Value> write_clip(BlobWriter& blob, std::string_view bytes) {
    if (bytes.empty()) return Value();
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 30'000))) {
      TRY(blob.append(std::as_bytes(std::span(bytes.substr(0, 30'000)))));
    }
    return blob.finish();
  }

  Result<void> read_clips(const std::vector<WriterState>& states) {
    Connection connection = database_.connect();
    for (std::size_t writer = 0; writer < states.size(); ++writer) {
      for (const auto& [n, text] : states[writer].journal) {
        const std::string want = journal_clip(writer, n);
        const auto reader =
            TRY(connection.read_blob("SELECT clip FROM journal WHERE writer = $1 AND n = $2",
                                     {static_cast<std::int64_t>(writer), static_cast<std::int64_t>(n)}));
        std::string found(reader ? reader->size() : 0, '\0');
        if (reader) TRY(reader->read(0, std::as_writable_bytes(std::span(found))));
        if (found != want) return Error(Code::corrupt, "the blob of a row is not what was written");
      }
    }
    return {};
  }

  // I3: what the key finds is what a scan finds.
  Result<void> look_up_by_key(const std::vector<WriterState>& states) {
    Connection connection = database_.connect();
    for (std::size_t writer = 0; writer < states.size(); ++writer) {
      const auto w = static_cast<std::int64_t>(writer);
      for (const auto& [n, text] : states[writer].journal) {
        const auto found = TRY(connection.execute("SELECT text FROM journal WHERE writer = $1 AND n = $2",
                                                  {Value(w), Value(static_cast<std::int64_t>(n))}));
        if (found.rows() != 1 || found.value(0, 0).as_text() != text) {
          return Error(Code::corrupt, "a key does not find its row");
        }
      }
    }
    return {};
  }

  Database database_;
  std::vector<Connection> connections_;
};

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(const std::string& directory, std::uint64_t writers) {
  return SqlJournal::open(directory, writers);
}

}  // namespace mneme::kill
