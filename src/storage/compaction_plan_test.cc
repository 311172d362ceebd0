#include "storage/compaction_plan.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

namespace mneme {
namespace {

using Segments = std::vector<MergeCandidate>;

MergeCandidate of(std::uint64_t rows, std::uint64_t dead = 0) { return {.rows = rows, .dead = dead, .time = {}}; }

MergeCandidate window(std::uint64_t rows, std::int64_t first, std::int64_t last) {
  return {.rows = rows, .time = TimeRange{first, last}};
}

// What a merge makes of its inputs: all their rows, over all their times.
MergeCandidate merged(const Segments& segments, const std::vector<std::size_t>& inputs) {
  MergeCandidate all = segments[inputs[0]];
  all.rows = 0;
  for (const std::size_t i : inputs) {
    all.rows += segments[i].rows - segments[i].dead;
    if (!all.time) continue;
    all.time->first_ns = std::min(all.time->first_ns, segments[i].time->first_ns);
    all.time->last_ns = std::max(all.time->last_ns, segments[i].time->last_ns);
  }
  all.dead = 0;
  return all;
}

// Merges until nothing is worth it; how many rows were written.
std::uint64_t settle(Segments& segments) {
  std::uint64_t written = 0;
  for (auto inputs = choose_merge(segments); !inputs.empty(); inputs = choose_merge(segments)) {
    const MergeCandidate result = merged(segments, inputs);
    written += result.rows;
    for (std::size_t i = inputs.size(); i-- > 0;) {
      segments.erase(segments.begin() + static_cast<std::ptrdiff_t>(inputs[i]));
    }
    segments.insert(segments.begin() + static_cast<std::ptrdiff_t>(inputs[0]), result);
  }
  return written;
}

TEST_CASE("compaction: few segments of different sizes are left alone; four of one size become one") {
  CHECK(choose_merge({}).empty());
  CHECK(choose_merge(Segments{of(100'000), of(100'000), of(100'000), of(10'000)}).empty());
  CHECK(choose_merge(Segments{of(900'000), of(100'000), of(110'000), of(90'000), of(100'000)}) ==
        std::vector<std::size_t>{1, 2, 3, 4});
}

TEST_CASE("compaction: a segment that is half dead is rewritten, one with fewer dead rows is not") {
  CHECK(choose_merge(Segments{of(1'000), of(100'000, 50'000)}) == std::vector<std::size_t>{1});
  CHECK(choose_merge(Segments{of(1'000), of(100'000, 49'999)}).empty());
}

TEST_CASE("compaction: a segment older than an index is rewritten when nothing else is to do") {
  Segments segments{of(1'000), of(100'000)};
  segments[1].is_stale = true;
  CHECK(choose_merge(segments) == std::vector<std::size_t>{1});
}

TEST_CASE(
    "compaction: up to 10 M rows of any flushes at most 8 segments overlap and 24 are there, each row written few "
    "times") {
  for (const bool by_time : {false, true}) {
    std::mt19937_64 random(3);
    for (const std::uint64_t flush_rows : {3'000U, 50'000U, 250'000U}) {
      Segments segments;
      std::uint64_t rows = 0, written = 0;
      for (std::int64_t n = 0; rows < 10'000'000; ++n) {
        const std::uint64_t more = flush_rows / 2 + random() % flush_rows;
        segments.push_back(by_time ? window(more, n * 100, n * 100 + 90) : of(more));
        rows += more;
        written += settle(segments);
        REQUIRE(segments.size() <= (by_time ? 24 : 8));
      }
      const double times = static_cast<double>(written) / static_cast<double>(rows);
      MESSAGE(flush_rows, " rows a flush, ", segments.size(), " segments, each row written ", times, " times");
      CHECK(times <= 2 + 1.5 * std::log2(static_cast<double>(rows) / static_cast<double>(flush_rows)) / 2);
    }
  }
}

TEST_CASE("compaction: windows of time that do not overlap do not count as deep") {
  Segments segments;
  for (std::int64_t i = 0; i < 12; ++i) {  // Three of each of four sizes.
    segments.push_back(window(std::uint64_t{10'000} << (i / 3 * 2), i * 100, i * 100 + 99));
  }
  CHECK(choose_merge(segments).empty());
  for (MergeCandidate& segment : segments) segment.time = TimeRange{0, 10'000};
  CHECK(choose_merge(segments) == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7});  // Each at most twice the sum.
}

}  // namespace
}  // namespace mneme
