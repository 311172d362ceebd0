// One engine at work on the disk whose power is cut, or after it: the process that tests/powercut/powercut.py runs.
//
//     powercut_engine write ENGINE SETTING DIRECTORY POSITION TRANSACTIONS
//         Opens, commits transactions 1, 2, ... and closes. A line "N AT" for each when it is acknowledged (0: when the
//         database is open): the power was not cut before record AT, which was read from the file POSITION afterwards.
//     powercut_engine check ENGINE SETTING DIRECTORY ACKNOWLEDGED
//         Opens what a power cut left and prints one line:
//             ok N | lost N | corrupt WHY | refused WHY
//         The state is that after N transactions; N >= ACKNOWLEDGED is ok. An ok one was also written to, closed and
//         opened again.
//     powercut_engine spoil ENGINE SETTING DIRECTORY
//         Changes one row behind the model's back: the next check must see it.
//     powercut_engine versions
#include <fcntl.h>
#include <leveldb/db.h>
#include <lmdb.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "powercut/engine.h"

namespace mneme::powercut {
namespace {

using Open = Opened (*)(const std::string& directory, const std::string& setting);

struct Subject {  // Which engine, how and where.
  Open open = nullptr;
  std::string setting;
  std::string directory;

  [[nodiscard]] Opened opened() const { return open(directory, setting); }
};

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.to_string().c_str());
  return 1;
}

// How many records the disk's journal has.
Result<std::uint64_t> position(const char* path) {
  char text[32] = {};
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t bytes = file < 0 ? -1 : ::read(file, text, sizeof text - 1);
  ::close(file);
  if (bytes <= 0) return Error(Code::io, "the disk's position cannot be read");
  return std::strtoull(text, nullptr, 10);
}

Result<void> acknowledge(std::uint64_t n, const char* position_path) {
  const std::uint64_t at = TRY(position(position_path));
  std::printf("%llu %llu\n", static_cast<unsigned long long>(n), static_cast<unsigned long long>(at));
  return {};
}

Result<void> write(const Subject& subject, const char* position_path, std::uint64_t transactions) {
  auto engine = TRY(subject.opened());
  TRY(acknowledge(0, position_path));
  for (std::uint64_t n = 1; n <= transactions; ++n) {
    TRY(engine->commit(transaction(n)));
    TRY(acknowledge(n, position_path));
  }
  return engine->close();
}

// What is there, after the engine's own look at it.
Result<std::uint64_t> found_in(Engine& engine) {
  const State state = TRY(engine.read());
  const std::uint64_t n = TRY(transactions_in(state));
  TRY(engine.check());
  return n;
}

// Life goes on: one more transaction, and all is there when the database is opened again.
Result<void> carry_on(const Subject& subject, std::unique_ptr<Engine> engine, std::uint64_t n) {
  TRY(engine->commit(transaction(n + 1)));
  TRY(engine->close());
  engine.reset();
  engine = TRY(subject.opened());
  const std::uint64_t now = TRY(found_in(*engine));
  if (now != n + 1) return Error(Code::corrupt, "a transaction after the cut is gone");
  return {};
}

std::string verdict(const Subject& subject, std::uint64_t acknowledged) {
  auto engine = subject.opened();
  if (!engine) return "refused " + engine.error().to_string();
  const auto n = found_in(**engine);
  if (!n) return "corrupt " + n.error().to_string();
  if (*n < acknowledged) return "lost " + std::to_string(*n);
  const auto on = carry_on(subject, std::move(*engine), *n);
  if (!on) return "corrupt when it was used again: " + on.error().to_string();
  return "ok " + std::to_string(*n);
}

Result<void> spoil(const Subject& subject) {
  auto engine = TRY(subject.opened());
  const State state = TRY(engine->read());
  std::string body = state.slots.begin()->second;
  body.back() = static_cast<char>(body.back() ^ 1);
  TRY(engine->commit({{.key = state.slots.begin()->first, .body = body}}));
  return engine->close();
}

int versions() {
  std::printf("SQLite %s, %s, LevelDB %d.%d\n", sqlite3_libversion(), mdb_version(nullptr, nullptr, nullptr),
              leveldb::kMajorVersion, leveldb::kMinorVersion);
  return 0;
}

int run(int count, char** words) {
  static const std::map<std::string, Open> engines = {
      {"mneme", open_mneme}, {"sqlite", open_sqlite}, {"lmdb", open_lmdb}, {"leveldb", open_leveldb}};
  const std::string what = count > 1 ? words[1] : "";
  if (what == "versions") return versions();
  const auto engine = engines.find(count > 4 ? words[2] : "");
  if (engine == engines.end()) return std::fputs("usage: see the top of powercut_engine.cc\n", stderr), 2;
  const Subject subject{engine->second, words[3], words[4]};
  Result<void> done;
  if (what == "write" && count == 7) {
    done = write(subject, words[5], std::strtoull(words[6], nullptr, 10));
  } else if (what == "check" && count == 6) {
    std::printf("%s\n", verdict(subject, std::strtoull(words[5], nullptr, 10)).c_str());
  } else if (what == "spoil" && count == 5) {
    done = spoil(subject);
  } else {
    done = Error(Code::invalid_argument, "no such command: " + what);
  }
  return done ? 0 : fail(done.error());
}

}  // namespace
}  // namespace mneme::powercut

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return mneme::powercut::run(argc, argv);
}
