// Opening a store: the lock, the manifest, and the log replayed into memtables.
#include <array>

#include "storage/prepared_group.h"
#include "storage/store.h"

namespace mneme {

Result<std::unique_ptr<Store>> Store::open(const World& world, std::string directory, StoreOptions options,
                                           IndexFactory* indexes) {
  if (options.memory_budget < MemoryBudget::kBytesMin) {
    return Error(Code::invalid_argument, "memory_budget is " + std::to_string(options.memory_budget) +
                                             " bytes; the least is " + std::to_string(MemoryBudget::kBytesMin));
  }
  std::unique_ptr<Store> store(new Store(world, std::move(directory), options, indexes));
  TRY(store->create_directories());
  store->owner_ = TRY(world.files.lock(store->directory_ + "/LOCK", "a writer"));
  Lock lock(store->mutex_);
  auto opened = store->open_manifest();
  if (opened) opened = store->recover();
  if (!opened) {
    store->closed_ = true;  // The destructor must not write to what could not be opened.
    return std::move(opened).error();
  }
  return store;
}

Result<void> Store::create_directories() {
  TRY(world_.files.create_directory(directory_));
  if (TRY(world_.files.exists(directory_ + "/CURRENT"))) return {};
  TRY(world_.files.create_directory(directory_ + "/wal"));
  TRY(world_.files.sync_directory(directory_, SyncSite::database_directory));
  const auto slash = directory_.rfind('/');
  return world_.files.sync_directory(slash == std::string::npos ? "." : directory_.substr(0, slash),
                                     SyncSite::database_directory);
}

Result<void> Store::open_manifest() {
  auto found = Manifest::open(world_.files, directory_);
  if (!found && found.error().code() == Code::not_found) {
    // A log file is only ever made after CURRENT was durable: without it this is a damaged database, not a new one.
    if (!TRY(world_.files.list(directory_ + "/wal")).empty()) {
      return Error(Code::corrupt, directory_ + "/CURRENT: is missing, but " + directory_ + "/wal holds log files");
    }
    ManifestEdit first;
    first.origin = world_.random.next() | 1;  // 0 means none.
    first.epoch = 1;
    found = Manifest::create(world_.files, directory_, first);
  }
  manifest_ = TRY(std::move(found));
  recovery_.manifest_tail_cut = manifest_->tail_cut();
  return {};
}

Result<void> Store::recover() {
  const ManifestState& state = manifest_->state();
  next_row_ = static_cast<std::uint64_t>(state.next_row);
  next_table_ = static_cast<std::uint64_t>(state.next_table);
  const LogReplayOptions from{.wal_directory = directory_ + "/wal",
                              .start = state.log_start,
                              .from = state.log_start.lsn,
                              .known_synced = state.known_synced,
                              .epoch = state.epoch,
                              .origin = state.origin,
                              .after_close = manifest_->closed()};
  const LogReplay found = TRY(replay_log(
      world_.files, from, [this](const LogRecord& record) LOCK_HELD(mutex_) { return replay_group(record); }));
  recovery_.groups = found.records;
  recovery_.log_tail_cut = found.tail_cut;
  // A larger epoch, durable before its first record: what was cut can never be taken for ours again.
  ManifestEdit edit;
  edit.epoch = state.epoch + 1;
  edit.known_synced = found.known_synced;
  TRY(manifest_->append(edit));
  const LogOptions options{
      .wal_directory = directory_ + "/wal", .file_bytes = options_.log_file_bytes, .origin = state.origin};
  log_ = TRY(LogWriter::open(world_.files, options, manifest_->state().epoch, found));
  applied_ = raw(log_->last());
  return {};
}

Result<void> Store::replay_group(const LogRecord& record) {
  if (record.kind != LogRecordKind::group) return {};
  const auto schema_of = [&latest = *version_](TableId table) -> const TableSchema* {
    const TableVersion* found = latest.find(table);
    return found == nullptr ? nullptr : found->schema.get();
  };
  const WriteSet writes = TRY(decode_write_set(record.payload, schema_of));
  PreparedGroup prepared(*version_, {world_.scheduler, budget_, indexes_});
  for (const Change& change : writes.changes) {
    auto added = prepared.add(change);
    // What was valid when it was written and is not now has been damaged; a budget too small is the caller's matter.
    if (!added && added.error().code() == Code::full) return added;
    if (!added) {
      return Error(Code::corrupt, "log record " + std::to_string(raw(record.lsn)) + ": " + added.error().message());
    }
    if (const auto* rows = std::get_if<InsertRows>(&change)) {
      next_row_ = std::max(next_row_, static_cast<std::uint64_t>(rows->first_row) + rows->batch.rows());
    }
    if (const auto* create = std::get_if<CreateTable>(&change)) {
      next_table_ = std::max(next_table_, static_cast<std::uint64_t>(create->schema.id) + 1);
    }
  }
  version_ = prepared.publish(raw(record.lsn));
  return {};
}

}  // namespace mneme
