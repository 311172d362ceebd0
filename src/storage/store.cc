#include "storage/store.h"

#include <algorithm>

#include "storage/prepared_group.h"

namespace mneme {
namespace {

bool changes_tables(const WriteSet& writes) {
  return std::ranges::any_of(writes.changes, [](const Change& change) {
    return !std::holds_alternative<InsertRows>(change) && !std::holds_alternative<EndRows>(change);
  });
}

}  // namespace

Store::Store(const World& world, std::string directory, StoreOptions options, IndexFactory* indexes)
    : world_(world),
      directory_(std::move(directory)),
      options_(options),
      indexes_(indexes),
      budget_(options.memory_budget),
      cache_(budget_, world.scheduler, budget_.share_cap(MemoryShare::cache)),
      snapshots_(std::make_shared<SnapshotRegistry>(world.scheduler)),
      mutex_(world.scheduler),
      sync_ended_(world.scheduler),
      version_(std::make_shared<const Version>()) {}

Store::~Store() {
  if (auto closed = close(); !closed) {
    // Nobody is left to tell: what was acknowledged is durable already, the rest was never promised.
  }
}

Result<void> Store::check_usable() const {
  if (closed_) return Error(Code::closed, directory_ + ": the database is closed");
  return {};
}

// A transaction that runs into rows of a commit that is not durable must hear this, not that it lost a race.
Result<void> Store::check_writable() const {
  TRY(check_usable());
  if (!log_->poisoned()) return {};
  return Error(Code::io, directory_ + ": an earlier sync failed: the database is read-only until opened again");
}

Result<Snapshot> Store::snapshot() {
  Lock lock(mutex_);
  TRY(check_usable());
  return latest();
}

Snapshot Store::latest() const {
  if (log_->poisoned()) return latest_durable();
  return {applied_, version_, snapshots_->pin(applied_)};
}

// Rows hide themselves by their sequences; tables that were made, changed or dropped since do not.
Snapshot Store::latest_durable() const {
  const std::uint64_t durable = raw(log_->durable());
  const auto replaced = std::ranges::upper_bound(replaced_, durable, {}, &Replaced::at);
  return {durable, replaced == replaced_.end() ? version_ : replaced->version, snapshots_->pin(durable)};
}

Result<TableId> Store::next_table_id() {
  Lock lock(mutex_);
  TRY(check_usable());
  return TableId{next_table_++};
}

Result<std::uint64_t> Store::reserve_keys(TableId table, std::uint64_t count) {
  Lock lock(mutex_);
  TRY(check_usable());
  const TableVersion* found = version_->find(table);
  if (found == nullptr) return Error(Code::not_found, "the table does not exist any more").with_sqlstate("42P01");
  return found->keys->reserve(count);
}

Result<void> Store::prepare(WriteSet& writes, PreparedGroup& prepared) {
  std::uint64_t row = next_row_;
  for (Change& change : writes.changes) {
    if (auto* rows = std::get_if<InsertRows>(&change)) {
      rows->first_row = RowId{row};
      row += rows->batch.rows();
    }
    TRY(prepared.add(change));
  }
  next_row_ = row;
  return {};
}

Result<CommitResult> Store::commit(WriteSet writes, Durability durability, CommitValidator* validator) {
  Lock lock(mutex_);
  TRY(check_usable());
  if (writes.empty()) return CommitResult{applied_};
  TRY(check_writable());
  if (validator != nullptr) TRY(validator->validate(latest(), writes));
  PreparedGroup prepared(*version_, {world_.scheduler, budget_, indexes_});
  TRY(prepare(writes, prepared));
  ByteBuffer payload;
  encode_write_set(writes, payload);
  std::erase_if(replaced_, [durable = raw(log_->durable())](const Replaced& old) { return old.at <= durable; });
  replaced_.reserve(replaced_.size() + 1);  // Nothing may fail once the log is written.
  const Lsn lsn = TRY(log_->append(payload, world_.clock.wall_ns()));
  if (changes_tables(writes)) replaced_.push_back({raw(lsn), version_});
  version_ = prepared.publish(raw(lsn));
  applied_ = raw(lsn);
  if (durability == Durability::commit) TRY(make_durable(lsn));
  return CommitResult{raw(lsn)};
}

// The first who needs a sync leads it, with the lock released; the others wait for its end and look again.
Result<void> Store::make_durable(Lsn lsn) {
  while (log_->durable() < lsn) {
    TRY(check_writable());
    if (syncing_) {
      sync_ended_.wait(mutex_);
      continue;
    }
    LogSync sync = TRY(log_->begin_sync());
    syncing_ = true;
    mutex_.unlock();
    Result<void> outcome = sync.run();
    mutex_.lock();
    syncing_ = false;
    auto ended = log_->end_sync(sync, std::move(outcome));
    sync_ended_.notify_all();
    if (!ended) return std::move(ended).error();
  }
  return {};
}

Result<void> Store::sync() {
  Lock lock(mutex_);
  TRY(check_usable());
  return make_durable(log_->last());
}

Result<void> Store::close() {
  Lock lock(mutex_);
  if (closed_) return {};
  while (syncing_) sync_ended_.wait(mutex_);
  closed_ = true;
  auto marked = mark_closed();
  owner_.reset();  // Last: from here on another writer may open the database.
  return marked;
}

Result<void> Store::mark_closed() {
  if (!log_ || log_->poisoned()) return {};
  TRY(log_->mark(LogRecordKind::close, world_.clock.wall_ns()));
  TRY(log_->sync());
  return manifest_->mark(log_->durable());
}

}  // namespace mneme
