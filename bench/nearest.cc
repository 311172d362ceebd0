// The exact nearest 10 by L2: over 1,000 x 512, and over 100,000 x 128 beside a plain loop over an array in memory that
// takes eight floats at a time.
#include <immintrin.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "workload.h"

namespace mneme::bench {
namespace {

constexpr std::size_t kNearest = 10;

struct Vectors {
  std::size_t count = 0;
  std::size_t dimension = 0;
  std::vector<float> values;
  [[nodiscard]] std::span<const float> at(std::size_t i) const {
    return std::span(values).subspan(i * dimension, dimension);
  }
};

Vectors drawn(std::size_t count, std::size_t dimension) {
  Vectors vectors{count, dimension, std::vector<float>(count * dimension)};
  std::uint64_t index = 0;
  for (float& value : vectors.values) value = static_cast<float>(mixed(++index) >> 40) * 0x1p-24F;
  return vectors;
}

// SIFT descriptors: u32 count, u32 dimension, bytes. Empty when the file is not there.
Vectors sift(std::size_t at_most) {
  const char* given = std::getenv("MNEME_TEST_DATA");
  const std::string folder = given != nullptr ? given : MNEME_SOURCE_DIR "/../shared/data";
  std::ifstream file(folder + "/sift/base.u8bin", std::ios::binary);
  std::uint32_t header[2] = {};
  if (!file.read(reinterpret_cast<char*>(header), sizeof header)) return {};
  Vectors vectors{std::min<std::size_t>(header[0], at_most), header[1], {}};
  std::vector<unsigned char> bytes(vectors.count * vectors.dimension);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()))) return {};
  std::ranges::transform(bytes, std::back_inserter(vectors.values), [](unsigned char b) { return float{1} * b; });
  return vectors;
}

// Squared; four sums at once, so that no addition waits for the one before. REQUIRES: dimension % 32 == 0.
[[gnu::target("avx2,fma")]] float squared_l2(const float* a, const float* b, std::size_t dimension) {
  __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
  for (std::size_t i = 0; i < dimension; i += 32) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      const __m256 d = _mm256_sub_ps(_mm256_loadu_ps(a + i + 8 * lane), _mm256_loadu_ps(b + i + 8 * lane));
      sums[lane] = _mm256_fmadd_ps(d, d, sums[lane]);
    }
  }
  const __m256 sum = _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
  float lanes[8];
  _mm256_storeu_ps(lanes, sum);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

using Found = std::vector<std::int64_t>;

Found plain_loop(const Vectors& vectors, std::span<const float> query) {
  std::vector<std::pair<float, std::int64_t>> best;
  for (std::size_t i = 0; i < vectors.count; ++i) {
    const float distance = squared_l2(vectors.at(i).data(), query.data(), vectors.dimension);
    if (best.size() == kNearest && distance >= best.back().first) continue;
    const std::pair candidate(distance, static_cast<std::int64_t>(i));
    best.insert(std::ranges::upper_bound(best, candidate), candidate);
    if (best.size() > kNearest) best.pop_back();
  }
  Found ids;
  std::ranges::transform(best, std::back_inserter(ids), [](const auto& entry) { return entry.second; });
  return ids;
}

class Searcher {
 public:
  Searcher(const std::string& directory, std::size_t memory_budget)
      : database_(open_database(directory, memory_budget)), connection_(database_.connect()) {}
  Found operator()(std::span<const float> query) {
    const ResultSet result = must(select_.execute({Value::vector(query)}));
    Found ids;
    for (const auto row : result) ids.push_back(row[0].as_int());
    return ids;
  }

 private:
  Database database_;
  Connection connection_;
  Statement select_ = must(connection_.prepare("SELECT id FROM picture ORDER BY embedding <-> $1 LIMIT 10"));
};

std::string filled(World& world, const char* name, const Vectors& vectors) {
  const std::string directory = fresh_directory(world, name);
  Database database = open_database(directory);
  must(database.connect().execute("CREATE TABLE picture (id INT PRIMARY KEY, embedding VECTOR(" +
                                  std::to_string(vectors.dimension) + "))"));
  Appender appender = must(database.appender("picture"));
  for (std::size_t i = 0; i < vectors.count; ++i) {
    must(appender.append(static_cast<std::int64_t>(i), vectors.at(i)));
    if (i % 5'000 == 4'999) must(appender.flush(Durability::os));
  }
  must(appender.flush());
  settle(database);
  must(database.close());
  return directory;
}

// Queries lie between two stored vectors, so that ties are rare.
std::vector<float> query_of(const Vectors& vectors, std::size_t number) {
  const auto a = vectors.at(mixed(number + 1) % vectors.count);
  const auto b = vectors.at(mixed(number + 1'000) % vectors.count);
  std::vector<float> query(vectors.dimension);
  for (std::size_t i = 0; i < query.size(); ++i) query[i] = 0.7F * a[i] + 0.3F * b[i];
  return query;
}

// The plain loop's array is a vector as any program has it: of huge pages only where the machine gives them unasked.
std::string huge_pages() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string setting;
  std::getline(file, setting);
  return "both sides' memory comes from the heap; huge pages of this machine: " + (setting.empty() ? "-" : setting);
}

struct Times {
  std::vector<double> cold, warm, plain;  // Milliseconds.
};

// Ours and the plain loop in turn; the first of ours is the cold one.
Times times_of(World& world, const std::string& directory, std::size_t budget, const Vectors& vectors) {
  Times times;
  Searcher search(directory, budget);
  for (std::size_t i = 0; i <= world.sizes.searches; ++i) {
    const std::vector<float> query = query_of(vectors, i);
    Found ours, plain;
    const double our_ms = 1e3 * seconds_of([&] { ours = search(query); });
    times.plain.push_back(1e3 * seconds_of([&] { plain = plain_loop(vectors, query); }));
    (i == 0 ? times.cold : times.warm).push_back(our_ms);
    if (ours != plain) fail("the nearest are not the nearest");
  }
  return times;
}

}  // namespace

void bench_nearest(World& world) {
  Report& report = world.report;
  report.section("Exact nearest 10, L2, f32, one thread");
  report.note(huge_pages());
  const Vectors camera = drawn(std::min<std::size_t>(1'000, world.sizes.vectors), 512);
  const Times few = times_of(world, filled(world, "camera", camera), std::size_t{64} << 20, camera);
  const std::string few_name = number_text(static_cast<double>(camera.count)) + " x 512";
  report.line({few_name + ", first after open", "mneme", "-", "ms", few.cold});
  const double few_ms = report.line({few_name, "mneme", "-", "ms", few.warm});
  report.line({few_name, "plain AVX2 loop", "-", "ms", few.plain});
  report.verdict({few_name, few_ms, "ms", Want::at_most, 0.2, ""});

  Vectors many = sift(world.sizes.vectors);
  if (many.count == 0) {
    report.note("the SIFT descriptors are not here; drawn vectors instead");
    many = drawn(world.sizes.vectors, 128);
  }
  const std::string directory = filled(world, "sift", many);
  const std::string name = number_text(static_cast<double>(many.count)) + " x 128";
  const Times ample = times_of(world, directory, std::size_t{256} << 20, many);
  report.line({name + ", 256 MiB, first after open", "mneme", "-", "ms", ample.cold});
  const double ours = report.line({name + ", 256 MiB", "mneme", "-", "ms", ample.warm});
  const double plain = report.line({name, "plain AVX2 loop", "-", "ms", ample.plain});
  report.verdict({name + " to the plain loop", ours / plain, "x", Want::at_most, 1.3, ""});
  const Times tight = times_of(world, directory, std::size_t{64} << 20, many);
  report.line({name + ", 64 MiB, first after open", "mneme", "-", "ms", tight.cold});
  report.line({name + ", 64 MiB", "mneme", "-", "ms", tight.warm});
}

}  // namespace mneme::bench
