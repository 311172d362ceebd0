// How fast a ULog file is read into column batches, and how fast it is imported into a new database, from the first
// byte to the commit on the disk: `bench_ulog FILE [times]`, or without a file a small log.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "import/import.h"
#include "import/ulog_builder.h"
#include "import/ulog_reader.h"
#include "support/scratch_directory.h"

namespace {
using namespace mneme;
using namespace mneme::cli;

class CountingSink final : public TableSink {
 public:
  Result<std::size_t> begin_table(const ImportTable&) override { return std::size_t{0}; }
  Result<void> append(std::size_t, const TableBatch& batch) override {
    values_ += batch.rows() * batch.columns.size();
    return {};
  }
  [[nodiscard]] std::uint64_t values() const noexcept { return values_; }

 private:
  std::uint64_t values_ = 0;
};

std::string small_log(const support::ScratchDirectory& folder) {
  UlogBuilder log;
  log.format("t:uint64_t timestamp;float[3] a;int32_t b;bool c;").subscribe(0, "t");
  for (std::uint64_t i = 0; i < 10'000; ++i) log.data(0, i, 0.5F, 1.5F, 2.5F, std::int32_t{7}, true);
  return folder.file("small.ulg", log.bytes());
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

struct Clock {  // What a stretch of work took.
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  [[nodiscard]] double took() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  }
};

Result<void> read_only(const std::string& path) {
  auto input = open_input(path);
  if (!input) return std::move(input).error();
  CountingSink sink;
  const Clock clock;
  const auto summary = read_ulog(**input, sink);
  if (!summary) return summary.error();
  const double megabytes = static_cast<double>(summary->bytes) / 1e6;
  std::printf("read:   %.1f MB, %llu rows, %llu values in %.3f s: %.0f MB/s\n", megabytes,
              static_cast<unsigned long long>(summary->rows), static_cast<unsigned long long>(sink.values()),
              clock.took(), megabytes / clock.took());
  return {};
}

Result<void> import_all(const std::string& path) {
  const support::ScratchDirectory folder;
  auto database = Database::open(folder.path() + "/db");
  if (!database) return std::move(database).error();
  const Clock clock;
  double megabytes = 0;
  const auto report = import::import_file(
      *database, path,
      {.table = "", .progress = [&](std::uint64_t, std::uint64_t of) { megabytes = static_cast<double>(of) / 1e6; }});
  if (!report) return report.error();
  const double took = clock.took();
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  std::printf("import: %.1f MB, %llu rows in %.3f s: %.1f MB/s; so far %.1f s of CPU, %ld MiB resident at most\n",
              megabytes, static_cast<unsigned long long>(report->rows), took, megabytes / took,
              seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss / 1024);
  return {};
}
}  // namespace

int main(int count, char** arguments) {
  const support::ScratchDirectory folder;
  const std::string path = count > 1 ? arguments[1] : small_log(folder);
  const int times = count > 2 ? std::atoi(arguments[2]) : 1;
  for (int i = 0; i < times; ++i) {
    for (auto* run : {read_only, import_all}) {
      if (auto done = run(path); !done) return std::fprintf(stderr, "%s\n", done.error().to_string().c_str()), 1;
    }
  }
  return 0;
}
