// Power is cut after every operation of the disk, in all eight ways; what comes back is held against the model.
//
//   SEED=<n>    one run of that seed instead of the fixed list      STATES=<n>   at least that many distinct states
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <unordered_set>

#include "index/ordered/ordered.h"
#include "os/posix.h"
#include "os/sim/sim_world.h"
#include "sim/environment.h"
#include "sim/index_check.h"
#include "sim/model.h"

namespace mneme::sim {
namespace {

struct Tally {
  std::unordered_set<std::uint64_t> images;   // Distinct durable images, by hash: what is counted.
  std::unordered_set<std::uint64_t> checked;  // Image and what was acknowledged when it was cut.
  std::uint64_t syncs = 0;                    // Made at the site that a control ignores.
  std::uint64_t cuts = 0;
  std::uint64_t violations = 0;
  std::uint64_t seeds = 0, flushes = 0, merges = 0, backups = 0;
  std::uint64_t blob_commits = 0, blob_moves = 0;  // Commits, and maintenance, that wrote to blob files.
  std::uint64_t carried = 0;                       // Rows of updates that left their blob where it was.
  std::uint64_t nested = 0;                        // Cuts in the midst of recovery.
  std::uint64_t indexed = 0;                       // States whose indexes were held against their rows.
  std::uint64_t lived_on = 0;                      // Recovered stores that went on until nothing was left to do.
  std::uint64_t lies_reported = 0;  // Under p7 open may say `corrupt`: what the disk had called synced is not there.
  std::string first_violation;
};

constexpr std::uint64_t kNestedCutsEvery = 16;
constexpr std::uint64_t kLivesOnEvery = 8;
constexpr std::uint64_t kBackupsOpenedEvery = 4;
constexpr std::uint64_t kStepsMax = 1'000;

class CrashRun {
 public:
  CrashRun(std::uint64_t seed, Tally& tally) : seed_(seed), model_(seed), dice_(seed), tally_(tally) {}

  // Runs `lives` openings of the store with some commits each, cutting power after every operation of the disk.
  void run(int lives, std::optional<SyncSite> ignored) {
    disk_.ignore_syncs_of(ignored);
    disk_.after_operation([this] { cut_in_every_way(); });
    for (int life = 0; life < lives; ++life) {
      auto opened = Store::open(world(disk_), "db", small_options(), &kinds_);
      if (!opened) return violation("open: " + opened.error().to_string(), 0);
      if (!live(**opened)) return;
    }
    tally_.carried += model_.carried();
    if (disk_.retried_syncs() != 0) violation("a failed sync was tried again", 0);
    if (ignored) tally_.syncs += disk_.syncs_at(*ignored);
  }

 private:
  World world(SimFileSystem& disk) { return {disk, clock_, *scheduler_, random_}; }

  bool live(Store& store) {
    for (std::uint64_t i = 0, commits = 2 + model_.random()() % 5; i < commits; ++i) {
      if (const std::string wrong = maintain(store); !wrong.empty()) return violation(wrong, 0), false;
      WriteSet writes = model_.next(store);
      in_flight_ = true;
      const bool durable = model_.random()() % 3 != 0;
      const std::uint64_t blobs = disk_.syncs_at(SyncSite::blob_data);
      const auto done = store.commit(std::move(writes), durable ? Durability::commit : Durability::os);
      tally_.blob_commits += disk_.syncs_at(SyncSite::blob_data) > blobs;
      // The hook saw the commit in flight; it is in the model from here on.
      const std::string wrong = done ? model_.committed(store) : done.error().to_string();
      in_flight_ = false;
      if (!wrong.empty()) return violation("commit: " + wrong, 0), false;
      settle_pending();
      if (durable) acknowledged_ = model_.commits();
    }
    if (model_.random()() % 2 == 0) {
      if (auto closed = store.close(); !closed) return violation("close: " + closed.error().to_string(), 0), false;
      acknowledged_ = model_.commits();
    }
    return true;
  }

  // What the maintenance thread would do, at drawn moments: some of its smallest steps, a flush of everything, or all
  // there is to do. Commits come between the steps of one flush or merge.
  std::string maintain(Store& store) {
    if (!backup_ && model_.random()() % 8 == 0) {
      if (const auto done = store.backup("copy"); !done) return "backup: " + done.error().to_string();
      backup_ = model_.commits();
      ++tally_.backups;
    }
    const bool busy = seed_ % 4 == 1;
    const std::uint64_t what = model_.random()() % (busy ? 4 : 6);
    if (what > (busy ? 3 : 2)) return {};
    const auto before = segments_of(store);
    const std::uint64_t blobs = disk_.syncs_at(SyncSite::blob_data);
    const auto done =
        what == 0 || what == 3 ? store.flush() : steps(store, what == 1 ? 1 + model_.random()() % 12 : kStepsMax);
    if (!done) return "maintenance: " + done.error().to_string();
    const auto after = segments_of(store);
    const auto gone = [&](const auto& segment) { return !after.contains(segment); };
    tally_.flushes += std::ranges::any_of(after, [&](const auto& segment) { return !before.contains(segment); });
    tally_.merges += std::ranges::any_of(before, gone);
    tally_.blob_moves += disk_.syncs_at(SyncSite::blob_data) > blobs;
    return {};
  }

  Result<void> steps(Store& store, std::uint64_t most) {
    for (std::uint64_t i = 0; i < most; ++i) {
      if (!TRY(store.step(clock_.monotonic_ns()))) break;
    }
    return {};
  }

  static std::set<std::uint64_t> segments_of(Store& store) {
    std::set<std::uint64_t> numbers;
    const Snapshot snapshot = store.snapshot().value();
    for (const auto& [id, table] : snapshot.version->tables) {
      for (const TableSegment& segment : table.segments) numbers.insert(segment.file->number());
    }
    return numbers;
  }

  struct Pending {  // An image cut while a commit was under way: the state after it is known only once it returned.
    State state;
    std::size_t acknowledged = 0;
    std::uint64_t policy = 0;
    std::uint64_t cut = 0;
  };

  void cut_in_every_way() {
    for (std::size_t policy = 0; policy < kCutPolicies; ++policy) {
      const std::uint64_t cut = ++cuts_;  // Of this seed alone, so that it can be run again by itself.
      ++tally_.cuts;
      const DurableImage image = disk_.cut(static_cast<CutPolicy>(policy), seed_ * 1'000'003 + cut);
      const std::uint64_t hash = image.hash();
      tally_.images.insert(hash);
      // The same image is held against more once more was acknowledged.
      const std::uint64_t promise = (seed_ << 32 | acknowledged_) * 0x9e3779b97f4a7c15U;
      if (!tally_.checked.insert(hash ^ promise).second) continue;
      recover(image, policy, cut);
    }
  }

  // I6: recovering again finds the same, also after power was cut in the midst of recovering.
  void recover(const DurableImage& image, std::size_t policy, std::uint64_t cut) {
    if (backup_ && policy != 7 && dice_.below(kBackupsOpenedEvery) == 0) {
      SimFileSystem disk(image);
      const auto copied = open_and_read(disk, "copy");
      if (!copied) return violation("backup: " + copied.error().to_string(), cut);
      if (*copied != model_.after(*backup_)) return violation("a backup holds something else than it copied", cut);
    }
    SimFileSystem disk(image);
    std::vector<DurableImage> again;
    disk.after_operation([&] {
      if (dice_.below(kNestedCutsEvery) != 0) return;
      again.push_back(disk.cut(static_cast<CutPolicy>(dice_.below(kCutPolicies - 1)), dice_.next()));
    });
    const std::string when = "policy p" + std::to_string(policy) + ": ";
    auto first = open_and_read(disk);
    disk.after_operation({});
    if (!first && policy == 7 && first.error().code() == Code::corrupt) return void(++tally_.lies_reported);
    if (!first) return violation(when + first.error().to_string(), cut);
    for (const DurableImage& nested : again) {
      ++tally_.nested;
      SimFileSystem later(nested);
      const auto found = open_and_read(later);
      if (!found) return violation(when + "cut again in recovery: " + found.error().to_string(), cut);
      if (*found != *first) return violation(when + "cut again in recovery, something else is there", cut);
    }
    const auto second = open_and_read(disk);
    if (!second) return violation(when + "recovering again: " + second.error().to_string(), cut);
    if (*first != *second) return violation(when + "recovering again differs", cut);
    if (dice_.below(kLivesOnEvery) == 0) {
      if (const std::string wrong = live_on(disk, policy); !wrong.empty()) return violation(when + wrong, cut);
    }
    const Pending pending{*first, acknowledged_, policy, cut};
    if (in_flight_) return pending_.push_back(pending);
    check(pending);
  }

  Result<State> open_and_read(SimFileSystem& disk, const std::string& directory = "db") {
    auto store = TRY(Store::open(world(disk), directory, small_options(), &kinds_));
    return read_all(*store);
  }

  // I3: what the indexes say is what the rows say. A disagreement is never an honest answer, whatever the disk did.
  Result<State> read_all(Store& store) {
    const Snapshot snapshot = TRY(store.snapshot());
    State state = TRY(read_state(store, snapshot));
    std::string wrong = TRY(indexes_disagree(store, kinds_, state));
    if (!wrong.empty()) return Error(Code::conflict, std::move(wrong));
    ++tally_.indexed;
    return state;
  }

  // I5: ids that were acknowledged are not given again. I7: once maintenance has nothing left to do, no file is there
  // that nobody needs.
  std::string live_on(SimFileSystem& disk, std::size_t policy) {
    ++tally_.lived_on;
    auto store = Store::open(world(disk), "db", small_options(), &kinds_);
    if (!store) return store.error().to_string();
    const TableId table = (*store)->next_table_id().value();
    const Model::Given given = model_.given(policy == 7 ? 0 : acknowledged_);
    if (static_cast<std::uint64_t>(table) <= given.table_max) return "a table id was given before";
    WriteSet writes = one_row_in_a_new_table(table);
    if (const auto done = (*store)->commit(std::move(writes), Durability::commit); !done)
      return done.error().to_string();
    const auto state = read_all(**store);
    if (!state) return state.error().to_string();
    if (state->at("fresh, version 1").begin()->first <= given.row_max) return "a row id was given before";
    if (const auto flushed = (*store)->flush(); !flushed) return "flush: " + flushed.error().to_string();
    if (const auto done = steps(**store, kStepsMax); !done) return "step: " + done.error().to_string();
    const auto merged = read_all(**store);
    if (!merged) return merged.error().to_string();
    if (*merged != *state) return "maintenance changed what is there";
    return files_left(disk);
  }

  static WriteSet one_row_in_a_new_table(TableId id) {
    TableSchema schema;
    schema.id = id;
    schema.name = "fresh";
    schema.columns.emplace_back().name = "c";
    schema.columns.back().id = ColumnId{schema.next_column_id++};
    InsertRows rows;
    rows.table = id;
    rows.batch.columns.emplace_back(schema.columns.back().type).append(std::int64_t{1});
    WriteSet writes;
    writes.changes.emplace_back(CreateTable{std::move(schema)});
    writes.changes.emplace_back(std::move(rows));
    return writes;
  }

  static std::string files_left(SimFileSystem& disk) {
    const auto state = Manifest::read(disk, "db");
    if (!state) return state.error().to_string();
    std::set<std::string> needed;
    for (const auto& [number, segment] : state->segments) needed.insert(std::to_string(raw(number)) + ".seg");
    for (const auto& [key, file] : state->deletes) {
      needed.insert(std::to_string(raw(file.segment)) + "-" + std::to_string(file.sequence) + ".del");
    }
    for (const std::string& name : disk.list("db/seg").value()) {
      if (needed.erase(name) == 0) return "db/seg/" + name + " is there, and nobody needs it";
    }
    if (!needed.empty()) return *needed.begin() + " is missing";
    std::set<std::string> blobs;
    for (const auto& [number, segment] : state->segments) {
      for (const SegmentPartInfo& part : segment.parts) {
        for (const PartBlobs& used : part.blobs) blobs.insert(std::to_string(raw(used.file)) + ".blob");
      }
    }
    for (const std::string& name : disk.list("db/blob").value()) {
      if (blobs.erase(name) == 0) return "db/blob/" + name + " is there, and no row refers to it";
    }
    if (!blobs.empty()) return *blobs.begin() + " is missing";
    if (disk.list("db").value().size() > 6) return "manifests are left behind";  // LOCK CURRENT MANIFEST-n seg wal blob
    return disk.list("db/wal").value().size() > 4 ? "log files are left behind" : "";
  }

  // I1: the state is that after some commit in log order, none acknowledged missing (p7 may take durability back).
  void check(const Pending& found) {
    const std::size_t least = found.policy == 7 ? 0 : found.acknowledged;
    if (model_.explains(found.state, least)) return;
    violation("policy p" + std::to_string(found.policy) + ": not a prefix that holds all " +
                  std::to_string(found.acknowledged) + " acknowledged commits",
              found.cut);
  }

  void settle_pending() {
    for (const Pending& found : pending_) check(found);
    pending_.clear();
  }

  void violation(const std::string& what, std::uint64_t cut) {
    if (tally_.violations++ == 0) {
      tally_.first_violation = "SEED=" + std::to_string(seed_) + " cut " + std::to_string(cut) + ": " + what;
    }
  }

  const std::uint64_t seed_;
  Model model_;
  Dice dice_;  // Of what is done with the images.
  Tally& tally_;
  std::unique_ptr<Scheduler> scheduler_ = make_posix_scheduler();
  SimClock clock_;
  SimRandom random_{1};
  IndexKinds kinds_{ordered_kind()};
  SimFileSystem disk_;
  bool in_flight_ = false;
  std::uint64_t cuts_ = 0;
  std::size_t acknowledged_ = 0;       // Commits that must survive.
  std::optional<std::size_t> backup_;  // Made after so many commits, and durable.
  std::vector<Pending> pending_;
};

// Of every place in the engine that makes something durable: read from its sources, so that none can be forgotten.
std::set<std::string> sync_sites_in_use() {
  std::set<std::string> sites;
  for (const auto& entry : std::filesystem::directory_iterator(MNEME_SOURCE_DIR "/src/storage")) {
    if (entry.path().extension() != ".cc" || entry.path().stem().string().ends_with("_test")) continue;
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    constexpr std::string_view kName = "SyncSite::";
    for (std::size_t at = text.find(kName); at != std::string::npos; at = text.find(kName, at + 1)) {
      const std::size_t begin = at + kName.size();
      sites.insert(text.substr(begin, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", begin) - begin));
    }
  }
  return sites;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TEST_CASE("crash: whatever the disk kept, recovery finds a prefix of the commits with every acknowledged one") {
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t wanted = environment("STATES", cases(10'000));
  const std::uint64_t only = environment("SEED", 0);
  Tally tally;
  for (std::uint64_t seed = only != 0 ? only : 1; tally.images.size() < wanted; ++seed) {
    CrashRun(seed, tally).run(seed % 4 < 2 ? 8 : 4, {});
    ++tally.seeds;
    if (only != 0 || tally.violations != 0) break;
  }
  std::printf(
      "crash points: %.0f s, %llu seeds, %llu flushes, %llu merges, %llu commits and %llu merges with blobs, %llu "
      "blobs carried on, %llu "
      "backups, %llu cuts, %zu distinct images, %llu "
      "recoveries, "
      "%llu cut again in recovery, %llu lived on, %llu states with their indexes, "
      "%llu lies of the disk reported, %llu violations\n",
      seconds_since(begin), static_cast<unsigned long long>(tally.seeds),
      static_cast<unsigned long long>(tally.flushes), static_cast<unsigned long long>(tally.merges),
      static_cast<unsigned long long>(tally.blob_commits), static_cast<unsigned long long>(tally.blob_moves),
      static_cast<unsigned long long>(tally.carried), static_cast<unsigned long long>(tally.backups),
      static_cast<unsigned long long>(tally.cuts), tally.images.size(),
      static_cast<unsigned long long>(tally.checked.size()), static_cast<unsigned long long>(tally.nested),
      static_cast<unsigned long long>(tally.lived_on), static_cast<unsigned long long>(tally.indexed),
      static_cast<unsigned long long>(tally.lies_reported), static_cast<unsigned long long>(tally.violations));
  INFO(tally.first_violation);
  CHECK(tally.violations == 0);
  if (only != 0) return;
  CHECK(tally.flushes > tally.seeds);
  CHECK(tally.merges > 0);
  CHECK(tally.backups > 0);
  CHECK(tally.nested > 0);
  if (tally.seeds < 8) return;  // Under a sanitizer, or asked for few: rarer things need not have come by.
  CHECK(tally.blob_commits > tally.seeds);
  CHECK(tally.blob_moves > 0);
  CHECK(tally.carried > 0);
}

// The positive controls: each sync that the store makes, taken away, must be missed by the test above.
TEST_CASE("crash: without any one of its syncs the store loses or spoils something, and the cuts find it") {
  std::set<std::string> sites = sync_sites_in_use();
  CHECK(sites.size() > 10);
  for (std::size_t i = 0; i < kSyncSiteNames.size(); ++i) {
    const std::string name(kSyncSiteNames[i]);
    if (sites.erase(name) == 0) continue;
    Tally tally;
    for (std::uint64_t seed = 1; seed <= 60 && tally.violations == 0; ++seed) {
      CrashRun(seed, tally).run(4, static_cast<SyncSite>(i));
    }
    std::printf("without %-20s %s\n", name.c_str(),
                tally.violations != 0 ? tally.first_violation.c_str() : "nothing found");
    INFO(name);
    CHECK(tally.violations != 0);
  }
  CHECK(sites.empty());  // All of them have a name here.
}

}  // namespace mneme::sim
