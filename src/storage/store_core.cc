#include "storage/store_core.h"

#include <algorithm>

namespace mneme {
namespace {

// Of memory_budget for what the heap adds to what was asked of it: heads, rounding, holes.
constexpr std::size_t kAllocatorPart = 8;

}  // namespace

StoreCore::StoreCore(const World& the_world, std::string the_directory, const StoreOptions& the_options,
                     IndexFactory* factory)
    : world(the_world),
      directory(std::move(the_directory)),
      options(the_options),
      indexes(factory),
      budget(the_options.memory_budget - the_options.memory_budget / kAllocatorPart),
      cache(budget, the_world.scheduler, budget.share_cap(MemoryShare::cache)),
      blobs(the_world.files, the_world.scheduler, blob_directory(),
            {.file_bytes = the_options.blob_file_bytes, .bytes_max = the_options.blob_bytes_max}),
      snapshots(std::make_shared<SnapshotRegistry>(the_world.scheduler)),
      mutex(the_world.scheduler),
      sync_ended(the_world.scheduler),
      work(the_world.scheduler),
      room(the_world.scheduler),
      version(std::make_shared<const Version>()) {
  // What a merge needs to begin is the same whatever the heap takes.
  budget.set_share_cap(MemoryShare::maintenance, the_options.memory_budget / 4);
}

Snapshot StoreCore::latest() const {
  if (log->poisoned()) return latest_durable();
  return {applied, version, snapshots->pin(applied)};
}

// Rows hide themselves by their sequences; tables that were made, changed or dropped since do not.
Snapshot StoreCore::latest_durable() const {
  const std::uint64_t durable = raw(log->durable());
  const auto after = std::ranges::upper_bound(replaced, durable, {}, &ReplacedVersion::at);
  return {durable, after == replaced.end() ? version : after->version, snapshots->pin(durable)};
}

void StoreCore::forget_replaced() {
  std::erase_if(replaced, [durable = raw(log->durable())](const ReplacedVersion& old) { return old.at <= durable; });
}

std::uint64_t StoreCore::oldest_snapshot() const {
  // A sync that fails sends new snapshots back to what is durable.
  return snapshots->oldest(std::min(applied.load(), raw(log->durable())));
}

Error StoreCore::failed_sync() const {
  return Error(Code::io, directory + ": an earlier sync failed: the database is read-only until opened again");
}

Result<void> StoreCore::make_durable(Lsn lsn) {
  while (log->durable() < lsn) {
    if (log->poisoned()) return failed_sync();
    if (syncing) {
      sync_ended.wait(mutex);
      continue;
    }
    LogSync sync = TRY(log->begin_sync());
    syncing = true;
    mutex.unlock();
    Result<void> outcome = sync.run();
    mutex.lock();
    syncing = false;
    auto ended = log->end_sync(sync, std::move(outcome));
    if (ended) barriers.fetch_add(1, std::memory_order_relaxed);
    sync_ended.notify_all();
    if (!ended) return std::move(ended).error();
  }
  return {};
}

void StoreCore::wake_maintenance() {
  if (work_wanted) return;
  work_wanted = true;
  work.notify_one();
}

}  // namespace mneme
