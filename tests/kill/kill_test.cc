// A writer process is killed with SIGKILL at random moments, also while it opens; what it acknowledged must be there.
//
// The kernel keeps what a killed process wrote, so this says nothing about power cuts (tests/sim does): it is the proof
// of recovery and of the lock on the real file system, with real threads.
//   KILLS=<n>   so many      SEED=<n>   of the moments
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <random>

#include "kill/journal.h"
#include "os/posix.h"
#include "os/thread.h"
#include "support/environment.h"
#include "support/scratch_directory.h"

namespace mneme::kill {
namespace {

constexpr std::uint64_t kWriters = 3;
using Counts = std::array<std::uint64_t, kWriters>;

struct Acknowledgement {  // Smaller than PIPE_BUF: written whole or not at all.
  std::uint64_t writer = 0;
  std::uint64_t n = 0;
};

// The child: writes until it is killed. Ends by itself only to say that something went wrong.
[[noreturn]] void write_until_killed(const std::string& directory, int acknowledgements, bool too_early) {
  auto journal = Journal::open(directory, kWriters);
  const auto states = journal ? (*journal)->read() : Result<std::vector<WriterState>>(journal.error());
  if (!states) {
    std::fprintf(stderr, "the writer cannot open: %s\n", states.error().to_string().c_str());
    ::_exit(2);
  }
  PosixWorld world;
  const auto acknowledge = [acknowledgements](std::uint64_t writer, std::uint64_t n) {
    const Acknowledgement sent{writer, n};
    if (::write(acknowledgements, &sent, sizeof sent) != sizeof sent) ::_exit(4);
  };
  const auto write = [&](std::uint64_t writer) {
    for (std::uint64_t n = (*states)[writer].count + 1;; ++n) {
      if (too_early) acknowledge(writer, n);
      if (const auto done = (*journal)->transact(writer, n); !done) {
        std::fprintf(stderr, "the writer cannot write: %s\n", done.error().to_string().c_str());
        ::_exit(3);
      }
      if (!too_early) acknowledge(writer, n);
    }
  };
  std::vector<Thread> threads;
  for (std::uint64_t writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back(world.world().scheduler, "writer", [&write, writer] { write(writer); });
  }
  threads.clear();  // Joins.
  ::_exit(5);
}

struct Tally {
  std::uint64_t kills = 0, acknowledged = 0, in_flight = 0, before_open = 0, refused = 0;
};

class Killer {  // One thread at a time.
 public:
  Killer(std::uint64_t seed, bool too_early) : random_(seed), too_early_(too_early) {}

  // What is wrong, or nothing.
  std::string kill_once(Tally& tally) {
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(pipe[0]);
      write_until_killed(folder_ / "db", pipe[1], too_early_);
    }
    ::close(pipe[1]);
    const Counts before = acknowledged_;
    hear(pipe[0], lifetime_ms());
    if (random_() % 8 == 0 && acknowledged_ != before) tally.refused += is_refused();
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));  // It did not end by itself.
    hear(pipe[0], -1);
    ::close(pipe[0]);
    ++tally.kills;
    if (acknowledged_ == before) ++tally.before_open;
    for (std::uint64_t i = 0; i < kWriters; ++i) tally.acknowledged += acknowledged_[i] - before[i];
    return verify(tally);
  }

 private:
  // A third of the lives end within the first milliseconds, in recovery.
  int lifetime_ms() { return static_cast<int>(random_() % 3 == 0 ? random_() % 6 : 5 + random_() % 200); }

  // Takes in acknowledgements for that long; -1: until the writer's end is closed.
  void hear(int from, int for_ms) {
    using Clock = std::chrono::steady_clock;
    const auto until = Clock::now() + std::chrono::milliseconds(for_ms);
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
      if (for_ms >= 0 && left <= 0) return;
      pollfd ready{.fd = from, .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, for_ms < 0 ? -1 : static_cast<int>(left)) <= 0) continue;
      Acknowledgement heard;
      const ssize_t bytes = ::read(from, &heard, sizeof heard);
      if (bytes == 0) return;
      REQUIRE(bytes == sizeof heard);
      REQUIRE(heard.n == acknowledged_.at(heard.writer) + 1);
      acknowledged_[heard.writer] = heard.n;
    }
  }

  bool is_refused() {
    const auto second = Journal::open(folder_ / "db", kWriters);
    REQUIRE_FALSE(second);
    CHECK(second.error().code() == Code::busy);
    return true;
  }

  // At most one transaction of each writer was under way: it is there whole, or not at all.
  std::string verify(Tally& tally) {
    auto journal = Journal::open(folder_ / "db", kWriters);
    if (!journal) return journal.error().to_string();
    const auto states = (*journal)->read();
    if (!states) return states.error().to_string();
    for (std::uint64_t writer = 0; writer < kWriters; ++writer) {
      const std::uint64_t count = (*states)[writer].count, acknowledged = acknowledged_[writer];
      if (count != acknowledged && count != acknowledged + 1) {
        return "of " + std::to_string(acknowledged) + " acknowledged transactions " + std::to_string(count) +
               " are there";
      }
      if ((*states)[writer] != state_after(writer, count)) return "the journal does not fit the counter";
      tally.in_flight += count - acknowledged;
      acknowledged_[writer] = count;
    }
    if (const auto checked = (*journal)->check(); !checked) return checked.error().to_string();
    if (random_() % 2 != 0) return {};
    const auto closed = (*journal)->close();
    return closed ? "" : closed.error().to_string();
  }

  std::mt19937_64 random_;
  const bool too_early_;
  support::ScratchDirectory folder_;
  Counts acknowledged_{};
};

}  // namespace

TEST_CASE("kill: whenever the writer is killed, every acknowledged transaction is there and none is torn") {
  const std::uint64_t kills = support::environment("KILLS", 30);
  Tally tally;
  std::string wrong;
  Killer killer(support::environment("SEED", 1), false);
  while (tally.kills < kills && wrong.empty()) wrong = killer.kill_once(tally);
  std::printf(
      "kills: %llu, %llu of them before the first acknowledgement; %llu transactions acknowledged, "
      "%llu more found whole; a second writer was refused %llu times\n",
      static_cast<unsigned long long>(tally.kills), static_cast<unsigned long long>(tally.before_open),
      static_cast<unsigned long long>(tally.acknowledged), static_cast<unsigned long long>(tally.in_flight),
      static_cast<unsigned long long>(tally.refused));
  CHECK(wrong == "");
  CHECK(tally.acknowledged > kills);
}

TEST_CASE("kill: a writer that acknowledges before it commits is found out") {
  Tally tally;
  std::string wrong;
  Killer killer(1, true);
  while (tally.kills < 200 && wrong.empty()) wrong = killer.kill_once(tally);
  CHECK(wrong != "");
}

}  // namespace mneme::kill
