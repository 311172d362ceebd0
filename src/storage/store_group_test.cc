// What commits of many threads at once promise one another: laws of the group that shares a sync.
#include <doctest/doctest.h>

#include <algorithm>
#include <new>

#include "os/sim/sim_world.h"
#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

using Values = std::vector<std::int64_t>;

constexpr StoreOptions kOptions{.log_file_bytes = test::kLogFileBytes, .threads = 0};  // A large log is slow to zero.

WriteSet insert(TableId table, std::int64_t value) {
  InsertRows rows;
  rows.table = table;
  rows.batch.columns.emplace_back(Type{}).append(value);
  return test::change(std::move(rows));
}

Values values_of(Store& store, TableId table) {
  Values values;
  auto scan = TableScan::open(store.snapshot().value(), table, {ColumnId{1}}).value();
  std::vector<RowId> ids;
  while (const auto batch = scan.next(ids).value()) {
    for (std::size_t i = 0; i < ids.size(); ++i) values.push_back(batch->columns[0].values<std::int64_t>()[i]);
  }
  std::ranges::sort(values);
  return values;
}

struct Group {
  explicit Group(std::uint64_t seed) : sim(seed) {
    TableSchema schema;
    schema.id = table;
    schema.name = "t";
    test::add_column(schema, "value");
    store->commit(test::change(CreateTable{schema}), Durability::commit).value();
  }
  sim::SimWorld sim;
  std::unique_ptr<Store> store = Store::open(sim.world(), "db", kOptions).value();
  TableId table = store->next_table_id().value();
  std::vector<std::unique_ptr<Thread>> threads{};
  Values acknowledged{};
  std::vector<Error> refused{};

  void start(std::function<void()> body) {
    threads.push_back(std::make_unique<Thread>(sim.scheduler(), "writer", std::move(body)));
  }
  void commit(std::int64_t value, CommitValidator* validator = nullptr) { commit(table, value, validator); }
  void commit(TableId into, std::int64_t value, CommitValidator* validator = nullptr) {
    auto committed = store->commit(insert(into, value), Durability::commit, validator);
    if (committed) {
      acknowledged.push_back(value);
    } else {
      refused.push_back(std::move(committed).error());
    }
  }
  // Commits 0, and while its sync runs has `come` start others, who get as far as they can.
  void commit_and_meanwhile(const std::function<void()>& come, std::int64_t sync_ns = 1'000) {
    bool first = true;
    sim.after_operation([&] {
      const std::uint64_t done = sim.files().syncs_at(SyncSite::log_data) - syncs;
      if (done == 2) ended_before_second = !acknowledged.empty();
      if (done == 0 || !std::exchange(first, false)) return;
      come();
      sim.scheduler().sleep_ns(sync_ns);  // Time moves once nobody else can run.
    });
    syncs = sim.files().syncs_at(SyncSite::log_data);
    commit(0);
    threads.clear();  // Joins.
    sim.after_operation({});
    syncs = sim.files().syncs_at(SyncSite::log_data) - syncs;
    CHECK_FALSE(first);
  }
  std::uint64_t syncs = 0;           // Of the log, by commit_and_meanwhile().
  bool ended_before_second = false;  // Commit 0, before the second of them.
  std::unique_ptr<Store> reader() { return Store::open_read_only(sim.world(), "db", kOptions).value(); }
  // What is left of all that was not synced: nothing.
  Values after_a_cut() {
    sim::SimWorld later(2, sim.files().cut(sim::CutPolicy::p0, 1));
    return values_of(*Store::open(later.world(), "db", kOptions).value(), table);
  }
};

TEST_CASE("group: all who come while one syncs share the next sync, and nobody is told before it") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Group group(seed);
    group.commit_and_meanwhile([&] {
      for (int i = 1; i <= 7; ++i) {
        group.start([&group, i] {
          group.commit(i);
          CHECK(std::ranges::count(group.after_a_cut(), i) == 1);
        });
      }
    });
    CHECK(group.syncs == 2);
    CHECK(group.acknowledged.size() == 8);
    CHECK(values_of(*group.store, group.table) == Values{0, 1, 2, 3, 4, 5, 6, 7});
  }
}

TEST_CASE("group: a leader serves the group that waits for it before it returns, unless syncs take long") {
  const auto ended_before_second = [](std::uint64_t seed, std::int64_t sync_ns) {
    Group group(seed);
    group.commit_and_meanwhile(
        [&] {
          for (int i = 1; i <= 3; ++i) group.start([&group, i] { group.commit(i); });
        },
        sync_ns);
    CHECK(group.syncs == 2);
    CHECK(group.acknowledged.size() == 4);
    return group.ended_before_second;
  };
  int left = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CHECK_FALSE(ended_before_second(seed, 1'000));
    left += ended_before_second(seed, 100'000'000) ? 1 : 0;
  }
  CHECK(left > 0);
}

TEST_CASE("group: while a sync runs snapshots are taken, and commits that need none end") {
  Group group(1);
  group.commit_and_meanwhile([&] {
    group.store->commit(insert(group.table, 1), Durability::os).value();
    CHECK(values_of(*group.store, group.table) == Values{0, 1});
  });
  CHECK(group.syncs == 1);
  CHECK(group.acknowledged == Values{0});
}

// The operations after those of the first: the writes of all others and what readers are told of the first's sync, in
// the order of the threads; the others' sync; what readers are told of that. A failure to tell readers is nobody's but
// theirs, and lasts no longer than to the next sync.
TEST_CASE("group: whichever write or sync fails while others wait, each of them hears how its own commit ended") {
  constexpr int kOthers = 6;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    int writes_failed = 0;
    for (std::uint64_t at = 1; at <= kOthers + 4; ++at) {
      Group group(seed);
      group.commit_and_meanwhile([&] {
        group.sim.files().fail(sim::Fault{.at_operation = group.sim.files().operations() + at});
        for (int i = 1; i <= kOthers; ++i) group.start([&group, i] { group.commit(i); });
      });
      group.sim.files().fail({});
      CHECK(group.acknowledged.size() + group.refused.size() == kOthers + 1);
      CHECK(std::ranges::all_of(group.refused, [](const Error& error) { return error.code() == Code::io; }));
      std::ranges::sort(group.acknowledged);
      CHECK(group.after_a_cut() == group.acknowledged);
      CHECK(group.sim.files().retried_syncs() == 0);
      const bool sync_failed = at == kOthers + 2;
      if (at <= kOthers + 1) {
        CHECK(group.refused.size() <= 1);
        writes_failed += static_cast<int>(group.refused.size());
      } else {
        CHECK(group.refused.size() == (sync_failed ? kOthers : 0));
      }
      const auto later = group.store->commit(insert(group.table, 99), Durability::commit);
      CHECK(later.has_value() == !sync_failed);
      if (!sync_failed) group.acknowledged.push_back(99);
      CHECK(values_of(*group.reader(), group.table) == group.acknowledged);
    }
    CHECK(writes_failed == kOthers);
  }
}

TEST_CASE("group: a member that is refused, its leader too, harms none of the others") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Group group(seed);
    group.commit_and_meanwhile([&] {
      for (int i = 1; i <= 8; ++i) {
        const TableId into = i % 2 == 1 ? TableId{77} : group.table;
        group.start([&group, into, i] { group.commit(into, i); });
      }
    });
    std::ranges::sort(group.acknowledged);
    CHECK(group.acknowledged == Values{0, 2, 4, 6, 8});
    CHECK(group.refused.size() == 4);
    CHECK(std::ranges::all_of(group.refused, [](const Error& error) { return error.code() == Code::not_found; }));
    CHECK(group.after_a_cut() == group.acknowledged);
  }
}

TEST_CASE("group: who has no memory for its commit hears it on its own thread, and the others go on") {
  struct Greedy final : CommitValidator {
    Result<void> validate(const Snapshot&, const WriteSet&) override { throw std::bad_alloc(); }
  };
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Group group(seed);
    int thrown = 0;
    group.commit_and_meanwhile([&] {
      for (int i = 1; i <= 4; ++i) {
        group.start([&group, &thrown, i] {
          Greedy greedy;
          try {
            group.commit(i, i % 2 == 1 ? &greedy : nullptr);
          } catch (const std::bad_alloc&) {
            thrown += i;
          }
        });
      }
    });
    CHECK(thrown == 1 + 3);
    std::ranges::sort(group.acknowledged);
    CHECK(group.acknowledged == Values{0, 2, 4});
  }
}

TEST_CASE("group: of two members that replace one version the first wins, as if they had come alone") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Group group(seed);
    group.store->commit(insert(group.table, 5), Durability::commit).value();
    int won = 0;
    group.commit_and_meanwhile([&] {
      for (int i = 1; i <= 3; ++i) {
        group.start([&group, &won] {
          const auto ended = group.store->commit(test::change(EndRows{group.table, {RowId{1}}}), Durability::commit);
          won += ended ? 1 : 0;
          if (!ended) CHECK(ended.error().code() == Code::conflict);
        });
      }
    });
    CHECK(won == 1);
    CHECK(values_of(*group.store, group.table) == Values{0});
  }
}

TEST_CASE("group: closing waits for the sync under way; who comes too late is told that it is closed") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Group group(seed);
    group.commit_and_meanwhile([&] {
      for (int i = 1; i <= 3; ++i) group.start([&group, i] { group.commit(i); });
      group.start([&group] { CHECK(group.store->close().has_value()); });
    });
    CHECK(group.acknowledged.size() + group.refused.size() == 4);
    CHECK(std::ranges::all_of(group.refused, [](const Error& error) { return error.code() == Code::closed; }));
    std::ranges::sort(group.acknowledged);
    CHECK(group.after_a_cut() == group.acknowledged);
    CHECK(group.store->snapshot().error().code() == Code::closed);
  }
}

}  // namespace
}  // namespace mneme
