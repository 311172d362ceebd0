// The heap refuses: every allocation of every opening, commit, flush, merge and end fails in its turn, once or from
// then on.
//
// A call that runs out of memory throws std::bad_alloc, which the API turns into `full`. It has left no trace: readers
// see the commits before it, the same transaction then succeeds, and another opening finds what was committed.
#include <doctest/doctest.h>

#include <cstdio>
#include <new>

#include "os/posix.h"
#include "os/sim/sim_world.h"
#include "sim/environment.h"
#include "sim/model.h"
#include "support/allocations.h"
#include "support/unwatched_files.h"

namespace mneme::sim {
namespace {

struct Tally {
  std::uint64_t cases = 0, refused = 0, violations = 0;
  std::string first_violation;
};

class AllocationRun {  // One workload. One thread at a time.
 public:
  AllocationRun(std::uint64_t seed, bool sticky, Tally& tally)
      : seed_(seed), sticky_(sticky), random_(seed), model_(seed), tally_(tally) {}

  void run() {
    for (int life = 0; life < 6 && tally_.violations == 0; ++life) {
      const auto store = open_with_every_refusal();
      if (!store) return;
      for (int i = 0; i < 3 && tally_.violations == 0; ++i) commit_with_every_refusal(*store);
      flush_with_every_refusal(*store);
      merge_with_every_refusal(*store);
      if (!store->close()) violation("close");
      drop_with_every_refusal();
    }
  }

 private:
  World world(FileSystem& files) { return {files, clock_, *scheduler_, random_}; }

  // Calls until the heap gives all it is asked for, refusing one allocation later each time. False: it failed.
  template <class Call, class Check>
  bool with_every_refusal(const std::string& what, Call call, Check check) {
    for (std::uint64_t passing = 0;; ++passing) {
      ++tally_.cases;
      bool out_of_memory = false;
      Result<void> done;
      try {
        AllocationWatch watch;
        watch.fail_after(passing, sticky_);
        done = call();
      } catch (const std::bad_alloc&) {
        out_of_memory = true;
      }
      tally_.refused += out_of_memory;
      const std::string when = what + ", allocation " + std::to_string(passing + 1);
      if (!out_of_memory && !done) return violation(when + ": " + done.error().to_string()), false;
      if (!out_of_memory) return true;
      if (const std::string wrong = check(); !wrong.empty()) return violation(when + ": " + wrong), false;
    }
  }
  using AllocationWatch = support::AllocationWatch;

  std::unique_ptr<Store> open_with_every_refusal() {
    std::unique_ptr<Store> store;
    const auto open = [&]() -> Result<void> {
      store = TRY(Store::open(world(engine_files_), "db", small_options()));
      return {};
    };
    // What a refused opening left behind must not hinder the next one; each begins with the same disk.
    const DurableImage image = disk_.cut(CutPolicy::p1, 0);
    const auto check = [&] {
      auto after = Store::open(world(disk_), "db", small_options());
      std::string wrong = after ? differs(**after) : after.error().to_string();
      if (after) after->reset();
      disk_.reset(image);
      return wrong;
    };
    if (!with_every_refusal("open", open, check)) return nullptr;
    const std::string wrong = differs(*store);
    if (!wrong.empty()) violation("after open: " + wrong);
    return store;
  }

  // The same transaction, until it is taken; what it was refused for must have left no trace.
  void commit_with_every_refusal(Store& store) {
    std::optional<Model> attempt;
    WriteSet writes;
    const auto prepare = [&] {
      attempt.emplace(model_);
      writes = attempt->next(store);
    };
    const auto commit = [&]() -> Result<void> {
      TRY(store.commit(std::move(writes), Durability::commit));
      return {};
    };
    const auto check = [&] {
      prepare();
      return differs(store);
    };
    prepare();
    if (!with_every_refusal("commit " + std::to_string(model_.commits() + 1), commit, check)) return;
    model_ = *std::move(attempt);
    if (const std::string wrong = model_.committed(store); !wrong.empty()) violation("commit: " + wrong);
  }

  // Rows in segments from here on, and deletes in files of their own.
  void flush_with_every_refusal(Store& store) {
    const auto flush = [&] { return store.flush(); };
    if (!with_every_refusal("flush", flush, [&] { return differs(store); })) return;
    if (const std::string wrong = differs(store); !wrong.empty()) violation("after a flush: " + wrong);
  }

  void merge_with_every_refusal(Store& store) {
    const auto step = [&]() -> Result<void> {
      while (TRY(store.step(clock_.monotonic_ns()))) {
      }
      return {};
    };
    if (!with_every_refusal("merge", step, [&] { return differs(store); })) return;
    if (const std::string wrong = differs(store); !wrong.empty()) violation("after a merge: " + wrong);
  }

  // A store that is just dropped, with rows to flush, by somebody who has no memory left.
  void drop_with_every_refusal() {
    const DurableImage image = disk_.cut(CutPolicy::p1, 0);
    for (std::uint64_t passing = 0; tally_.violations == 0; ++passing) {
      auto store = Store::open(world(engine_files_), "db", small_options());
      if (!store) return violation("open: " + store.error().to_string());
      Model attempt(model_);
      if (const auto done = (*store)->commit(attempt.next(**store), Durability::commit); !done)
        return violation("commit");
      if (const std::string wrong = attempt.committed(**store); !wrong.empty()) return violation("commit: " + wrong);
      ++tally_.cases;
      bool refused = false;
      {
        AllocationWatch watch;
        watch.fail_after(passing, sticky_);
        store->reset();
        refused = watch.failed();
      }
      tally_.refused += refused;
      auto after = Store::open(world(disk_), "db", small_options());
      const std::string wrong = after ? differs(**after, attempt) : after.error().to_string();
      if (!wrong.empty()) return violation("dropped at allocation " + std::to_string(passing + 1) + ": " + wrong);
      after->reset();
      disk_.reset(image);
      if (!refused) return;
    }
  }

  std::string differs(Store& store) { return differs(store, model_); }
  static std::string differs(Store& store, const Model& model) {
    const auto snapshot = store.snapshot();
    if (!snapshot) return snapshot.error().to_string();
    const auto state = read_state(store, *snapshot);
    if (!state) return state.error().to_string();
    return *state == model.after(model.commits()) ? "" : "readers see something else than the commits before";
  }

  void violation(const std::string& what) {
    if (tally_.violations++ == 0) {
      tally_.first_violation = "SEED=" + std::to_string(seed_) + (sticky_ ? " sticky " : " ") + what;
    }
  }

  const std::uint64_t seed_;
  const bool sticky_;
  SimFileSystem disk_;
  support::UnwatchedFiles engine_files_{disk_};
  SimClock clock_;
  SimRandom random_;
  std::unique_ptr<Scheduler> scheduler_ = make_posix_scheduler();  // The simulated one allocates.
  Model model_;
  Tally& tally_;
};

}  // namespace

TEST_CASE("allocations: whichever the heap refuses, the call leaves no trace and succeeds when asked again") {
  const std::uint64_t only = environment("SEED", 0);
  const std::uint64_t wanted = environment("CASES", cases(20'000));
  Tally tally;
  for (std::uint64_t seed = only != 0 ? only : 1; tally.cases < wanted && tally.violations == 0; ++seed) {
    for (const bool sticky : {false, true}) AllocationRun(seed, sticky, tally).run();
    if (only != 0) break;
  }
  std::printf("allocations: %llu cases, %llu refused, %llu violations\n", static_cast<unsigned long long>(tally.cases),
              static_cast<unsigned long long>(tally.refused), static_cast<unsigned long long>(tally.violations));
  INFO(tally.first_violation);
  CHECK(tally.violations == 0);
  CHECK(tally.refused > tally.cases / 2);
}

}  // namespace mneme::sim
