// How fast a ULog file is read into column batches, without a database behind: `bench_ulog FILE [times]`, or without a
// file a small log built in memory.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "import/ulog_builder.h"
#include "import/ulog_reader.h"

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

Result<std::unique_ptr<Input>> small_log() {
  UlogBuilder log;
  log.format("t:uint64_t timestamp;float[3] a;int32_t b;bool c;").subscribe(0, "t");
  for (std::uint64_t i = 0; i < 10'000; ++i) log.data(0, i, 0.5F, 1.5F, 2.5F, std::int32_t{7}, true);
  return memory_input(log.bytes());
}
}  // namespace

int main(int count, char** arguments) {
  const int times = count > 2 ? std::atoi(arguments[2]) : 1;
  for (int i = 0; i < times; ++i) {
    const auto input = count > 1 ? open_input(arguments[1]) : small_log();
    if (!input) return std::fprintf(stderr, "%s\n", input.error().to_string().c_str()), 1;
    CountingSink sink;
    const auto begin = std::chrono::steady_clock::now();
    const auto summary = read_ulog(**input, sink);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (!summary) return std::fprintf(stderr, "%s\n", summary.error().to_string().c_str()), 1;
    std::printf("%.1f MB, %llu rows, %llu values in %.3f s: %.0f MB/s, %.1f M values/s\n",
                static_cast<double>(summary->bytes) / 1e6, static_cast<unsigned long long>(summary->rows),
                static_cast<unsigned long long>(sink.values()), took.count(),
                static_cast<double>(summary->bytes) / 1e6 / took.count(),
                static_cast<double>(sink.values()) / 1e6 / took.count());
  }
  return 0;
}
