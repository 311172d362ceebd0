// A full disk on a real file system: 16 MB of ext4 is filled up, but for a little or for nothing, before each kind of
// work that a database does. Reading goes on, nothing acknowledged is lost, whoever is refused hears `full` and of
// which file, and writing goes on without opening anew once there is room.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>

#include "full/small_disk.h"
#include "mneme/database.h"

namespace mneme::full {
namespace {

constexpr std::uint64_t kDiskBytes = std::uint64_t{16} << 20;

std::string text_of(std::int64_t n, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) {
    text[i] = static_cast<char>('a' + (static_cast<std::size_t>(n) * 31 + i * i % 251 + i / 97) % 26);
  }
  return text;
}

// A database on a small disk, and beside it, outside, what was acknowledged.
class Life {  // One thread at a time.
 public:
  explicit Life(const SmallDisk& disk) : disk_(disk) {}
  ~Life() { leave(); }

  void open() { try_open().value(); }
  Result<void> try_open() {
    leave();
    auto opened = Database::open(disk_ / "db", options());
    if (!opened) return opened.error();
    db_.emplace(*std::move(opened));
    connection_.emplace(db_->connect());
    return statement("CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY, a TEXT, clip BLOB)");
  }
  // What another life of this database has had acknowledged: so many insert()s and nothing else.
  void expect(int commits, std::size_t rows, std::size_t bytes) {
    for (; next_ <= static_cast<std::int64_t>(commits) * static_cast<std::int64_t>(rows); ++next_) {
      rows_[next_] = text_of(next_, bytes);
    }
  }
  void leave() {  // Closes; an error then is nobody's.
    connection_.reset();
    db_.reset();
  }

  // The kinds of work. What is acknowledged goes into the model.
  Result<void> insert(std::size_t rows, std::size_t bytes) {
    std::map<std::int64_t, std::string> added;
    const auto begun = run("BEGIN");
    if (!begun) return begun.error();
    for (std::size_t i = 0; i < rows; ++i) {
      const std::string text = text_of(next_ + static_cast<std::int64_t>(i), bytes);
      const bool is_blob = bytes > 10'000;
      const auto done = run("INSERT INTO t VALUES ($1, $2, $3)",
                            {Value(next_ + static_cast<std::int64_t>(i)), Value(is_blob ? std::string() : text),
                             is_blob ? Value::blob(std::as_bytes(std::span(text))) : Value()});
      if (!done) return roll_back(done.error());
      added[next_ + static_cast<std::int64_t>(i)] = text;
    }
    if (const auto done = run("COMMIT"); !done) return roll_back(done.error());
    next_ += static_cast<std::int64_t>(rows);
    rows_.merge(added);
    return {};
  }
  Result<void> update() {
    const auto done = run("UPDATE t SET a = 'new' WHERE clip IS NULL AND id % 3 = 0");
    if (!done) return done.error();
    for (auto& [id, text] : rows_) {
      if (id % 3 == 0 && text.size() <= 10'000) text = "new";
    }
    return {};
  }
  Result<void> erase(int every) {
    const auto done = run("DELETE FROM t WHERE id % $1 = 0", {Value(every)});
    if (!done) return done.error();
    std::erase_if(rows_, [every](const auto& row) { return row.first % every == 0; });
    return {};
  }
  Result<void> statement(std::string_view sql) {
    const auto done = run(sql);
    return done ? Result<void>() : done.error();
  }
  Result<void> index() {
    const auto made = run("CREATE INDEX t_a ON t (a)");
    if (!made) return made.error();
    return statement("DROP INDEX t_a");
  }
  Result<void> backup() {
    const std::string folder = disk_ / "copy";
    std::filesystem::remove_all(folder);
    auto done = db_->backup(folder);
    if (done) CHECK(rows_in(folder) == rows_);
    std::filesystem::remove_all(folder);
    return done;
  }
  Result<void> blob_by_pieces() {
    const std::string text = text_of(next_, 200'000);
    auto writer = db_->write_blob();
    if (!writer) return writer.error();
    for (std::size_t at = 0; at < text.size(); at += 50'000) {
      const auto done = writer->append(std::as_bytes(std::span(text).subspan(at, 50'000)));
      if (!done) return done.error();
    }
    const auto value = writer->finish();
    if (!value) return value.error();
    const auto done = run("INSERT INTO t VALUES ($1, '', $2)", {Value(next_), *value});
    if (!done) return done.error();
    rows_[next_++] = text;
    return {};
  }

  // Reading goes on, by scan and by key, and finds what was acknowledged.
  void look() {
    REQUIRE(rows_in(*connection_) == rows_);
    if (rows_.empty()) return;
    const auto found =
        run("SELECT length(a) + coalesce(length(clip), 0) FROM t WHERE id = $1", {rows_.rbegin()->first});
    CHECK(found.value().value(0, 0).as_int() == static_cast<std::int64_t>(rows_.rbegin()->second.size()));
  }
  void check() { CHECK(db_->check().value().problems.empty()); }
  Result<void> close() { return db_->close(); }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

 private:
  static Options options() {
    Options options;
    options.memory_budget = std::size_t{8} << 20;
    options.log_file_bytes = 256 << 10;
    return options;
  }

  Result<ResultSet> run(std::string_view sql, std::initializer_list<Value> values = {}) {
    return connection_->execute(sql, values);
  }

  Error roll_back(const Error& why) {
    if (connection_->in_transaction()) run("ROLLBACK").value();
    return why;
  }

  static std::map<std::int64_t, std::string> rows_in(Connection& connection) {
    std::map<std::int64_t, std::string> rows;
    auto stream = connection.query("SELECT id, a, clip FROM t").value();  // Not all at once: memory is small, too.
    while (const auto batch = stream.next().value()) {
      for (std::size_t row = 0; row < batch->rows(); ++row) {
        const bool is_blob = !batch->is_null(2, row);
        rows[batch->values<std::int64_t>(0)[row]] = std::string(batch->text(is_blob ? 2 : 1, row));
      }
    }
    return rows;
  }
  static std::map<std::int64_t, std::string> rows_in(const std::string& folder) {
    auto copy = Database::open(folder, options());
    if (!copy) return {{-1, copy.error().to_string()}};
    Connection connection = copy->connect();
    return rows_in(connection);
  }

  const SmallDisk& disk_;
  std::optional<Database> db_;
  std::optional<Connection> connection_;
  std::map<std::int64_t, std::string> rows_;
  std::int64_t next_ = 1;
};

// Refused for want of room, saying so of a file; or done.
bool is_refused(const Result<void>& done) {
  if (done) return false;
  CHECK_MESSAGE(done.error().code() == Code::full, done.error().to_string());
  CHECK_MESSAGE(done.error().to_string().find("No space left") != std::string::npos, done.error().to_string());
  return true;
}

struct Work {
  const char* name;
  Result<void> (*run)(Life&);
};

constexpr Work kWorks[] = {
    {"small rows", [](Life& life) { return life.insert(20, 100); }},
    {"rows of 2 KB", [](Life& life) { return life.insert(100, 2'000); }},
    {"blobs", [](Life& life) { return life.insert(2, 100'000); }},
    {"a blob by pieces", [](Life& life) { return life.blob_by_pieces(); }},
    {"update", [](Life& life) { return life.update(); }},
    {"flush", [](Life& life) { return life.statement("CHECKPOINT"); }},
    {"delete", [](Life& life) { return life.erase(4); }},
    {"merge", [](Life& life) { return life.statement("VACUUM"); }},
    {"index", [](Life& life) { return life.index(); }},
    {"backup", [](Life& life) { return life.backup(); }},
};

constexpr std::uint64_t kRooms[] = {0, 1 << 10, 4 << 10, 20 << 10, 64 << 10, 150 << 10, 300 << 10, 600 << 10};
constexpr std::size_t kRows = 50, kRowBytes = 2'000;

// How many commits the disk took.
int commits_until_full(Life& life) {
  life.open();
  int commits = 0;
  while (commits < 10'000 && !is_refused(life.insert(kRows, kRowBytes))) ++commits;
  return commits;
}

int fill_and_close(const SmallDisk& disk) {
  Life life(disk);
  return commits_until_full(life);
}

// By a process of its own, which ends without a word to the engine.
int fill_and_be_killed(const SmallDisk& disk) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Life life(disk);
    const int commits = commits_until_full(life);
    ::_exit(::write(ends[1], &commits, sizeof commits) == sizeof commits ? 0 : 1);
  }
  int status = 0, commits = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  REQUIRE(::read(ends[0], &commits, sizeof commits) == sizeof commits);
  ::close(ends[0]);
  ::close(ends[1]);
  return commits;
}

bool is_there(const SmallDisk& disk) {
  if (disk.missing().empty()) return true;
  std::printf("SKIPPED: a full disk: this machine does not have %s\n", disk.missing().c_str());
  return false;
}

}  // namespace

TEST_CASE("full disk: whatever the work, reading goes on, nothing is lost, and writing goes on once there is room") {
  const SmallDisk probe(kDiskBytes);
  if (!is_there(probe)) return;
  int cases = 0, refused = 0;
  for (const std::uint64_t room :
       std::initializer_list<std::uint64_t>{0, 1 << 10, 4 << 10, 20 << 10, 64 << 10, 150 << 10, 300 << 10, 600 << 10}) {
    SmallDisk disk(kDiskBytes);
    Life life(disk);
    life.open();
    life.insert(200, 500).value();
    life.insert(3, 100'000).value();
    for (const Work& work : kWorks) {
      CAPTURE(room);
      CAPTURE(work.name);
      disk.fill_but(room);
      // Several times: the log has room of its own before it asks for more.
      for (int i = 0; i < 6; ++i) {
        ++cases;
        refused += is_refused(work.run(life));
        life.look();
      }
      disk.make_room();
      const auto again = work.run(life);
      CHECK_MESSAGE(again.has_value(), again.error().to_string());
      life.insert(5, 300).value();
      life.look();
    }
    life.check();
    life.close().value();
    life.open();
    life.look();
  }
  std::printf("full disk: %d times work, %d refused\n", cases, refused);
  CHECK(refused > cases / 20);
}

TEST_CASE("full disk: a database that fills its disk itself is read, opened again, and goes on where room is made") {
  SmallDisk disk(kDiskBytes);
  if (!is_there(disk)) return;
  disk.fill_but(8 << 20);
  Life life(disk);
  life.open();
  int rounds = 0;
  while (!is_refused(life.insert(50, 2'000)) && ++rounds < 2'000) {
  }
  CHECK(rounds < 2'000);
  life.look();
  is_refused(life.insert(50, 2'000));  // Or not: a flush that was under way may have made room.
  life.look();
  disk.make_room();
  life.insert(50, 2'000).value();
  life.look();
  life.check();
  std::printf("full disk: filled by %d commits, %zu rows\n", rounds, life.rows());
}

TEST_CASE("full disk: a database left on a full disk, closed or killed, opens there, is read, and goes on later") {
  int opened_full = 0, refused_full = 0;
  for (const std::uint64_t room : kRooms) {
    for (const bool is_killed : {false, true}) {
      SmallDisk disk(kDiskBytes);
      if (!is_there(disk)) return;
      CAPTURE(room);
      CAPTURE(is_killed);
      disk.fill_but(8 << 20);
      const int commits = is_killed ? fill_and_be_killed(disk) : fill_and_close(disk);
      disk.fill_but(room);
      Life life(disk);
      life.expect(commits, kRows, kRowBytes);
      const auto opened = life.try_open();
      ++(is_refused(opened) ? refused_full : opened_full);
      if (opened) {
        life.look();
        is_refused(life.insert(kRows, kRowBytes));
        life.look();
      }
      disk.make_room();
      if (!opened) life.open();
      life.look();
      life.insert(50, 2'000).value();
      life.look();
      life.check();
    }
  }
  std::printf("full disk: opened %d times without room, refused %d times\n", opened_full, refused_full);
  CHECK(opened_full > 0);
}

}  // namespace mneme::full
