// Writers, readers, a background sync and maintenance on one seeded scheduler; power is cut, or the disk fails, at
// drawn moments, and the wall clock jumps. In half of the seeds the store's own thread does the maintenance, in the
// others one takes its smallest steps.
//
// Every writer counts: its transaction adds (writer, n) to two tables and moves its counter row to n, all in one group;
// now and then it moves money between two accounts that others want as well. So every snapshot, whoever takes it and
// whenever, must show each writer's 1..n twice, its counter at n, and all the money; and so must what is recovered.
//   SEED=<n>    that seed only     SEEDS=<n>   so many
#include <doctest/doctest.h>

#include <array>
#include <cstdio>

#include "index/ordered/ordered.h"
#include "os/sim/sim_world.h"
#include "os/thread.h"
#include "sim/environment.h"
#include "sim/index_check.h"
#include "sim/rare_states.h"
#include "storage/log_files.h"
#include "storage/table_scan.h"

namespace mneme::sim {
namespace {

constexpr std::size_t kWriters = 3;
constexpr std::size_t kReaders = 2;
constexpr std::int64_t kAccounts = 4;
constexpr std::int64_t kMoney = 100;        // In each account at first.
constexpr std::uint64_t kOperations = 400;  // Of the disk: among the first so many power is cut and one fails.

struct Tables {
  TableId left, right, counters, accounts;
};

TableSchema two_integers(TableId id, const std::string& name) {
  TableSchema schema;
  schema.id = id;
  schema.name = name;
  for (const char* column : {"key", "value"}) {
    schema.columns.emplace_back();
    schema.columns.back().id = ColumnId{schema.next_column_id++};
    schema.columns.back().name = column;
  }
  for (const bool by_key : {true, false}) {
    IndexSchema& index = schema.indexes.emplace_back();
    index.id = IndexId{schema.next_index_id++};
    index.name = name + (by_key ? "_by_key" : "_by_value");
    index.columns = {schema.columns[by_key ? 0 : 1].id, schema.columns[by_key ? 1 : 0].id};
  }
  return schema;
}

InsertRows rows_of(TableId table, std::initializer_list<std::pair<std::int64_t, std::int64_t>> pairs) {
  InsertRows rows;
  rows.table = table;
  for (int i = 0; i < 2; ++i) rows.batch.columns.emplace_back(Type{});
  for (const auto& [key, value] : pairs) {
    rows.batch.columns[0].append(key);
    rows.batch.columns[1].append(value);
  }
  return rows;
}

struct Row {
  RowId id{};
  std::int64_t key = 0;
  std::int64_t value = 0;
  bool operator==(const Row&) const = default;
};

Result<std::vector<Row>> read(const Snapshot& snapshot, TableId table) {
  auto scan = TRY(TableScan::open(snapshot, table, {ColumnId{1}, ColumnId{2}}));
  std::vector<Row> rows;
  std::vector<RowId> ids;
  while (const auto batch = TRY(scan.next(ids))) {
    const auto keys = batch->columns[0].values<std::int64_t>();
    const auto values = batch->columns[1].values<std::int64_t>();
    for (std::size_t i = 0; i < ids.size(); ++i) rows.push_back({ids[i], keys[i], values[i]});
  }
  std::ranges::sort(rows, {}, &Row::id);
  return rows;
}

using Counts = std::array<std::int64_t, kWriters>;

// What every snapshot must be; the counts it shows, or what is wrong with it.
struct Seen {
  Counts counts{};
  std::string wrong;
  std::optional<Code> refused{};  // The code of what is wrong, where a read said it.
};

std::string check_pairs(const std::vector<Row>& rows, const Counts& counts, const std::string& table) {
  Counts next{};
  for (const Row& row : rows) {  // In the order of their commits, so each writer's in order.
    if (row.value != ++next[static_cast<std::size_t>(row.key)]) return table + " has a gap or a row twice";
  }
  return next == counts ? "" : table + " and the counters disagree";
}

Seen check(const Snapshot& snapshot, const Tables& tables) {
  Seen seen;
  const auto counters = read(snapshot, tables.counters), left = read(snapshot, tables.left),
             right = read(snapshot, tables.right), accounts = read(snapshot, tables.accounts);
  for (const auto* rows : {&counters, &left, &right, &accounts}) {
    if (!*rows) return {.wrong = rows->error().to_string(), .refused = rows->error().code()};
  }
  std::int64_t money = 0;
  for (const Row& row : *accounts) money += row.value;
  if (counters->size() != kWriters || accounts->size() != kAccounts)
    return {.wrong = "a row is missing or there twice"};
  if (money != kAccounts * kMoney) return {.wrong = "money was made or lost"};
  for (const Row& row : *counters) seen.counts[static_cast<std::size_t>(row.key)] = row.value;
  seen.wrong = check_pairs(*left, seen.counts, "left");
  if (seen.wrong.empty()) seen.wrong = check_pairs(*right, seen.counts, "right");
  return seen;
}

bool reaches(const Counts& counts, const Counts& least) {
  return std::ranges::equal(counts, least, std::greater_equal());
}

struct Tally {  // What happened at least once: states that are rare in life must not be rare here.
  std::uint64_t commits = 0, conflicts = 0, syncs = 0, reads = 0, unlike_latest = 0, cuts = 0, behind = 0, poisoned = 0;
  std::uint64_t violations = 0;
  std::string first_violation;
  RareStates rare;
};

class ThreadsRun {  // One seed.
 public:
  ThreadsRun(std::uint64_t seed, Tally& tally) : seed_(seed), sim_(seed), dice_(seed ^ 0xd1ceU), tally_(tally) {}

  std::uint64_t run() {
    sim_.scheduler().on_stuck([this](const std::string& text) {
      std::fprintf(stderr, "SEED=%llu %s", static_cast<unsigned long long>(seed_), text.c_str());
      std::abort();
    });
    sim_.scheduler().switches_max(5'000'000);
    set_up();
    plan();
    work();
    for (const Image& image : images_) recover(image);
    return sim_.scheduler().trace_hash();
  }

 private:
  struct Image {
    DurableImage disk;
    CutPolicy policy{};
    Counts acknowledged;
  };

  [[nodiscard]] bool steps_by_hand() const { return seed_ % 2 == 0; }

  void set_up() {
    StoreOptions options = small_options();
    options.threads = steps_by_hand() ? 0 : 1;
    options.log_file_bytes = 8 << 10;  // Some are full, cut and used again in so short a life.
    store_ = Store::open(sim_.world(), "db", options, &kinds_).value();
    WriteSet writes;
    for (auto [id, name] : {std::pair(&tables_.left, "left"),
                            {&tables_.right, "right"},
                            {&tables_.counters, "counters"},
                            {&tables_.accounts, "accounts"}}) {
      *id = store_->next_table_id().value();
      writes.changes.emplace_back(CreateTable{two_integers(*id, name)});
    }
    writes.changes.emplace_back(rows_of(tables_.counters, {{0, 0}, {1, 0}, {2, 0}}));
    writes.changes.emplace_back(rows_of(tables_.accounts, {{0, kMoney}, {1, kMoney}, {2, kMoney}, {3, kMoney}}));
    store_->commit(std::move(writes), Durability::commit).value();
  }

  // Power is cut after some operations; in every third seed one fails as well.
  void plan() {
    std::set<std::uint64_t> cut_at;
    for (int i = 0; i < 4; ++i) cut_at.insert(dice_.below(kOperations));
    sim_.after_operation([this, cut_at = std::move(cut_at)] {
      if (!cut_at.contains(changes_++)) return;
      const auto policy = static_cast<CutPolicy>(dice_.below(kCutPolicies - 1));  // A lying disk promises nothing.
      images_.push_back({sim_.files().cut(policy, dice_.next()), policy, acknowledged_});
      tally_.rare.cut_in_flush += care_ == Care::flush;
      tally_.rare.cut_in_merge += care_ == Care::merge;
    });
    if (seed_ % 3 != 0) return;
    sim_.files().fail(Fault{.at_operation = sim_.files().operations() + 1 + dice_.below(kOperations)});
  }

  void work() {
    std::vector<Thread> threads;
    for (std::size_t i = 0; i < kWriters; ++i) {
      threads.emplace_back(sim_.scheduler(), "writer " + std::to_string(i), [this, i] { write(i); });
    }
    for (std::size_t i = 0; i < kReaders; ++i) {
      threads.emplace_back(sim_.scheduler(), "reader " + std::to_string(i),
                           [this, i] { read_along(i == 0 ? 100'000 : 2'000'000); });
    }
    threads.emplace_back(sim_.scheduler(), "background", [this] { sync_along(); });
    threads.emplace_back(sim_.scheduler(), "care", [this] { take_care(); });
    for (Thread& thread : threads) thread.join();
    tally_.syncs += sim_.files().syncs_at(SyncSite::log_data);
    if (sim_.files().retried_syncs() != 0) violation("a failed sync was tried again");
    if (disk_failed_) check_read_only();
    static_cast<void>(store_->close().has_value());
    store_.reset();  // Its last operations are cut as well.
  }

  void write(std::size_t writer) {
    Dice dice(seed_ * kWriters + writer);
    std::int64_t count = 0;
    for (int i = 0; i < 16; ++i) {
      if (dice.below(3) == 0) move_money(dice);
      const bool durable = dice.below(4) != 0;
      const auto done = count_up(writer, count + 1, durable);
      if (!done) return failed(done.error());
      ++count;
      if (durable) acknowledged_[writer] = count;
      if (dice.below(4) == 0) sim_.scheduler().sleep_ns(static_cast<std::int64_t>(dice.below(1'000'000)));
    }
  }

  void refused(const std::string& what, const Error& error) {
    if (error.code() != Code::io || seed_ % 3 != 0) violation(what + ": " + error.to_string());
  }

  // The disk fails but once: it is the first commit to fail, or one after it, and the store knows.
  void failed(const Error& error) {
    ++tally_.poisoned;
    disk_failed_ = true;
    refused("commit", error);
  }

  // I10: new snapshots show no more than what is on the disk.
  void check_read_only() {
    if (store_->sync()) return;  // It was a write that failed, and was undone: the store goes on.
    const Seen shown = check(store_->snapshot().value(), tables_);
    if (!shown.wrong.empty()) return violation("after the disk failed: " + shown.wrong);
    recover({sim_.files().cut(CutPolicy::p0, 0), CutPolicy::p0, shown.counts});
  }

  Result<CommitResult> count_up(std::size_t writer, std::int64_t n, bool durable) {
    const auto key = static_cast<std::int64_t>(writer);
    const Snapshot snapshot = TRY(store_->snapshot());
    WriteSet writes;
    for (const Row& row : TRY(read(snapshot, tables_.counters))) {
      if (row.key == key) writes.changes.emplace_back(EndRows{.table = tables_.counters, .rows = {row.id}});
    }
    writes.changes.emplace_back(rows_of(tables_.counters, {{key, n}}));
    writes.changes.emplace_back(rows_of(tables_.left, {{key, n}}));
    writes.changes.emplace_back(rows_of(tables_.right, {{key, n}}));
    ++tally_.commits;
    waiting_ += durable;
    auto done = store_->commit(std::move(writes), durable ? Durability::commit : Durability::os);
    waiting_ -= durable;
    return done;
  }

  // First committer wins: of those who read the same balance one gets through, the others hear `conflict`.
  void move_money(Dice& dice) {
    const auto snapshot = store_->snapshot();
    if (!snapshot) return violation("snapshot: " + snapshot.error().to_string());
    const auto accounts = read(*snapshot, tables_.accounts);
    if (!accounts) return refused("accounts", accounts.error());
    if (accounts->size() != kAccounts) return violation("accounts are missing");
    auto from = (*accounts)[dice.below(kAccounts)], to = (*accounts)[dice.below(kAccounts)];
    if (from.id == to.id) return;
    WriteSet writes;
    writes.changes.emplace_back(
        EndRows{.table = tables_.accounts, .rows = {std::min(from.id, to.id), std::max(from.id, to.id)}});
    writes.changes.emplace_back(rows_of(tables_.accounts, {{from.key, from.value - 7}, {to.key, to.value + 7}}));
    const auto done = store_->commit(std::move(writes), Durability::os);
    if (done) return;
    ++tally_.conflicts;
    tally_.rare.conflict_in_group += waiting_ > 1;
    if (done.error().code() != Code::conflict && done.error().code() != Code::io) violation(done.error().to_string());
  }

  // The one operation that fails may be a read: it says so, and the next one is answered.
  Seen look_at(const Snapshot& snapshot) {
    const Seen seen = check(snapshot, tables_);
    return seed_ % 3 == 0 && seen.refused == Code::io ? check(snapshot, tables_) : seen;
  }

  void read_along(std::int64_t held_ns) {
    for (int i = 0; i < 12 && tally_.violations == 0; ++i) {
      const Counts least = acknowledged_;
      const auto snapshot = store_->snapshot();
      if (!snapshot) return violation("snapshot: " + snapshot.error().to_string());
      const Seen first = look_at(*snapshot);
      if (!first.wrong.empty()) return violation("a reader: " + first.wrong);
      if (!reaches(first.counts, least)) return violation("a reader misses what was acknowledged before it began");
      const std::uint64_t merges = tally_.rare.merges, oldest_log = oldest_log_;
      sim_.scheduler().sleep_ns(held_ns);
      observe();
      tally_.rare.held_over_merges += tally_.rare.merges >= merges + 3;
      tally_.rare.log_gone_under_reader += oldest_log_ > oldest_log;
      const Seen again = look_at(*snapshot);
      if (!again.wrong.empty() || again.counts != first.counts) return violation("a snapshot changed: " + again.wrong);
      const Seen latest = look_at(store_->snapshot().value());
      tally_.unlike_latest += latest.counts != first.counts;
      ++tally_.reads;
    }
  }

  // Nothing may depend on what people set their clocks to: a year on or back, an hour back.
  void jump_clock(Dice& dice) {
    constexpr std::int64_t kHour = 3'600'000'000'000, kYear = 365 * 24 * kHour;
    constexpr std::int64_t kJumps[] = {-kYear, kYear, -kHour};
    if (dice.below(4) == 0) sim_.clock().jump_wall(kJumps[dice.below(std::size(kJumps))]);
  }

  // Flushes, and single steps of whatever there is to do; commits and readers come between any two of them.
  void take_care() {
    Dice dice(seed_ ^ 0xca4eU);
    for (int i = 0; i < 40 && tally_.violations == 0; ++i) {
      const bool flush = dice.below(3) == 0;
      care_ = flush ? Care::flush : Care::merge;
      const auto done = flush ? store_->flush() : step();
      care_ = Care::none;
      if (!done) refused("care", done.error());
      observe();
      jump_clock(dice);
      sim_.scheduler().sleep_ns(static_cast<std::int64_t>(dice.below(200'000)));
    }
  }

  Result<void> step() {
    if (!steps_by_hand()) return {};
    TRY(store_->step(sim_.clock().monotonic_ns()));
    return {};
  }

  void observe() {
    if (const auto snapshot = store_->snapshot()) watch_.see(*snapshot->version);
    while (oldest_log_ < kLogsMax && !sim_.files().has(log_path("db/wal", FileNumber{oldest_log_}))) ++oldest_log_;
  }

  void sync_along() {
    for (int i = 0; i < 5; ++i) {
      sim_.scheduler().sleep_ns(300'000);
      static_cast<void>(store_->sync().has_value());
    }
  }

  void recover(const Image& image) {
    ++tally_.cuts;
    SimWorld later(seed_ + 1, image.disk);
    const std::string when = "after a cut by policy p" + std::to_string(static_cast<int>(image.policy)) + ": ";
    const auto store = Store::open(later.world(), "db", small_options(), &kinds_);
    if (!store) return violation(when + store.error().to_string());
    const Snapshot snapshot = (*store)->snapshot().value();
    const Seen seen = check(snapshot, tables_);
    if (!seen.wrong.empty()) return violation(when + seen.wrong);
    const auto disagreement = indexes_disagree(**store, kinds_, read_state(**store, snapshot).value());
    if (!disagreement) return violation(when + disagreement.error().to_string());
    if (!disagreement->empty()) return violation(when + *disagreement);
    if (!reaches(seen.counts, image.acknowledged)) return violation(when + "an acknowledged commit is lost");
    tally_.behind += seen.counts != image.acknowledged;
  }

  void violation(const std::string& what) {
    if (tally_.violations++ == 0) tally_.first_violation = "SEED=" + std::to_string(seed_) + " " + what;
  }

  const std::uint64_t seed_;
  SimWorld sim_;
  Dice dice_;
  Tally& tally_;
  IndexKinds kinds_{ordered_kind()};
  std::unique_ptr<Store> store_;
  Tables tables_{};
  Counts acknowledged_{};  // Outside the disk that fails.
  enum class Care : std::uint8_t { none, flush, merge };
  static constexpr std::uint64_t kLogsMax = 1'000;
  Care care_ = Care::none;
  int waiting_ = 0;               // Commits that end only with a sync, under way.
  std::uint64_t oldest_log_ = 1;  // Of the files that are there.
  VersionWatch watch_{tally_.rare};
  bool disk_failed_ = false;
  std::uint64_t changes_ = 0;
  std::vector<Image> images_;
};

}  // namespace

TEST_CASE("threads: every snapshot and every recovered disk shows whole transactions with all that was acknowledged") {
  const std::uint64_t only = environment("SEED", 0);
  const std::uint64_t last = only != 0 ? only : environment("SEEDS", cases(300));
  Tally tally;
  for (std::uint64_t seed = only != 0 ? only : 1; seed <= last && tally.violations == 0; ++seed) {
    ThreadsRun(seed, tally).run();
  }
  std::printf(
      "threads: %llu commits, %llu conflicts, %llu syncs, %llu reads (%llu of a state gone by), %llu cuts "
      "(%llu held more than was acknowledged), %llu writers met a failed disk, %llu violations\n",
      static_cast<unsigned long long>(tally.commits), static_cast<unsigned long long>(tally.conflicts),
      static_cast<unsigned long long>(tally.syncs), static_cast<unsigned long long>(tally.reads),
      static_cast<unsigned long long>(tally.unlike_latest), static_cast<unsigned long long>(tally.cuts),
      static_cast<unsigned long long>(tally.behind), static_cast<unsigned long long>(tally.poisoned),
      static_cast<unsigned long long>(tally.violations));
  const RareStates& rare = tally.rare;
  std::printf(
      "sometimes: %llu flushes, %llu merges, %llu flushes within a merge, %llu snapshots held over three merges, %llu "
      "over the end of their log, %llu conflicts in a group, %llu cuts in a flush, %llu in a step\n",
      static_cast<unsigned long long>(rare.flushes), static_cast<unsigned long long>(rare.merges),
      static_cast<unsigned long long>(rare.flush_within_merge), static_cast<unsigned long long>(rare.held_over_merges),
      static_cast<unsigned long long>(rare.log_gone_under_reader),
      static_cast<unsigned long long>(rare.conflict_in_group), static_cast<unsigned long long>(rare.cut_in_flush),
      static_cast<unsigned long long>(rare.cut_in_merge));
  INFO(tally.first_violation);
  CHECK(tally.violations == 0);
  if (only != 0) return;
  CHECK(rare.flush_within_merge > 0);
  CHECK(rare.held_over_merges > 0);
  CHECK(rare.log_gone_under_reader > 0);
  CHECK(rare.conflict_in_group > 0);
  CHECK(rare.cut_in_flush > 0);
  CHECK(rare.cut_in_merge > 0);
  CHECK(tally.conflicts > 0);
  CHECK(tally.syncs < tally.commits);  // Some shared one.
  CHECK(tally.unlike_latest > 0);
  CHECK(tally.behind > 0);
  CHECK(tally.poisoned > 0);
}

TEST_CASE("threads: the same seed runs the same store the same way") {
  for (std::uint64_t seed = 1; seed <= environment("SEEDS", cases(300)) / 10; ++seed) {
    Tally first, second;
    CHECK(ThreadsRun(seed, first).run() == ThreadsRun(seed, second).run());
    CHECK(first.syncs == second.syncs);
    CHECK(first.conflicts == second.conflicts);
  }
}

}  // namespace mneme::sim
