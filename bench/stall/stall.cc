// `bench_stall [--full] [--directory DIR]`: how long an append takes while everything else goes on. One thread appends
// a row of numbers each millisecond and hands them over ten times a second (durability interval); another appends 30
// embeddings a second, one commits durably, one asks; then flushes, merges and index builds run beside them; then the
// disk does not answer for 2 s, again and again. Beside each append the same thread runs a bare loop of about the same
// length: what that loop suffers is the machine's doing. Without --full all of it takes a second, so that it cannot
// rot.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "stall/samples.h"
#include "stall/slow_disk.h"
#include "workload.h"

namespace {

using namespace mneme;
using namespace mneme::bench;

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kFlushEvery = 100;  // Rows: ten times a second.
constexpr std::size_t kDimension = 512;

struct Arguments {
  std::string directory = "bench_data";
  bool full = false;
};

struct Spans {
  std::int64_t phase_ns = 300 * kMillisecond;
  std::int64_t stall_ns = 100 * kMillisecond;
  std::int64_t rows_before = 20'000;
};

void sleep_until(std::int64_t ns) {
  const timespec until{ns / 1'000'000'000, ns % 1'000'000'000};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
  }
}

// About as long as an append; nothing in it but arithmetic.
std::uint64_t bare_loop(std::uint64_t x) {
  for (int i = 0; i < 40; ++i) x = mixed(x + 1);
  return x;
}

Result<void> append_motion(Appender& appender, std::int64_t i) {
  const auto x = static_cast<double>(i);
  return appender.append(1'780'304'400'000'000'000 + i * kMillisecond, x, x + 1, x + 2, x * 0.1, x * 0.2, x * 0.3);
}

// One thread that does its work again and again, until it is let go.
class Beside {
 public:
  template <class Work>
  Beside(std::int64_t every_ns, Work work)
      : thread_([this, every_ns, work]() mutable {
          for (std::int64_t next = Samples::now_ns(); !stop_; next = std::max(next + every_ns, Samples::now_ns())) {
            sleep_until(next);
            work();
          }
        }) {}
  Beside(const Beside&) = delete;
  ~Beside() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

struct Counted {
  std::atomic<std::int64_t> embeddings = 0, commits = 0, queries = 0, builds = 0;
};

class Robot {  // One thread at a time.
 public:
  Robot(const std::string& directory, const Spans& spans)
      : spans_(spans), database_(open_database(directory, std::size_t{64} << 20)) {
    Connection connection = database_.connect();
    must(
        connection.execute("CREATE TABLE motion (ts TIMESTAMP, ax FLOAT, ay FLOAT, az FLOAT, gx FLOAT, gy FLOAT, "
                           "gz FLOAT)"));
    must(connection.execute("CREATE TABLE past AS SELECT i AS id, i * 7919 % 100000 AS v FROM generate_series(1, " +
                            std::to_string(spans.rows_before) + ") s(i)"));
    must(connection.execute("CREATE TABLE seen (id INT PRIMARY KEY, place VECTOR(512))"));
    must(connection.execute("CREATE TABLE event (id INT PRIMARY KEY, text TEXT)"));
    appender_.emplace(must(database_.appender("motion")));
    for (; next_ < spans.rows_before; ++next_) must(append_motion(*appender_, next_));
    must(appender_->flush());
  }

  void phase(const std::string& name, bool builds, bool stalls) {
    const Beside embeddings(1'000 * kMillisecond / 30, embed());
    const Beside commits(50 * kMillisecond, commit());
    const Beside queries(20 * kMillisecond, ask());
    std::optional<Beside> building, stalling;
    if (builds) building.emplace(100 * kMillisecond, build());
    if (stalls) stalling.emplace(2 * spans_.stall_ns, [this] { stall_disk_for(spans_.stall_ns); });
    append(name);
    stall_disk_for(0);
  }

  // Nothing may be missing, and nothing else be there.
  void settle() {
    const auto count = [this](const char* table) {
      return must(database_.connect().execute(std::string("SELECT count(*) FROM ") + table)).value(0, 0).as_int();
    };
    std::printf(
        "\nrows: %lld of motion, %lld embeddings, %lld durable commits; beside them %lld queries, %lld rounds of "
        "flush, merge and index build; %llu calls waited for the disk\n",
        static_cast<long long>(next_), static_cast<long long>(counted_.embeddings),
        static_cast<long long>(counted_.commits), static_cast<long long>(counted_.queries),
        static_cast<long long>(counted_.builds), static_cast<unsigned long long>(calls_stalled()));
    if (count("motion") != next_ || count("seen") != counted_.embeddings || count("event") != counted_.commits) {
      fail("rows are missing");
    }
    appender_.reset();
    must(database_.close());
  }

 private:
  void append(const std::string& name) {
    const auto most = static_cast<std::size_t>(spans_.phase_ns / kMillisecond + 1);
    Samples appends(most), bare(most), flushes(most / kFlushEvery + 1);
    std::uint64_t x = 1;
    const std::int64_t begun_ns = Samples::now_ns();
    // Late ones are not made up for: what is measured is a call, not the machine's pace.
    for (std::int64_t now = begun_ns; now < begun_ns + spans_.phase_ns; now = Samples::now_ns()) {
      sleep_until(now + kMillisecond - (now - begun_ns) % kMillisecond);
      x = bare.measure([x] { return bare_loop(x); });
      must(appends.measure([this] { return append_motion(*appender_, next_); }));
      ++next_;
      if (next_ % kFlushEvery == 0) must(flushes.measure([this] { return appender_->flush(Durability::interval); }));
    }
    must(appender_->flush());
    std::printf("%s\n%s\n%s\n", appends.row(name, "append").c_str(),
                bare.row(name, x == 0 ? "bare loop " : "bare loop").c_str(),
                flushes.row(name, "hand over 100 rows").c_str());
    std::fflush(stdout);
  }

  std::function<void()> embed() {
    return [this, appender = std::make_shared<Appender>(must(database_.appender("seen"))),
            place = std::vector<float>(kDimension)]() mutable {
      const std::int64_t id = counted_.embeddings++;
      place[static_cast<std::size_t>(id) % kDimension] += 1;
      must(appender->append(id, std::span<const float>(place)));
      must(appender->flush(Durability::interval));
    };
  }
  std::function<void()> commit() {
    return [this, connection = std::make_shared<Connection>(database_.connect())] {
      must(connection->execute("INSERT INTO event VALUES (" + std::to_string(counted_.commits) + ", 'turned')"));
      ++counted_.commits;
    };
  }
  std::function<void()> ask() {
    return [this, connection = std::make_shared<Connection>(database_.connect())] {
      const char* const queries[] = {"SELECT count(*), max(ts) FROM motion WHERE ax > 100000000",
                                     "SELECT avg(gx) FROM motion WHERE ax < 5000",
                                     "SELECT id FROM seen ORDER BY id DESC LIMIT 5"};
      must(connection->execute(queries[counted_.queries++ % 3]));
    };
  }
  // Of a table that nobody appends to: an index changes its table, and an Appender has to be made anew then.
  std::function<void()> build() {
    return [this, connection = std::make_shared<Connection>(database_.connect())] {
      must(connection->execute("CREATE INDEX past_v ON past (v)"));
      must(connection->execute("UPDATE past SET v = v + 1 WHERE id % 100 = " + std::to_string(counted_.builds % 100)));
      must(connection->execute("VACUUM"));
      must(connection->execute("DROP INDEX past_v"));
      ++counted_.builds;
    };
  }

  const Spans spans_;
  Database database_;
  std::optional<Appender> appender_;
  std::int64_t next_ = 0;
  Counted counted_;
};

bool parse(int count, char** words, Arguments& arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--full") {
      arguments.full = true;
    } else if (word == "--directory" && i + 1 < count) {
      arguments.directory = words[++i];
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  if (!parse(count, words, arguments)) {
    std::fprintf(stderr, "usage: see the head of stall.cc\n");
    return EXIT_FAILURE;
  }
  const std::string directory = arguments.directory + "/stall";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(arguments.directory);
  std::printf("%s\n\n%s\n", machine_text(arguments.directory).c_str(), samples_head().c_str());
  const Spans full{.phase_ns = 20'000 * kMillisecond, .stall_ns = 2'000 * kMillisecond, .rows_before = 500'000};
  {
    Robot robot(directory, arguments.full ? full : Spans{});
    robot.phase("queries", false, false);
    robot.phase("flush, merge, index build", true, false);
    robot.phase("disk stalled", false, true);
    robot.settle();
  }
  std::filesystem::remove_all(directory);
  return EXIT_SUCCESS;
}
