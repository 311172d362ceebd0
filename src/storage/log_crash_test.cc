// The log and the manifest together on the simulated disk: power is cut after every operation, by every policy.
// Policies p0-p6: nothing acknowledged is lost, nothing else is found. p7 (the last syncs were a lie): what is found
// is a prefix of what was written, or the loss is reported as corrupt; never a hole, never something wrong.
#include <doctest/doctest.h>

#include <random>
#include <set>

#include "os/sim/sim_file_system.h"
#include "storage/log.h"
#include "storage/manifest.h"

namespace mneme {
namespace {

struct Model {
  std::vector<std::string> written;  // Record i has LSN i + 1.
  std::size_t acknowledged = 0;
  bool created = false;
};

LogOptions options() { return {.wal_directory = "db/wal", .file_bytes = 8192, .origin = 3}; }

Result<std::pair<LogReplay, std::vector<std::string>>> recover(FileSystem& files, const ManifestState& state) {
  std::vector<std::string> found(static_cast<std::size_t>(raw(state.log_start.lsn)) - 1);
  const LogReplayOptions replay{.wal_directory = "db/wal",
                                .start = state.log_start,
                                .from = {},
                                .known_synced = state.known_synced,
                                .epoch = state.epoch,
                                .origin = 3};
  auto result = TRY(replay_log(files, replay, [&](const LogRecord& record) -> Result<void> {
    found.emplace_back(as_text(record.payload));
    return {};
  }));
  return std::pair(std::move(result), std::move(found));
}

void check(const sim::DurableImage& image, sim::CutPolicy policy, const Model& model) {
  sim::SimFileSystem disk(image);
  const bool lying = policy == sim::CutPolicy::p7;
  const auto state = Manifest::read(disk, "db");
  if (!state) {
    const bool no_database = !model.created && state.error().code() == Code::not_found;
    CHECK_MESSAGE((no_database || lying), state.error().to_string());
    return;
  }
  const auto recovered = recover(disk, *state);
  if (!recovered) {
    CHECK_MESSAGE((lying && recovered.error().code() == Code::corrupt), recovered.error().to_string());
    return;
  }
  const auto& found = recovered->second;
  REQUIRE(found.size() <= model.written.size());
  if (!lying) CHECK(found.size() >= model.acknowledged);
  const auto skipped = static_cast<std::ptrdiff_t>(raw(state->log_start.lsn)) - 1;
  CHECK(std::equal(found.begin() + skipped, found.end(), model.written.begin() + skipped));
}

// One life: create, append, sync, rotate, move the start of the log, recycle.
void live(FileSystem& disk, Model& model, std::mt19937_64& random) {
  REQUIRE(disk.create_directory("db"));
  REQUIRE(disk.create_directory("db/wal"));
  REQUIRE(disk.sync_directory("db", SyncSite::database_directory));
  REQUIRE(disk.sync_directory(".", SyncSite::database_directory));
  auto log = LogWriter::open(disk, options(), 1, LogReplay{}).value();
  ManifestEdit first;
  first.origin = 3;
  first.epoch = 1;
  first.log_start = log->replay_start(Lsn{1});
  auto manifest = Manifest::create(disk, "db", first).value();
  model.created = true;
  for (int i = 0; i < 14; ++i) {
    model.written.emplace_back(random() % 2500, static_cast<char>('a' + i));
    REQUIRE(log->append(as_bytes(model.written.back()), i));
    if (random() % 2 == 0) {
      REQUIRE(log->sync());
      model.acknowledged = model.written.size();
    }
    if (random() % 4 == 0) REQUIRE(log->prepare_next());
    if (i % 5 == 4) {
      ManifestEdit flush;
      flush.known_synced = log->durable();
      flush.log_start = log->replay_start(next(log->durable()));
      REQUIRE(manifest->append(flush));
      if (i % 2 == 0) REQUIRE(manifest->rewrite());
      REQUIRE(manifest->mark(log->durable()));
      REQUIRE(log->sync());  // Two later barriers before anything is recycled.
      model.acknowledged = model.written.size();
      REQUIRE(log->sync());
      for (const FileNumber number : log->obsolete_below(manifest->state().log_start)) REQUIRE(log->recycle(number));
    }
  }
}

}  // namespace

TEST_CASE("log and manifest: power cut after every operation, by every policy, loses nothing acknowledged") {
  std::set<std::uint64_t> states;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    sim::SimFileSystem disk;
    Model model;
    std::mt19937_64 random(seed);
    disk.after_operation([&] {
      for (std::size_t policy = 0; policy < sim::kCutPolicies; ++policy) {
        const auto image = disk.cut(static_cast<sim::CutPolicy>(policy), seed * 1000 + disk.operations());
        CAPTURE(policy);
        if (states.insert(image.hash() * sim::kCutPolicies + policy).second) {
          check(image, static_cast<sim::CutPolicy>(policy), model);
        }
      }
    });
    live(disk, model, random);
    CHECK(disk.retried_syncs() == 0);
  }
  MESSAGE("distinct (image, policy) states: ", states.size());
  CHECK(states.size() > 1000);
}

}  // namespace mneme
