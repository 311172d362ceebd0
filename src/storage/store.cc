#include "storage/store.h"

#include <algorithm>

#include "os/heap.h"
#include "storage/blob_offload.h"
#include "storage/store_backup.h"

namespace mneme {
namespace {

constexpr std::int64_t kRoomPatienceNs = 10'000'000'000;    // How long a commit waits for a flush to end.
constexpr std::size_t kSmallRecordBytes = 64 << 10;         // Not worth a reservation.
constexpr std::int64_t kPaceNsMax = 50'000'000;             // What a large commit waits at most for one before it.
constexpr int kRoomRoundsMax = 12;                          // And for how many that move nothing.
constexpr std::int64_t kRoomPauseNs = 1'000'000;            // After the first of those; doubles,
constexpr std::int64_t kRoomPauseNsMax = 500'000'000;       // up to this.
constexpr std::uint64_t kReplayAtOpenBytesMax = 256 << 10;  // More log than this is flushed at close.

std::size_t row_bytes(const WriteSet& writes) {
  std::size_t bytes = 0;
  for (const Change& change : writes.changes) {
    const auto* rows = std::get_if<InsertRows>(&change);
    if (rows == nullptr) continue;
    for (const Column& column : rows->batch.columns) bytes += encoded_bytes(column, 0, column.rows());
  }
  return bytes;
}

// What the next flush, or the one under way, gives back.
std::size_t memtable_bytes(const Version& version) {
  std::size_t bytes = 0;
  for (const auto& [id, table] : version.tables) {
    for (const auto& memtable : table.memtables) bytes += memtable->memory_bytes();
  }
  return bytes;
}

// While the last quarter of the memory for rows fills up commits wait a little each, the more the fuller it is: or one
// of them would find it full, and wait for all of a flush and the merge before it. The end of a flush ends the wait.
bool must_keep_pace(const MemoryBudget& budget) {
  const std::size_t cap = budget.share_cap(MemoryShare::memtables);
  return budget.used(MemoryShare::memtables) > cap - cap / 4;
}

void keep_pace(StoreCore& core, const WriteSet& writes) LOCK_HELD(core.mutex) {
  if (core.options.threads == 0 || !must_keep_pace(core.budget)) return;
  if (memtable_bytes(*core.version) < core.budget.share_cap(MemoryShare::memtables) / 2) return;
  const std::size_t cap = core.budget.share_cap(MemoryShare::memtables),
                    used = core.budget.used(MemoryShare::memtables);
  const double filled = static_cast<double>(used - (cap - cap / 4)) / static_cast<double>(cap / 4);
  const double part = std::min(1.0, static_cast<double>(row_bytes(writes)) / static_cast<double>(cap / 64));
  const auto wait_ns = static_cast<std::int64_t>(filled * part * static_cast<double>(kPaceNsMax));
  if (wait_ns < kPaceNsMax / 200) return;
  core.wake_maintenance();
  core.room.wait_for(core.mutex, wait_ns);
}

bool changes_tables(const WriteSet& writes) {
  return std::ranges::any_of(writes.changes, [](const Change& change) {
    return !std::holds_alternative<InsertRows>(change) && !std::holds_alternative<EndRows>(change);
  });
}

}  // namespace

Result<std::unique_ptr<Store>> Store::make(const World& world, std::string directory, const StoreOptions& options,
                                           IndexFactory* indexes) {
  if (options.memory_budget < MemoryBudget::kBytesMin) {
    return Error(Code::invalid_argument, "memory_budget is " + std::to_string(options.memory_budget) +
                                             " bytes; the least is " + std::to_string(MemoryBudget::kBytesMin));
  }
  return std::unique_ptr<Store>(new Store(world, std::move(directory), options, indexes));
}

Result<std::unique_ptr<Store>> Store::open(const World& world, std::string directory, StoreOptions options,
                                           IndexFactory* indexes) {
  auto store = TRY(make(world, std::move(directory), options, indexes));
  TRY(store->open_files());
  return store;
}

Result<std::unique_ptr<Store>> Store::open_read_only(const World& world, std::string directory, StoreOptions options,
                                                     IndexFactory* indexes) {
  auto store = TRY(make(world, std::move(directory), options, indexes));
  TRY(store->follow());
  return store;
}

Result<void> Store::follow() {
  // Nothing is flushed or merged here: what is set aside for that holds the writer's rows, twice for a moment.
  core_.budget.set_share_cap(MemoryShare::memtables, core_.options.memory_budget / 4 * 3);
  follower_ = TRY(Follower::open(core_));
  recovery_.groups = follower_->groups();
  Lock lock(core_.mutex);
  core_.closed = false;
  return {};
}

Result<void> Store::open_files() {
  TRY(Recovery::create_directories(core_));
  owner_ = TRY(core_.world.files.lock(core_.directory + "/LOCK", "a writer"));
  maintenance_ = std::make_unique<Maintenance>(core_, TRY(Recovery::open_manifest(core_)));
  recovery_ = TRY(Recovery(core_, *maintenance_).run());
  if (maintenance_->has_flushed_early()) TRY(maintenance_->flush());
  {
    Lock lock(core_.mutex);
    log_ = core_.log.get();
    core_.closed = false;
  }
  maintenance_->start();
  return {};
}

Store::~Store() {
  try {
    if (auto closed = close(); !closed) {
      // Nobody is left to tell: what was acknowledged is durable already, the rest was never promised.
    }
  } catch (const std::bad_alloc&) {
    // Nor here: the next opening replays the log, as after a kill.
  }
}

Result<void> Store::check_open() {
  Lock lock(core_.mutex);
  return core_.check_usable();
}

Result<void> Store::check_may_write() {
  Lock lock(core_.mutex);
  return check_writable();
}

Error Store::refuse_write() const {
  return Error(Code::invalid_argument, core_.directory + ": the database was opened read-only").with_sqlstate("25006");
}

Result<std::vector<ReaderPin>> Store::readers() { return follower_ ? follower_->readers() : core_.board.readers(); }

Result<Snapshot> Store::snapshot() {
  if (follower_) {
    TRY(look_usable());
    return follower_->snapshot();
  }
  // Who learns of a failed sync late reads as if it had come a moment earlier.
  auto latest = core_.snapshots->latest();
  if (latest && !log_->poisoned()) return *std::move(latest);
  latest.reset();
  Lock lock(core_.mutex);
  TRY(core_.check_usable());
  return core_.latest();
}

Result<TableId> Store::next_table_id() {
  Lock lock(core_.mutex);
  TRY(core_.check_usable());
  if (follower_) return refuse_write();
  return TableId{core_.next_table++};
}

Result<std::uint64_t> Store::reserve_keys(TableId table, std::uint64_t count) {
  Lock lock(core_.mutex);
  TRY(core_.check_usable());
  if (follower_) return refuse_write();
  const TableVersion* found = core_.version->find(table);
  if (found == nullptr) return Error(Code::not_found, "the table does not exist any more").with_sqlstate("42P01");
  return found->keys->reserve(count);
}

// A record that takes memory worth counting is encoded here, once there is room for it.
Result<Reservation> Store::number_and_encode(Commit& commit) {
  Reservation room;
  if (commit.encoded.empty()) {
    const std::size_t bytes = encoded_bytes(commit.writes);
    auto reserved = core_.budget.reserve(bytes, MemoryShare::queries, "log record");
    commit.memory_short = !reserved;
    room = TRY(std::move(reserved));
    commit.encoded.reserve(bytes);
    core_.next_row = number_rows(commit.writes, core_.next_row, commit.encoded);
    encode_write_set(commit.writes, commit.encoded);
  } else {
    core_.next_row = number_rows(commit.writes, core_.next_row, commit.encoded);
  }
  return room;
}

Result<void> Store::prepare(const WriteSet& writes, PreparedGroup& prepared) {
  for (const Change& change : writes.changes) TRY(prepared.add(change));
  return {};
}

Result<Lsn> Store::try_commit(Commit& commit) {
  WriteSet& writes = commit.writes;
  CommitValidator* const validator = commit.validator;
  TRY(check_writable());
  const Reservation room = TRY(number_and_encode(commit));
  PreparedGroup prepared(*core_.version, {core_.world.scheduler, core_.budget, core_.indexes, nullptr, &core_.blobs});
  // Neither pinned nor counted: nothing is dropped while the lock is held.
  const Snapshot latest{core_.applied, {std::shared_ptr<void>(), core_.version.get()}, nullptr};
  const std::uint64_t refusals = core_.budget.refusals();
  if (auto done = prepare(writes, prepared); !done) {
    commit.memory_short = done.error().code() == Code::full && core_.budget.refusals() != refusals;
    // A table that is not as the transaction knew it: the validator can say that it was a race.
    const bool odd = done.error().code() == Code::invalid_argument || done.error().code() == Code::not_found;
    if (odd && validator != nullptr) TRY(validator->validate(latest, writes));
    return std::move(done).error();
  }
  // Behind prepare(), which finds the rows that another transaction took: that is a race, not a broken constraint.
  if (validator != nullptr) TRY(validator->validate(latest, writes));
  core_.forget_replaced();
  core_.replaced.reserve(core_.replaced.size() + 1);  // Nothing may fail once the log is written.
  const std::uint64_t begun = core_.log->begun();
  auto appended = core_.log->append(commit.encoded, core_.world.clock.wall_ns());
  if (!appended) {
    commit.log_tried = core_.log->begun() != begun;
    return appended;
  }
  const Lsn lsn = *appended;
  if (changes_tables(writes)) core_.replaced.push_back({raw(lsn), core_.version});
  if (auto next = prepared.publish(raw(lsn))) core_.show(std::move(next));
  core_.show_applied(raw(lsn));
  core_.log_marked = false;
  return lsn;
}

// What is long goes to blob files without the commit lock, before the record that refers to it.
Result<BlobUses> Store::move_blobs(WriteSet& writes) {
  std::shared_ptr<const Version> version;
  {
    Lock lock(core_.mutex);
    TRY(check_writable());
    version = core_.version;
  }
  return put_out_of_line(core_, *version, writes);
}

Result<std::shared_ptr<BlobFile>> Store::blob_file(FileNumber number) {
  auto file = core_.blobs.find(number);
  if (file) return file;
  return Error(Code::corrupt, "'" + core_.blobs.path_of(number) + "' is no file of this database");
}

// A commit that others wait with for one sync. Its leader may be any of them.
class Store::CommitRequest final : public GroupRequest {
 public:
  CommitRequest(Store& store, Commit& commit)
      : GroupRequest(store.core_.world.scheduler), store_(store), commit_(commit) {}
  // Nothing is thrown in the thread of another. LOCK_UNCHECKED: the caller holds the lock, as GroupRequest says.
  Lsn begin() noexcept override LOCK_UNCHECKED {
    try {
      written_ = store_.write(commit_);
      return written_ ? *written_ : Lsn{};
    } catch (const std::bad_alloc&) {
      out_of_memory_ = true;
      return Lsn{};
    }
  }
  [[nodiscard]] Result<Lsn> written() {
    if (out_of_memory_) throw std::bad_alloc();
    return std::move(written_);
  }

 private:
  Store& store_;
  Commit& commit_;
  Result<Lsn> written_ = Lsn{};
  bool out_of_memory_ = false;
};

Result<CommitResult> Store::commit(WriteSet writes, Durability durability, CommitValidator* validator) {
  if (follower_) {
    TRY(look_usable());
    return writes.empty() ? Result<CommitResult>(CommitResult{core_.applied}) : Result<CommitResult>(refuse_write());
  }
  Commit commit{writes, validator};
  if (has_blobs(writes, core_.options.blob_inline_max)) commit.blobs = TRY(move_blobs(writes));
  if (const std::size_t bytes = encoded_bytes(writes); bytes <= kSmallRecordBytes) {
    commit.encoded.reserve(bytes);
    encode_write_set(writes, commit.encoded);
  }
  if (durability == Durability::commit && !writes.empty() && !must_keep_pace(core_.budget)) {
    auto committed = commit_in_group(commit);
    if (committed || !commit.memory_short) return committed;
  }
  return commit_alone(commit, durability);
}

Result<CommitResult> Store::commit_in_group(Commit& commit) {
  CommitRequest request(*this, commit);
  auto synced = core_.run_in_group(request);
  const Lsn lsn = TRY(request.written());
  TRY(std::move(synced));
  return CommitResult{raw(lsn)};
}

Result<Lsn> Store::write(Commit& commit) {
  TRY(core_.check_usable());
  commit.memory_short = commit.log_tried = false;
  auto lsn = try_commit(commit);
  if (commit.log_tried && !commit.blobs.empty()) core_.doubtful_blobs.push_back(std::move(commit.blobs));
  if (lsn) notice_work();
  if (!lsn && encoded_bytes(commit.writes) > kSmallRecordBytes) commit.encoded = {};
  return lsn;
}

// Waits for memory when there is none.
Result<CommitResult> Store::commit_alone(Commit& commit, Durability durability) {
  const WriteSet& writes = commit.writes;
  Lock lock(core_.mutex);
  TRY(core_.check_usable());
  if (writes.empty()) return CommitResult{core_.applied};
  keep_pace(core_, writes);
  for (int idle_rounds = 0;;) {
    auto lsn = write(commit);
    if (lsn) {
      honour(durability, writes);
      if (durability == Durability::commit) TRY(core_.make_durable(*lsn));
      return CommitResult{raw(*lsn)};
    }
    const std::size_t cap = core_.budget.share_cap(MemoryShare::memtables);
    if (commit.memory_short && row_bytes(writes) > cap) {
      return Error(Code::full, "a transaction of " + std::to_string(row_bytes(writes)) +
                                   " bytes is more than memory_budget has for new rows (" + std::to_string(cap) + ")")
          .with_sqlstate("53200")
          .with_hint("raise memory_budget or commit in smaller transactions");
    }
    if (commit.memory_short && idle_rounds >= kRoomRoundsMax && core_.maintenance_error) {  // A full disk, say.
      return Error(*core_.maintenance_error).during("make room for a commit");
    }
    if (!commit.memory_short || idle_rounds >= kRoomRoundsMax) return std::move(lsn).error();
    if (commit.validator != nullptr) commit.validator->let_go();
    TRY(await_room(idle_rounds));
  }
}

Result<bool> Store::wait_for_memory(int& idle_rounds) {
  Lock lock(core_.mutex);
  TRY(core_.check_usable());
  if (follower_ || idle_rounds >= kRoomRoundsMax) return false;
  TRY(await_room(idle_rounds));
  return true;
}

// As long as rows go to segments the writer waits its turn; others may take what a flush frees.
Result<void> Store::await_room(int& idle_rounds) {
  const Lsn flushed_to = core_.flushed_to;
  TRY(make_room());
  idle_rounds = core_.flushed_to == flushed_to ? idle_rounds + (core_.maintenance_error ? 2 : 1) : 0;
  if (idle_rounds > 0) pause_for_room(idle_rounds);
  return {};
}

// A transaction that runs into rows of a commit that is not durable must hear this, not that it lost a race.
Result<void> Store::check_writable() const {
  TRY(core_.check_usable());
  if (follower_) return refuse_write();
  if (core_.log->poisoned()) return core_.failed_sync();
  return {};
}

// Nothing was left to flush, or it failed: snapshots hold the memory, or others do for a moment.
void Store::pause_for_room(int idle_rounds) {
  if (core_.options.threads == 0) return;  // Nobody else is at work.
  core_.room.wait_for(core_.mutex, std::min(kRoomPauseNs << (idle_rounds - 1), kRoomPauseNsMax));
}

// One round of flushing, by the maintenance thread or right here.
Result<void> Store::make_room() {
  if (core_.options.threads == 0) {
    core_.mutex.unlock();
    auto flushed = maintenance_->flush();
    core_.mutex.lock();
    return flushed;
  }
  const std::int64_t give_up_ns = core_.world.clock.monotonic_ns() + kRoomPatienceNs;
  const std::uint64_t before = core_.flush_rounds;
  core_.flush_wanted = true;
  core_.wake_maintenance();
  while (core_.flush_rounds == before && !core_.closed) {
    const std::int64_t left_ns = give_up_ns - core_.world.clock.monotonic_ns();
    if (left_ns <= 0) return Error(Code::full, "no memory for new rows: maintenance does not keep up");
    core_.room.wait_for(core_.mutex, left_ns);
  }
  // A flush that found no memory either is tried again, now that it made maintenance let go of some.
  if (!core_.maintenance_error || core_.maintenance_error->code() == Code::full) return {};
  return Error(*core_.maintenance_error).during("make room for a commit");
}

// Of a commit that is not to be durable before it ends.
void Store::honour(Durability durability, const WriteSet& writes) {
  if (durability != Durability::interval) return;
  std::uint32_t interval_ms = TableSchema{}.interval_ms;
  for (const Change& change : writes.changes) {
    const auto* rows = std::get_if<InsertRows>(&change);
    const TableVersion* table = rows == nullptr ? nullptr : core_.version->find(rows->table);
    if (table != nullptr) interval_ms = std::min(interval_ms, table->schema->interval_ms);
  }
  const std::int64_t due_ns = core_.world.clock.monotonic_ns() + std::int64_t{interval_ms} * 1'000'000;
  if (core_.sync_due_ns != 0 && core_.sync_due_ns <= due_ns) return;
  core_.sync_due_ns = due_ns;
  core_.wake_maintenance();
}

void Store::notice_work() {
  const bool memory = core_.budget.used(MemoryShare::memtables) > core_.budget.share_cap(MemoryShare::memtables) / 2;
  const bool log = core_.log->bytes_from(next(core_.flushed_to)) > core_.options.log_file_bytes;
  const bool file =
      core_.log->wants_next() && core_.log->bytes_from(next(core_.log->last())) > core_.options.log_file_bytes / 2;
  if (memory || log || file) core_.wake_maintenance();
}

Result<void> Store::sync() {
  Lock lock(core_.mutex);
  TRY(core_.check_usable());
  if (follower_) return {};  // It shows nothing else.
  return core_.make_durable(core_.log->last());
}

Result<void> Store::flush() {
  if (follower_) return refuse_write();
  return maintenance_->flush();
}

Result<void> Store::vacuum() {
  if (follower_) return refuse_write();
  TRY(look_usable());
  return maintenance_->vacuum();
}

std::uint64_t Store::log_bytes() {
  Lock lock(core_.mutex);
  if (follower_) return 0;  // It is the writer's.
  return core_.log->bytes_from(next(core_.flushed_to));
}

Result<void> Store::look_usable() {
  Lock lock(core_.mutex);
  return core_.check_usable();
}

Result<StoreCheck> Store::check() {
  TRY(look_usable());
  if (follower_) return refuse_write().with_hint("check it without read_only: nothing in it is changed");
  return check_store(core_, *maintenance_);
}

Result<void> Store::backup(const std::string& destination) {
  TRY(look_usable());
  if (follower_) return refuse_write().with_hint("a backup is made by the process that writes");
  return back_up_store(core_, *maintenance_, destination);
}

Result<bool> Store::step(std::int64_t deadline_ns) {
  TRY(look_usable());
  if (follower_) {
    TRY(follower_->rest());
    return false;
  }
  return maintenance_->step(deadline_ns);
}

Result<void> Store::close() {
  bool flush = false;
  {
    Lock lock(core_.mutex);
    if (core_.closed) return {};
    core_.closed = true;
    core_.version_number.fetch_add(1);  // Who goes by it comes and finds it closed.
    core_.snapshots->hide();
    core_.room.notify_all();
    flush =
        !follower_ && !core_.log->poisoned() && core_.log->bytes_from(next(core_.flushed_to)) > kReplayAtOpenBytesMax;
  }
  if (follower_) {
    follower_->close();
    return {};
  }
  maintenance_->stop();
  if (flush) {
    return_free_memory();  // This thread's flush takes it anew; what maintenance left free is in a heap of its own.
    if (auto flushed = maintenance_->flush(); !flushed) {
      // The log holds it all: the next open replays it.
    }
  }
  Lock lock(core_.mutex);
  while (core_.syncing) core_.sync_ended.wait(core_.mutex);
  // What a failed sync in the background left behind is told here at the latest: commits at `interval` and `os` were
  // acknowledged before it.
  Result<void> outcome = core_.log->poisoned() ? Result<void>(core_.failed_sync()) : mark_end();
  owner_.reset();
  return outcome;
}

Result<void> Store::mark_end() {
  TRY(core_.log->mark(LogRecordKind::close, core_.world.clock.wall_ns()));
  TRY(core_.log->sync());
  core_.board.post_durable(core_.log->durable());
  return maintenance_->manifest().mark(core_.log->durable());
}

}  // namespace mneme
