// What an append may cost besides its own work, counted where it happens: the calling thread's system calls (all of
// them, by tracing it), its waits for other threads, its allocations. Times depend on the machine; these do not.
//
// The promise today: a row that does not end a batch is stored in columns, by this thread alone. A batch has room for
// more rows made now and then, which asks for memory and nothing else; every 16,384th row, or the row that makes 1 MiB
// of texts and vectors, commits the batch, and flush() does.
#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <vector>

#include "mneme/database.h"
#include "support/allocations.h"
#include "support/call_counter.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

using support::AllocationWatch;
using support::CallMarks;
using support::Calls;

enum Kind : std::size_t { kStored, kMadeRoom, kCommitted, kFlushed, kKinds };
constexpr std::array<const char*, kKinds> kNames{"stored", "made room", "committed a batch", "flush"};
constexpr int kBatchRows = 16'384;

struct Tally {
  std::array<std::uint64_t, kKinds> calls{}, allocations{};
  [[nodiscard]] std::string text() const {
    std::string text;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      text += std::to_string(calls[kind]) + " " + std::to_string(allocations[kind]) + " ";
    }
    return text;
  }
  void read(const std::string& text) {
    std::istringstream from(text);
    for (std::size_t kind = 0; kind < kKinds; ++kind) from >> calls[kind] >> allocations[kind];
  }
};

class Path {  // One thread at a time.
 public:
  // Appends `rows` rows; flush() after each `flush_every`. Empty: all went well.
  template <class Append>
  std::string run(Appender& appender, int rows, int flush_every, const Append& append) {
    for (int row = 1; row <= rows; ++row) {
      if (auto done = measured(row % kBatchRows == 0 ? kCommitted : kStored, [&] { return append(row); }); !done)
        return done.error().to_string();
      if (row % flush_every != 0) continue;
      if (auto done = measured(kFlushed, [&] { return appender.flush(Durability::os); }); !done)
        return done.error().to_string();
    }
    return "done " + tally_.text();
  }

 private:
  template <class Call>
  Result<void> measured(Kind kind, const Call& call) {
    const std::uint64_t before = watch_.count();
    CallMarks::begin();
    auto done = call();
    const std::uint64_t asked = watch_.count() - before;
    if (kind == kStored && asked > 0) kind = kMadeRoom;
    CallMarks::end(static_cast<int>(kind));
    ++tally_.calls[kind];
    tally_.allocations[kind] += asked;
    return done;
  }

  AllocationWatch watch_;
  Tally tally_;
};

struct Found {
  std::array<Calls, kKinds> calls;
  Tally tally;
};

void print(const std::string& what, const Found& found) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    if (found.tally.calls[kind] == 0) continue;
    std::printf("%s, %s: %llu calls, %llu allocations, %llu system calls (%llu beside memory), %llu waits\n",
                what.c_str(), kNames[kind], static_cast<unsigned long long>(found.tally.calls[kind]),
                static_cast<unsigned long long>(found.tally.allocations[kind]),
                static_cast<unsigned long long>(found.calls[kind].all()),
                static_cast<unsigned long long>(found.calls[kind].beside_memory()),
                static_cast<unsigned long long>(found.calls[kind].futex_waits));
  }
}

using Rows = std::function<std::string(Appender& appender, Path& path)>;

// Beside a maintenance thread, which works on what the rows leave. Empty: this system lets nobody trace.
std::optional<Found> appended(const std::string& what, const char* create, const Rows& rows) {
  const support::ScratchDirectory directory;
  const auto work = [&]() -> std::string {
    auto database = Database::open(directory / "db");
    if (!database) return database.error().to_string();
    if (auto made = database->connect().execute(create); !made) return made.error().to_string();
    auto appender = database->appender("t");
    if (!appender) return appender.error().to_string();
    Path path;
    return rows(*appender, path);
  };
  const support::Traced traced = support::traced(static_cast<int>(kKinds), work);
  if (traced.refused) {
    std::printf("SKIPPED: append path, %s: this system lets nobody trace\n", what.c_str());
    return std::nullopt;
  }
  REQUIRE_MESSAGE(traced.told.starts_with("done "), traced.told);
  Found found;
  std::ranges::copy(traced.kinds, found.calls.begin());
  found.tally.read(traced.told.substr(5));
  print(what, found);
  return found;
}

// The law of a row that is only stored.
void check_stored(const Found& found) {
  CHECK(found.calls[kStored].all() == 0);
  CHECK(found.tally.allocations[kStored] == 0);
  CHECK(found.calls[kMadeRoom].beside_memory() == 0);
}

void check_unsynced(const Calls& calls) {
  CHECK_FALSE(calls.by_number.contains(SYS_fsync));
  CHECK_FALSE(calls.by_number.contains(SYS_fdatasync));
  CHECK_FALSE(calls.by_number.contains(SYS_sync_file_range));
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  file >> all >> resident;
  REQUIRE(resident > 0);
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

constexpr const char* kMotion =
    "CREATE TABLE t (ts TIMESTAMP, ax FLOAT, ay FLOAT, az FLOAT, gx FLOAT, gy FLOAT, gz FLOAT)";

}  // namespace

TEST_CASE("append path: a row of numbers makes no system call, waits for nobody and allocates nothing") {
  const auto found = appended("numbers, flushed every 100", kMotion, [](Appender& appender, Path& path) {
    return path.run(appender, 5'000, 100, [&](int row) { return appender.append(row, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0); });
  });
  if (!found) return;
  check_stored(*found);
  CHECK(found->tally.calls[kStored] == 5'000);
  check_unsynced(found->calls[kFlushed]);  // Durability `os` waits for no disk.
}

TEST_CASE("append path: nor does a vector") {
  const std::vector<float> vector(512, 0.5F);
  const auto found = appended(
      "vectors, flushed every 30", "CREATE TABLE t (ts TIMESTAMP, v VECTOR(512))", [&](Appender& appender, Path& path) {
        return path.run(appender, 900, 30,
                        [&](int row) { return appender.append(row, std::span<const float>(vector)); });
      });
  if (!found) return;
  check_stored(*found);
  CHECK(found->tally.calls[kStored] == 900);
  check_unsynced(found->calls[kFlushed]);
}

TEST_CASE("append path: between two batches of rows that nobody flushes, memory is all that is asked for") {
  const auto found = appended("numbers, never flushed", kMotion, [](Appender& appender, Path& path) {
    return path.run(appender, 2 * kBatchRows + 100, 1 << 30,
                    [&](int row) { return appender.append(row, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0); });
  });
  if (!found) return;
  check_stored(*found);
  CHECK(found->tally.calls[kCommitted] == 2);
  CHECK(found->tally.calls[kMadeRoom] < 20);  // Geometric, and once: the next batch has the room of the one before.
}

TEST_CASE("append path: texts ask for memory by the chunk, and for nothing else") {
  const std::string note(100, 'n');
  const auto found = appended(
      "texts, flushed every 100", "CREATE TABLE t (ts TIMESTAMP, note TEXT)", [&](Appender& appender, Path& path) {
        return path.run(appender, 2'000, 100, [&](int row) { return appender.append(row, note); });
      });
  if (!found) return;
  check_stored(*found);
  CHECK(found->tally.calls[kMadeRoom] < 40);
}

TEST_CASE("append path: rows that are refused leave no text behind, be there rows to commit beside them or none") {
  constexpr int kRefused = 300;
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  const std::string text(kMiB, 'r');
  const support::ScratchDirectory directory;
  auto database = Database::open(directory / "db").value();
  auto connection = database.connect();
  connection.execute("CREATE TABLE t (a TEXT, n INT)").value();
  auto appender = database.appender("t").value();
  for (int beside = 0; beside < 2; ++beside) {
    const std::size_t before = resident_bytes();
    for (int row = 0; row < kRefused; ++row) REQUIRE_FALSE(appender.append(text, "no number"));
    for (int row = 0; row < kRefused; ++row) {  // Nor do those that are begun and never ended.
      appender.begin_row();
      appender.put(text);
    }
    CHECK(resident_bytes() < before + 32 * kMiB);
    appender.append("kept", beside).value();
    REQUIRE_FALSE(appender.end_row());
  }
  appender.flush().value();
  const std::size_t before = resident_bytes();
  for (int row = 0; row < kRefused; ++row) {
    appender.begin_row();
    appender.put(text);
    appender.flush().value();
  }
  CHECK(resident_bytes() < before + 32 * kMiB);
  const auto kept = connection.execute("SELECT a, n FROM t ORDER BY n").value();
  REQUIRE(kept.rows() == 2);
  for (std::size_t row = 0; row < 2; ++row) {
    CHECK(kept.value(row, 0).as_text() == "kept");
    CHECK(kept.value(row, 1).as_int() == static_cast<std::int64_t>(row));
  }
}

// The positive control: what a row would do if it were committed by itself is seen.
TEST_CASE("append path: the count sees a write and an allocation where there are some") {
  const auto found = appended("flushed each", kMotion, [](Appender& appender, Path& path) {
    return path.run(appender, 50, 1, [&](int row) { return appender.append(row, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0); });
  });
  if (!found) return;
  CHECK(found->tally.calls[kFlushed] == 50);
  CHECK(found->calls[kFlushed].beside_memory() >= 50);  // A write each.
  CHECK(found->tally.allocations[kFlushed] >= 50);
}

}  // namespace mneme
