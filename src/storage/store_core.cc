#include "storage/store_core.h"

#include <algorithm>
#include <utility>

namespace mneme {
namespace {

// Of memory_budget for what the heap adds to what was asked of it: heads, rounding, holes.
constexpr std::size_t kAllocatorPart = 8;
constexpr std::int64_t kShortSyncNs = 10'000'000;  // Of a fast disk, also where others want the processors.
constexpr int kWaitYields = 20;                    // Then a waiter sleeps all the same.
constexpr std::int64_t kServeNs = 1'000'000;       // What a leader's own commit waits at most for others after it.

class DurableRequest final : public GroupRequest {  // Of records that are written.
 public:
  DurableRequest(Scheduler& scheduler, Lsn lsn) : GroupRequest(scheduler), lsn_(lsn) {}
  Lsn begin() noexcept override { return lsn_; }

 private:
  const Lsn lsn_;
};

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
      board(the_world, directory),
      snapshots(std::make_shared<SnapshotRegistry>(the_world.scheduler)),
      mutex(the_world.scheduler),
      sync_ended(the_world.scheduler),
      work(the_world.scheduler),
      room(the_world.scheduler),
      version(std::make_shared<const Version>()) {
  // What a merge needs to begin is the same whatever the heap takes.
  budget.set_share_cap(MemoryShare::maintenance, the_options.memory_budget / 4);
}

Result<void> StoreCore::check_usable() const {
  if (closed) return Error(Code::closed, directory + ": the database is closed");
  return {};
}

Snapshot StoreCore::latest() const {
  if (log && log->poisoned()) return latest_durable();  // A reader has no log of its own.
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
  if (log->durable() >= lsn) return {};
  DurableRequest request(world.scheduler, lsn);
  mutex.unlock();
  auto outcome = run_in_group(request);
  mutex.lock();
  return outcome;
}

Result<void> StoreCore::run_in_group(GroupRequest& request) {
  if (commits.join(request)) return lead_group(request);
  if (request.wait(wait_yields()) == CommitQueue::Told::leads) return lead_group(request);
  return end_of(request);
}

Result<void> StoreCore::end_of(const GroupRequest& request) const {
  return request.failed_ ? Result<void>(failed_sync()) : Result<void>();
}

// While syncs are short, going to sleep and being woken costs more than letting others run until the wait is over; a
// slow disk must not keep a processor busy.
int StoreCore::wait_yields() const noexcept {
  return sync_ns.load(std::memory_order_relaxed) < kShortSyncNs ? kWaitYields : 0;
}

void StoreCore::Group::tell() {
  // The next sync before all else.
  if (next != nullptr) std::exchange(next, nullptr)->turn.raise(static_cast<std::uint32_t>(Turn::syncs));
  while (first != nullptr) {
    GroupRequest* const request = std::exchange(first, first->after_);
    if (request == &own) continue;
    if (served != nullptr && request == &served->own) {
      std::exchange(served, nullptr)->turn.raise(static_cast<std::uint32_t>(Turn::served));
    } else {
      request->tell_done();
    }
  }
}

void StoreCore::Group::judge(const LogWriter& synced) {
  for (GroupRequest* request = first; request != nullptr; request = request->after_) {
    request->failed_ = request->wanted_ > synced.durable();
  }
}

void StoreCore::Group::take_over(Group& waiting) {
  first = std::exchange(waiting.first, nullptr);
  last = waiting.last;
  wanted = waiting.wanted;
  served = &waiting;
}

Result<void> StoreCore::lead_group(GroupRequest& own) {
  Group group(own, world.scheduler);
  {
    Lock lock(mutex);  // Unlocks before the group hears.
    begin_joined(group);
    if (!syncing) return finish_group(group);
    next_group = &group;
  }
  if (group.turn.wait(wait_yields()) == static_cast<std::uint32_t>(Turn::served)) return end_of(own);
  Lock lock(mutex);
  begin_joined(group);
  return finish_group(group);
}

Result<void> StoreCore::finish_group(Group& group) {
  auto outcome = sync_and_leave(group);
  serve_next(group);
  return !outcome && group.own.failed_ ? std::move(outcome) : end_of(group.own);
}

// A leader whose group is durable runs already; until the next one does, others have their turns with the processors,
// and the disk would rest as long as its sync took.
void StoreCore::serve_next(Group& group) {
  const std::int64_t until_ns = world.clock.monotonic_ns() + kServeNs;
  while (group.next != nullptr && world.clock.monotonic_ns() + sync_ns.load(std::memory_order_relaxed) < until_ns) {
    Group& waiting = *std::exchange(group.next, nullptr);
    mutex.unlock();
    group.tell();
    mutex.lock();
    group.take_over(waiting);
    begin_joined(group);
    if (auto synced = sync_and_leave(group); !synced) {
      // Each of them hears it.
    }
  }
}

void StoreCore::begin_joined(Group& group) {
  for (CommitQueue::Place* place = commits.take(); place != nullptr; place = place->next()) {
    auto& request = static_cast<GroupRequest&>(*place);
    request.wanted_ = request.begin();
    request.failed_ = true;  // Until it is known to be durable.
    group.wanted = std::max(group.wanted, request.wanted_);
    (group.last == nullptr ? group.first : group.last->after_) = &request;
    group.last = &request;
  }
}

// While the sync runs, the next leader writes what has come.
Result<void> StoreCore::sync_and_leave(Group& group) {
  if (log->durable() >= group.wanted || log->poisoned()) {
    commits.leave();
    group.judge(*log);
    return {};
  }
  auto sync = log->begin_sync();
  if (!sync) {
    commits.leave();
    return std::move(sync).error();
  }
  syncing = true;
  mutex.unlock();
  commits.leave();
  const std::int64_t begun_ns = world.clock.monotonic_ns();
  Result<void> outcome = sync->run();
  const std::int64_t took_ns = world.clock.monotonic_ns() - begun_ns;
  if (outcome) board.post_durable(sync->target());
  mutex.lock();
  sync_ns.store((sync_ns.load(std::memory_order_relaxed) * 7 + took_ns) / 8, std::memory_order_relaxed);
  syncing = false;
  group.next = std::exchange(next_group, nullptr);
  sync_ended.notify_all();
  auto ended = log->end_sync(*sync, std::move(outcome));
  if (ended) barriers.fetch_add(1, std::memory_order_relaxed);
  group.judge(*log);
  return ended;
}

void StoreCore::wake_maintenance() {
  if (work_wanted) return;
  work_wanted = true;
  work.notify_one();
}

}  // namespace mneme
