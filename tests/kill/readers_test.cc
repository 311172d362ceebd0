// A writer process and two processes that read beside it; all of them are killed with SIGKILL at random moments.
//
// The writer moves amounts between two tables: at every commit the same sum, a count of commits and as many entries of
// a journal. A reader looks at all of them in one transaction, over and over: the sum never differs, the count is
// that of the journal, never goes back, and is not below what the writer had said was durable when the reader began.
//   CYCLES=<n>   so many kills and openings      SEED=<n>   of the moments
#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <random>

#include "mneme/database.h"
#include "support/environment.h"
#include "support/scratch_directory.h"

namespace mneme::kill {
namespace {

constexpr int kReaders = 2;
constexpr std::int64_t kSum = 1'000'000;

// Memory that the processes of a test have in common: what each has to say to the others and to the test.
struct Shared {
  std::atomic<std::int64_t> acknowledged{0};  // Commits that the writer knows are durable.
  std::atomic<std::int64_t> looks{0};
  std::atomic<std::int64_t> advances{0};  // Looks that saw more than the one before.
  std::atomic<int> wrong{0};              // Readers that saw what they must not.
  std::atomic<bool> writing{false};       // A writer has the database open.
};

[[noreturn]] void end(Shared& shared, const std::string& what) {
  std::fprintf(stderr, "process %d: %s\n", static_cast<int>(::getpid()), what.c_str());
  ++shared.wrong;
  ::_exit(2);
}

Options small(bool read_only) {
  Options options;
  options.memory_budget = std::size_t{8} << 20;
  options.log_file_bytes = std::uint64_t{64} << 10;  // Logs and segments come and go all the time.
  options.read_only = read_only;
  return options;
}

std::int64_t number(Connection& connection, const char* sql) {
  auto result = connection.execute(sql);
  REQUIRE_MESSAGE(result.has_value(), result.error().to_string());
  return result->value(0, 0).as_int();
}

[[noreturn]] void write_until_killed(const std::string& directory, Shared& shared, std::uint64_t seed) {
  auto database = Database::open(directory, small(false));
  if (!database) end(shared, "the writer cannot open: " + database.error().to_string());
  shared.writing = true;
  Connection connection = database->connect();
  std::mt19937_64 random(seed);
  for (;;) {
    const std::int64_t n = number(connection, "SELECT n FROM counter") + 1;
    const auto amount = std::to_string(random() % 1'000);
    std::string sql = "BEGIN; UPDATE a SET amount = amount - " + amount + "; UPDATE b SET amount = amount + " + amount +
                      "; UPDATE counter SET n = " + std::to_string(n) + "; INSERT INTO journal VALUES (" +
                      std::to_string(n) + ", '" + std::string(random() % 2'000, 'x') + "');";
    if (n % 50 == 0)
      sql += "DELETE FROM journal WHERE n <= " + std::to_string(n - 50) +
             "; UPDATE counter SET gone = " + std::to_string(n - 50) + ";";
    if (auto done = connection.execute_script(sql + "COMMIT;"); !done) {
      end(shared, "the writer cannot write: " + done.error().to_string());
    }
    shared.acknowledged = n;
  }
}

struct Look {
  std::int64_t n = 0, gone = 0, sum = 0, rows = 0, newest = 0;
};

Result<Look> look_once(Connection& connection) {
  if (auto begun = connection.execute("BEGIN"); !begun) return begun.error();
  const auto ask = [&](const char* sql) -> Result<std::vector<std::int64_t>> {
    auto result = connection.execute(sql);
    if (!result) return result.error();
    std::vector<std::int64_t> values;
    for (std::size_t i = 0; i < result->columns().size(); ++i) values.push_back(result->value(0, i).as_int());
    return values;
  };
  const auto counter = ask("SELECT n, gone FROM counter");
  if (!counter) return counter.error();
  const auto sums = ask("SELECT a.amount + b.amount FROM a, b");
  if (!sums) return sums.error();
  const auto journal = ask("SELECT count(*), coalesce(max(n), 0) FROM journal");
  if (!journal) return journal.error();
  if (auto ended = connection.execute("COMMIT"); !ended) return ended.error();
  return Look{(*counter)[0], (*counter)[1], (*sums)[0], (*journal)[0], (*journal)[1]};
}

[[noreturn]] void read_until_killed(const std::string& directory, Shared& shared) {
  auto database = Database::open(directory, small(true));
  if (!database) end(shared, "a reader cannot open: " + database.error().to_string());
  Connection connection = database->connect();
  std::int64_t seen = 0;
  for (;;) {
    const std::int64_t at_least = std::max(seen, shared.acknowledged.load());
    const auto look = look_once(connection);
    if (!look) end(shared, "a reader cannot read: " + look.error().to_string());
    if (look->n < at_least) {
      end(shared, "a reader sees commit " + std::to_string(look->n) + " after " + std::to_string(at_least));
    }
    if (look->sum != kSum || look->rows != look->n - look->gone || (look->rows > 0 && look->newest != look->n)) {
      end(shared, "a reader sees commit " + std::to_string(look->n) + " in part: sum " + std::to_string(look->sum) +
                      ", journal " + std::to_string(look->rows) + " of " + std::to_string(look->n - look->gone));
    }
    if (look->n > seen) ++shared.advances;
    seen = look->n;
    ++shared.looks;
  }
}

struct Processes {  // One thread at a time.
  support::ScratchDirectory folder;
  Shared& shared =
      *new (::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Shared;
  const std::string directory = folder / "db";
  std::mt19937_64 random{support::environment("SEED", 1)};
  pid_t writer = 0;
  pid_t readers[kReaders] = {};

  Processes() {
    auto database = Database::open(directory, small(false)).value();
    auto connection = database.connect();
    connection
        .execute_script(
            "CREATE TABLE a (amount INT); CREATE TABLE b (amount INT);"
            "CREATE TABLE counter (n INT, gone INT); CREATE TABLE journal (n INT PRIMARY KEY, text TEXT);"
            "INSERT INTO a VALUES (1000000); INSERT INTO b VALUES (0); INSERT INTO counter VALUES (0, 0)")
        .value();
    database.close().value();
  }
  ~Processes() {
    kill_one(writer);
    for (pid_t& reader : readers) kill_one(reader);
    ::munmap(&shared, sizeof shared);
  }
  template <class Body>
  static pid_t begin(Body body) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) body();
    return child;
  }
  static void kill_one(pid_t& process) {
    if (process == 0) return;
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    process = 0;
  }
  void begin_writer() {
    shared.writing = false;
    writer = begin([this] { write_until_killed(directory, shared, random()); });
  }
  void begin_readers() {
    for (pid_t& reader : readers) {
      if (reader == 0) reader = begin([this] { read_until_killed(directory, shared); });
    }
  }
  // However slow the machine is, but not for ever.
  void wait_until(const std::function<bool()>& reached) const {
    for (int waits = 0; waits < 120'000 && !reached() && shared.wrong == 0; ++waits) ::usleep(1'000);
    CHECK((shared.wrong != 0 || reached()));
  }
};

}  // namespace

TEST_CASE("readers: beside a writer, whoever is killed when, every reader sees whole commits and never goes back") {
  const std::uint64_t cycles = support::environment("CYCLES", 60);
  Processes all;
  std::uint64_t done = 0, readers_killed = 0, refused = 0;
  for (; done < cycles && all.shared.wrong == 0; ++done) {
    if (all.writer == 0) all.begin_writer();
    all.begin_readers();
    ::usleep(static_cast<useconds_t>(1'000 * (all.random() % 150)));
    if (all.random() % 4 == 0) {
      all.wait_until([&] { return all.shared.writing.load(); });
      if (all.shared.wrong != 0) break;
      const auto second = Database::open(all.directory, small(false));
      REQUIRE_FALSE(second);
      CHECK(second.error().code() == Code::busy);
      ++refused;
    }
    const auto which = all.random() % 4;
    if (which < 2) {
      all.kill_one(all.readers[which]);
      ++readers_killed;
    } else {
      all.kill_one(all.writer);
      if (which == 3) ::usleep(5'000);  // Readers without a writer.
    }
  }
  if (all.writer == 0) all.begin_writer();
  all.begin_readers();
  const std::int64_t advanced = all.shared.advances;
  all.wait_until([&] { return all.shared.advances >= advanced + 20; });
  // Lives of their own end: nothing is held back, nothing is lost, nothing is damaged.
  for (pid_t& reader : all.readers) all.kill_one(reader);
  all.kill_one(all.writer);
  auto database = Database::open(all.directory, small(false)).value();
  auto connection = database.connect();
  CHECK(number(connection, "SELECT n FROM counter") >= all.shared.acknowledged);
  CHECK(database.info().value().readers.empty());
  CHECK(database.check().value().problems == std::vector<std::string>{});
  std::printf(
      "cycles: %llu, %llu readers killed; %lld commits, %lld looks, %lld of them saw more than the one before\n",
      static_cast<unsigned long long>(done), static_cast<unsigned long long>(readers_killed),
      static_cast<long long>(all.shared.acknowledged), static_cast<long long>(all.shared.looks),
      static_cast<long long>(all.shared.advances));
  CHECK(all.shared.wrong == 0);
  CHECK((refused > 0 || cycles < 60));
}

TEST_CASE("readers: a second writer is refused at once, with the first one's number, also in the same process") {
  Processes all;
  int started[2];
  REQUIRE(::pipe(started) == 0);
  all.writer = Processes::begin([&] {
    const auto database = Database::open(all.directory, small(false));
    if (!database || ::write(started[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  });
  ::close(started[1]);
  char byte = 0;
  REQUIRE(::read(started[0], &byte, 1) == 1);
  const auto refused = Database::open(all.directory, small(false));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Code::busy);
  CHECK(refused.error().message().find("process " + std::to_string(all.writer) + " ") != std::string::npos);
  const pid_t first = all.writer;
  all.kill_one(all.writer);  // Its lock goes with it.
  const auto mine = Database::open(all.directory, small(false));
  REQUIRE(mine);
  const auto again = Database::open(all.directory, small(false));
  REQUIRE_FALSE(again);
  CHECK(again.error().code() == Code::busy);
  CHECK(again.error().message().find("process " + std::to_string(::getpid()) + " ") != std::string::npos);
  CHECK(again.error().message().find("process " + std::to_string(first) + " ") == std::string::npos);
  ::close(started[0]);
}

TEST_CASE("readers: a writer and readers may be in one process; info() tells who keeps what") {
  Processes all;
  auto writer = Database::open(all.directory, small(false)).value();
  const auto reader = std::make_unique<Database>(Database::open(all.directory, small(true)).value());
  auto connection = reader->connect();
  CHECK(number(connection, "SELECT count(*) FROM journal") == 0);
  writer.connect().execute("INSERT INTO journal VALUES (1, 'x')").value();
  CHECK(number(connection, "SELECT count(*) FROM journal") == 1);
  const auto readers = writer.info().value().readers;
  REQUIRE(readers.size() == 1);
  CHECK(readers[0].pid == static_cast<std::uint32_t>(::getpid()));
  CHECK(readers[0].alive);
  CHECK(readers[0].keeps_files);
  CHECK_FALSE(readers[0].keeps_log);
  CHECK(reader->info().value().read_only);
  CHECK(reader->info().value().readers.empty());  // Itself aside.
}

TEST_CASE("readers: in a transaction the snapshot stays; outside each statement sees the newest") {
  Processes all;
  auto writer = Database::open(all.directory, small(false)).value();
  auto writing = writer.connect();
  auto reader = Database::open(all.directory, small(true)).value();
  auto stays = reader.connect(), goes = reader.connect();
  auto prepared = goes.prepare("SELECT text FROM journal WHERE n = $1").value();
  stays.execute("BEGIN").value();
  CHECK(number(stays, "SELECT count(*) FROM journal") == 0);
  for (std::int64_t n = 1; n <= 5; ++n) {
    writing.execute("INSERT INTO journal VALUES ($1, 'x')", {Value(n)}).value();
    CHECK(number(goes, "SELECT count(*) FROM journal") == n);
    CHECK(prepared.execute({Value(n)}).value().rows() == 1);
    CHECK(number(stays, "SELECT count(*) FROM journal") == 0);
    if (n == 3) writing.execute("VACUUM").value();
  }
  stays.execute("COMMIT").value();
  CHECK(number(stays, "SELECT count(*) FROM journal") == 5);
  writing.execute("DROP TABLE journal").value();
  CHECK(goes.execute("SELECT * FROM journal").error().sqlstate() == "42P01");
  CHECK(prepared.execute({Value(std::int64_t{1})}).error().sqlstate() == "42P01");
}

TEST_CASE("readers: what would change the database is refused, and says that it was opened read-only") {
  Processes all;
  auto reader = Database::open(all.directory, small(true)).value();
  auto connection = reader.connect();
  for (const char* sql : {"INSERT INTO a VALUES (1)", "UPDATE a SET amount = 1", "DELETE FROM a",
                          "DELETE FROM a WHERE false", "CREATE TABLE t (x INT)", "CREATE TABLE IF NOT EXISTS a (x INT)",
                          "DROP TABLE a", "DROP TABLE IF EXISTS t", "CREATE INDEX i ON a (amount)",
                          "ALTER TABLE a ADD COLUMN x INT", "TRUNCATE a", "VACUUM", "CREATE TABLE t AS SELECT 1"}) {
    CAPTURE(sql);
    const auto refused = connection.execute(sql);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().sqlstate() == "25006");
    CHECK(refused.error().message().find("opened read-only") != std::string::npos);
  }
  CHECK(reader.appender("a").error().sqlstate() == "25006");
  CHECK(reader.write_blob().error().sqlstate() == "25006");
  CHECK(reader.backup(all.folder / "copy").error().sqlstate() == "25006");
  CHECK(number(connection, "SELECT amount FROM a") == kSum);
  connection.execute("BEGIN").value();
  CHECK_FALSE(connection.execute("DELETE FROM a"));
  CHECK(connection.execute("SELECT 1").error().sqlstate() == "25P02");  // As after any error.
  connection.execute("ROLLBACK").value();
  CHECK(reader.sync().has_value());
  reader.close().value();
  CHECK(connection.execute("SELECT 1").error().code() == Code::closed);
}

TEST_CASE("readers: a child made by fork() may not use its parent's reader, nor does its end harm it") {
  Processes all;
  auto reader = Database::open(all.directory, small(true)).value();
  auto connection = reader.connect();
  pid_t child = Processes::begin([&] {
    const auto refused = connection.execute("SELECT 1");
    ::_exit(!refused && refused.error().code() == Code::busy ? 0 : 1);
  });
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(number(connection, "SELECT amount FROM a") == kSum);
  CHECK(Database::open(all.directory, small(false)).value().info().value().readers.size() == 1);
}

TEST_CASE(
    "readers: where nothing may be written a database that nobody writes to is read; beside a writer it is refused") {
  if (::geteuid() == 0) {  // Who may do everything cannot test it; somebody else can.
    MESSAGE("read as another user");
  }
  Processes all;
  ::chmod(all.folder.path().c_str(), 0755);
  const pid_t child = Processes::begin([&] {
    if (::chmod((all.directory + "/READERS").c_str(), 0444) != 0) ::_exit(1);
    if (::geteuid() == 0 && ::setuid(65'534) != 0) ::_exit(2);
    auto reader = Database::open(all.directory, small(true));
    if (!reader) end(all.shared, reader.error().to_string());
    auto connection = reader->connect();
    const auto sum = connection.execute("SELECT amount FROM a");
    ::_exit(sum && sum->value(0, 0).as_int() == kSum ? 0 : 4);
  });
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  auto writer = Database::open(all.directory, small(false)).value();
  ::chmod((all.directory + "/READERS").c_str(), 0444);
  const pid_t late = Processes::begin([&] {
    if (::geteuid() == 0 && ::setuid(65'534) != 0) ::_exit(2);
    const auto refused = Database::open(all.directory, small(true));
    ::_exit(!refused && refused.error().code() == Code::busy ? 0 : 1);
  });
  REQUIRE(::waitpid(late, &status, 0) == late);
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace mneme::kill
