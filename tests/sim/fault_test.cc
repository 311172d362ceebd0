// Every operation of the disk fails in its turn - once or from then on, as an error, a full disk or a write cut short -
// while a store works. Nothing acknowledged may be lost, nothing refused may be there, and after the next open, in the
// same boot or after a power cut, all goes on.
//
//   SEED=<n>   one workload of that seed     CASES=<n>   at least that many cases     WORKLOADS=<n>   so many, whole
#include <doctest/doctest.h>

#include <cstdio>
#include <set>

#include "os/sim/sim_world.h"
#include "sim/campaign.h"
#include "sim/environment.h"
#include "sim/model.h"

namespace mneme::sim {
namespace {

struct Tally {
  std::uint64_t cases = 0;
  std::uint64_t failed_opens = 0;
  std::uint64_t failed_commits = 0;
  std::uint64_t violations = 0;
  std::string first_violation;

  [[nodiscard]] std::uint64_t found() const { return cases; }
  void add(Tally&& other) {
    cases += other.cases;
    failed_opens += other.failed_opens;
    failed_commits += other.failed_commits;
    if (violations == 0) first_violation = std::move(other.first_violation);
    violations += other.violations;
  }
};

std::string text_of(const Fault& fault) {
  const char* kind = fault.kind == Fault::Kind::io_error   ? "EIO"
                     : fault.kind == Fault::Kind::no_space ? "ENOSPC"
                                                           : "torn";
  return std::string(kind) + (fault.sticky ? " from operation " : " at operation ") +
         std::to_string(fault.at_operation);
}

class FaultRun {  // One case. One thread at a time.
 public:
  FaultRun(std::uint64_t seed, const Fault& fault) : seed_(seed), sim_(seed), fault_(fault), model_(seed) {
    sim_.files().fail(fault);
  }

  // False: the workload ended before the fault's turn came.
  bool run(Tally& tally) {
    for (int life = 0; life < 4 && violation_.empty(); ++life) live();
    if (sim_.files().retried_syncs() != 0) violation("a failed sync was tried again");
    ++tally.cases;
    tally.failed_opens += failed_opens_;
    tally.failed_commits += failed_commits_;
    if (!violation_.empty() && tally.violations++ == 0) {
      tally.first_violation = "SEED=" + std::to_string(seed_) + " " + text_of(fault_) + ": " + violation_;
    }
    return struck();
  }

 private:
  [[nodiscard]] bool struck() { return sim_.files().operations() >= fault_.at_operation; }
  void violation(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }

  std::unique_ptr<Store> open(SimWorld& sim) {
    auto opened = Store::open(sim.world(), "db", small_options());
    if (opened) return *std::move(opened);
    if (&sim == &sim_ && struck() && !cleared_) {
      ++failed_opens_;
      expect_fault(opened.error(), "open");
      clear_fault();
      check_power_cuts();
      return open(sim);
    }
    violation("open: " + opened.error().to_string());
    return nullptr;
  }

  // The oracle's own reads of segments do not fail, though they count.
  template <class Body>
  auto unfailing(Body body) {
    sim_.files().fail({});
    auto found = body();
    if (!cleared_) sim_.files().fail(fault_);
    return found;
  }

  void clear_fault() {
    sim_.files().fail({});
    cleared_ = true;
  }

  // What a failing disk may be reported as: never a success, never corruption, never a broken promise of our own.
  void expect_fault(const Error& error, const std::string& what) {
    if (error.code() != Code::io && error.code() != Code::full) violation(what + ": " + error.to_string());
    if (!struck()) violation(what + " failed before the fault: " + error.to_string());
    const auto names = [&](const char* path) { return error.message().find(path) != std::string::npos; };
    if (!names("db") && !names("'.'")) violation(what + " does not say where: " + error.to_string());
  }

  void live() {
    const auto store = open(sim_);
    if (!store) return;
    if (!settle(*store, "reopen")) return;
    for (std::uint64_t i = 0, commits = 2 + model_.random()() % 4; i < commits && violation_.empty(); ++i) {
      maintain(*store);
      if (!commit(*store)) break;
    }
    if (violation_.empty() && model_.random()() % 2 == 0) {
      if (auto closed = store->close(); !closed) {
        expect_fault(closed.error(), "close");
      } else if (!attempt_) {
        acknowledged_ = model_.commits();
      }
    }
    if (struck()) clear_fault();
    check_power_cuts();
  }

  void maintain(Store& store) {
    const std::uint64_t what = model_.random()() % 4;
    if (what > 1) return;
    if (what == 0) {
      if (auto flushed = store.flush(); !flushed) expect_fault(flushed.error(), "flush");
      return;
    }
    for (std::uint64_t i = 0, steps = 1 + model_.random()() % 12; i < steps; ++i) {
      const auto stepped = store.step(0);
      if (!stepped) expect_fault(stepped.error(), "step");
      if (!stepped || !*stepped) return;
    }
  }

  // One transaction; if it fails, another one: what was refused must have left no trace. False: this life is over.
  bool commit(Store& store) {
    Model before = model_;
    WriteSet writes = model_.next(store);
    const bool durable = model_.random()() % 3 != 0;
    const auto done = store.commit(std::move(writes), durable ? Durability::commit : Durability::os);
    if (done) {
      const auto wrong = unfailing([&] { return model_.committed(store); });
      if (!wrong.empty()) return violation("commit: " + wrong), false;
      attempt_.reset();
      if (durable) acknowledged_ = model_.commits();
      if (struck() && durable) check_power_cuts();
      return true;
    }
    ++failed_commits_;
    expect_fault(done.error(), "commit");
    check_live_state(store, before);
    const bool again = !attempt_;
    if (again) attempt_.emplace(std::exchange(model_, std::move(before)));
    if (!again) model_ = std::move(before);
    return again && violation_.empty();
  }

  // After a refused commit readers see all commits before it, or (I10) no more than was durable.
  void check_live_state(Store& store, const Model& before) {
    const auto snapshot = store.snapshot();
    if (!snapshot) return violation("snapshot after a refused commit: " + snapshot.error().to_string());
    const auto state = unfailing([&] { return read_state(store, *snapshot); });
    if (!state) return violation("read after a refused commit: " + state.error().to_string());
    if (!is_prefix(*state, before)) violation("after a refused commit readers see something else than a prefix");
  }

  [[nodiscard]] bool is_prefix(const State& state, const Model& model) const {
    return model.explains(state, acknowledged_);
  }

  // After a failed sync the next life in the same boot finds what the device holds: a prefix with all that was
  // acknowledged. The commit that failed is there whole, or not at all. The model goes on from there.
  bool settle(Store& store, const std::string& when) {
    const auto state = unfailing([&] { return read_state(store, store.snapshot().value()); });
    if (!state) return violation(when + ": " + state.error().to_string()), false;
    if (attempt_ && unfailing([&] { return attempt_->committed(store); }).empty()) model_ = *attempt_;
    attempt_.reset();
    if (model_.rewind(*state, struck() ? acknowledged_ : model_.commits())) return true;
    return violation(when + ": what is there is not what was committed"), false;
  }

  // I1 for what the disk holds by now, however power goes. Before the fault that is what test_sim_crash looks at.
  void check_power_cuts() {
    if (!struck()) return;
    std::set<std::uint64_t> judged;
    for (const auto policy : {CutPolicy::p0, CutPolicy::p1, CutPolicy::p3, CutPolicy::p5}) {
      if (!violation_.empty()) return;
      DurableImage image = sim_.files().cut(policy, ++cuts_);
      if (!judged.insert(image.hash()).second) continue;  // All of it was synced.
      SimWorld after(seed_, std::move(image));
      const auto store = open(after);
      if (!store) return;
      const auto state = read_state(*store, store->snapshot().value());
      const std::string when = "after power was cut by policy p" + std::to_string(static_cast<int>(policy));
      if (!state) return violation(when + ": " + state.error().to_string());
      if (is_prefix(*state, model_)) continue;
      if (attempt_) {
        Model attempt = *attempt_;
        if (attempt.committed(*store).empty()) continue;
      }
      violation(when + ": not a prefix that holds all " + std::to_string(acknowledged_) + " acknowledged commits");
    }
  }

  const std::uint64_t seed_;
  SimWorld sim_;
  const Fault fault_;
  Model model_;
  std::optional<Model> attempt_;  // With the first commit that failed in this life: it may have reached the log.
  std::size_t acknowledged_ = 0;
  std::uint64_t cuts_ = 0;
  std::uint64_t failed_opens_ = 0;
  std::uint64_t failed_commits_ = 0;
  bool cleared_ = false;
  std::string violation_;
};

class FullDiskRun {  // One thread at a time.
 public:
  explicit FullDiskRun(std::uint64_t seed) : sim_(seed), model_(seed) {
    store_ = Store::open(sim_.world(), "db", small_options()).value();
    for (int i = 0; i < 4; ++i) REQUIRE(commit());
  }

  // Whether a commit met the full disk.
  bool run() {
    sim_.files().set_capacity(used() + model_.random()() % (64 << 10));
    std::optional<Error> refused;
    for (int i = 0; i < 120 && !refused; ++i) {
      if (i % 8 == 0) expect_full(store_->flush());
      const Model before = model_;
      const auto done = commit();
      if (!done) refused = done.error();
      if (!done) model_ = before;
    }
    if (refused) CHECK(refused->code() == Code::full);
    REQUIRE(read_state(*store_, store_->snapshot().value()).value() == model_.after(model_.commits()));
    SimWorld after(1, sim_.files().cut(CutPolicy::p0, 0));
    const auto reopened = Store::open(after.world(), "db", small_options());
    INFO((reopened ? "" : reopened.error().to_string()));
    REQUIRE(reopened);
    REQUIRE(read_state(**reopened, (*reopened)->snapshot().value()).value() == model_.after(model_.commits()));

    sim_.files().set_capacity(~std::uint64_t{0});
    for (int i = 0; i < 4; ++i) REQUIRE(commit());
    REQUIRE(store_->flush());
    REQUIRE(store_->close());
    store_ = Store::open(sim_.world(), "db", small_options()).value();
    REQUIRE(read_state(*store_, store_->snapshot().value()).value() == model_.after(model_.commits()));
    return refused.has_value();
  }

 private:
  std::uint64_t used() {
    const DurableImage image = sim_.files().cut(CutPolicy::p1, 0);
    std::uint64_t bytes = 0;
    for (const auto& [path, content] : image.files) bytes += content->size();
    return bytes;
  }

  Result<void> commit() {
    TRY(store_->commit(model_.next(*store_), Durability::commit));
    CHECK(model_.committed(*store_) == "");
    return {};
  }

  static void expect_full(const Result<void>& done) {
    if (!done) CHECK(done.error().code() == Code::full);
  }

  SimWorld sim_;
  Model model_;
  std::unique_ptr<Store> store_;
};

// Every `step`-th operation of one workload fails, in one of the ways.
void every_fault(std::uint64_t seed, std::uint64_t way, std::uint64_t step, Tally& tally) {
  const Fault::Kind kinds[] = {Fault::Kind::io_error, Fault::Kind::no_space, Fault::Kind::torn_write};
  for (std::uint64_t at = 1 + seed % step; tally.violations == 0; at += step) {
    const Fault fault{.at_operation = at, .kind = kinds[way / 2], .sticky = way % 2 == 1};
    if (!FaultRun(seed, fault).run(tally)) break;
  }
}
constexpr std::uint64_t kWays = 6;

}  // namespace

TEST_CASE("faults: whichever operation of the disk fails, nothing acknowledged is lost and the next open goes on") {
  const std::uint64_t only = environment("SEED", 0), whole = environment("WORKLOADS", only != 0 ? 1 : 0);
  const std::uint64_t wanted = environment("CASES", cases(2'000));
  const std::uint64_t step = wanted < 30'000 && whole == 0 ? 7 : 1;  // Every operation, unless few cases are asked for.
  Campaign<Tally> campaign([&](std::uint64_t number, Tally& into) {
    every_fault(only != 0 ? only : 1 + (number - 1) / kWays, (number - 1) % kWays, step, into);
  });
  whole != 0 ? campaign.run_below(1 + whole * kWays) : campaign.run_until(wanted);
  const Tally& tally = campaign.tally();
  std::printf("faults: %llu cases, %llu opens and %llu commits failed, %llu violations\n",
              static_cast<unsigned long long>(tally.cases), static_cast<unsigned long long>(tally.failed_opens),
              static_cast<unsigned long long>(tally.failed_commits), static_cast<unsigned long long>(tally.violations));
  INFO(tally.first_violation);
  CHECK(tally.violations == 0);
  CHECK(tally.failed_opens > tally.cases / 20);
  CHECK(tally.failed_commits > tally.cases / 20);
}

TEST_CASE("faults: a full disk refuses commits, loses nothing, and takes them again once there is room") {
  const std::uint64_t seeds = environment("SEEDS", cases(100));
  std::uint64_t refused = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO("SEED=", seed);
    refused += FullDiskRun(seed).run();
  }
  std::printf("full disks: %llu, %llu of them met by a commit\n", static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(refused));
  CHECK(refused > seeds / 2);
}

}  // namespace mneme::sim
