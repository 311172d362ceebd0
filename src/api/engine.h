// Engine: one open database: the world, the store, the index kinds. The composition root.
#pragma once

#include <memory>

#include "index/index_kinds.h"
#include "index/scratch.h"
#include "mneme/database.h"
#include "os/posix.h"
#include "os/process.h"
#include "storage/store.h"
#include "table/transaction.h"

namespace mneme {

class Engine {  // Thread-safe.
 public:
  static Result<std::shared_ptr<Engine>> open(std::string_view directory, const Options& options);
  ~Engine();
  // In a child made by fork() since it was opened nothing is done, not even to let go: locks may be held by threads
  // that the child does not have, and the files are its parent's.
  [[nodiscard]] bool in_child() const noexcept { return process_.in_child(); }
  [[nodiscard]] Error refuse_child() const;

  [[nodiscard]] Store& store() noexcept { return *store_; }
  [[nodiscard]] const IndexKinds& kinds() const noexcept { return *kinds_; }
  [[nodiscard]] Clock& clock() noexcept { return world_.world().clock; }
  [[nodiscard]] Scheduler& scheduler() noexcept { return world_.world().scheduler; }
  [[nodiscard]] std::int64_t now_ns() { return wall_clock_ns_ ? wall_clock_ns_() : clock().wall_ns(); }
  // Adds what does not fit between rows and indexes.
  Result<void> check_indexes(std::vector<std::string>& problems);
  // Marks references that this opening gave to the host: they mean nothing to another one.
  [[nodiscard]] std::uint64_t stamp() const noexcept { return stamp_; }
  Result<std::unique_ptr<Transaction>> begin() { return Transaction::begin(*store_, *kinds_, now_ns()); }
  std::unique_ptr<Transaction> begin(Snapshot snapshot) {
    return std::make_unique<Transaction>(*store_, *kinds_, std::move(snapshot), now_ns());
  }

 private:
  explicit Engine(const Options& options)
      : stamp_(world_.world().random.next()), wall_clock_ns_(options.wall_clock_ns) {}
  const ProcessMark process_;
  std::string directory_;
  PosixWorld world_;
  const std::uint64_t stamp_;
  std::function<std::int64_t()> wall_clock_ns_;
  std::unique_ptr<ScratchFiles> scratch_;
  std::unique_ptr<const IndexKinds> kinds_;
  std::unique_ptr<Store> store_;  // Goes first.
};

struct Database::State {
  std::shared_ptr<Engine> engine;
};

}  // namespace mneme
