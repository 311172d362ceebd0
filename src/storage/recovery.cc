#include "storage/recovery.h"

#include <algorithm>

#include "storage/segment_output.h"

namespace mneme {

// A database is begun in an empty directory, or where a beginning was cut short: never among files of somebody else.
Result<void> Recovery::refuse_foreign(const StoreCore& core) {
  constexpr std::string_view kOurs[] = {"LOCK", "READERS", "wal", "seg", "blob"};
  for (const std::string& name : TRY(core.world.files.list(core.directory))) {
    if (name.starts_with("MANIFEST-") || name.starts_with("CURRENT") ||
        std::ranges::find(kOurs, name) != std::end(kOurs))
      continue;
    return Error(Code::already_exists, core.directory + ": holds '" + name + "', and no database");
  }
  return {};
}

Result<void> Recovery::create_directories(const StoreCore& core) {
  FileSystem& files = core.world.files;
  TRY(files.create_directory(core.directory));
  const bool begun = TRY(files.exists(core.directory + "/CURRENT"));
  if (begun && TRY(files.exists(core.blob_directory()))) return {};
  if (!begun) TRY(refuse_foreign(core));
  TRY(files.create_directory(core.wal_directory()));
  TRY(files.create_directory(core.segment_directory()));
  TRY(files.create_directory(core.blob_directory()));
  TRY(files.sync_directory(core.directory, SyncSite::database_directory));
  const auto slash = core.directory.rfind('/');
  return files.sync_directory(slash == std::string::npos ? "." : core.directory.substr(0, slash),
                              SyncSite::database_directory);
}

Result<std::unique_ptr<Manifest>> Recovery::open_manifest(StoreCore& core) {
  auto found = Manifest::open(core.world.files, core.directory);
  if (found || found.error().code() != Code::not_found) return found;
  // A log file is only ever made after CURRENT was durable: without it this is a damaged database, not a new one.
  if (!TRY(core.world.files.list(core.wal_directory())).empty()) {
    return Error(Code::corrupt,
                 core.directory + "/CURRENT: is missing, but " + core.wal_directory() + " holds log files");
  }
  ManifestEdit first;
  first.origin = core.world.random.next() | 1;  // 0 means none.
  first.epoch = 1;
  return Manifest::create(core.world.files, core.directory, first);
}

Result<RecoveryReport> Recovery::run() {
  RecoveryReport report;
  report.manifest_tail_cut = maintenance_.manifest().tail_cut();
  StateLoader loader(core_, maintenance_.manifest().state(), hooks());
  TRY(loader.load());
  maintenance_.remember_catalog(*loader.version());
  const LogReplay found = TRY(replay(loader));
  TRY(loader.resolve_deferred());
  report.groups = found.records;
  report.log_tail_cut = found.tail_cut;
  TRY(continue_log(found, loader));
  maintenance_.remove_strays(TRY(core_.world.files.list(core_.segment_directory())));
  maintenance_.remove_blob_strays(TRY(core_.world.files.list(core_.blob_directory())));
  return report;
}

StateLoader::Hooks Recovery::hooks() {
  const auto segment = [this](const SegmentInfo& info) {
    auto handle =
        std::make_shared<SegmentHandle>(core_.world.files, core_.world.scheduler, segment_path(core_, info.file),
                                        raw(info.file), core_.cache, core_.budget);
    maintenance_.remember_file(handle);
    return handle;
  };
  const auto deletes = [this](const DeleteFile& file, TableId table, std::uint64_t up_to) {
    maintenance_.remember_deletes(file, table, up_to);
  };
  const auto make_room = [this](Version& version, Lsn applied) { return maintenance_.flush_early(version, applied); };
  return {segment, deletes, make_room};
}

Result<LogReplay> Recovery::replay(StateLoader& loader) {
  const ManifestState& state = maintenance_.manifest().state();
  const LogReplayOptions from{.wal_directory = core_.wal_directory(),
                              .start = state.log_start,
                              .from = state.log_start.lsn,
                              .known_synced = state.known_synced,
                              .epoch = state.epoch,
                              .origin = state.origin,
                              .after_close = maintenance_.manifest().closed()};
  return replay_log(core_.world.files, from, [&loader](const LogRecord& record) { return loader.replay(record); });
}

// A larger epoch, durable before its first record: what was cut can never be taken for ours again.
Result<void> Recovery::continue_log(const LogReplay& found, const StateLoader& loader) {
  Manifest& manifest = maintenance_.manifest();
  ManifestEdit edit;
  edit.epoch = manifest.state().epoch + 1;
  edit.known_synced = found.known_synced;
  TRY(manifest.append(edit));
  const LogOptions options{.wal_directory = core_.wal_directory(),
                           .file_bytes = core_.options.log_file_bytes,
                           .origin = manifest.state().origin};
  auto log = TRY(LogWriter::open(core_.world.files, options, manifest.state().epoch, found));
  if (found.torn) {  // Written over in part, the cut record could be whole again. The mark stands where it was, for
                     // good.
    TRY(log->mark(LogRecordKind::mark, core_.world.clock.wall_ns()));
    TRY(log->sync());
  }
  if (manifest.state().log_start.file == FileNumber{}) {  // Before its first record: without it the loss of the file
    ManifestEdit begins;                                  // would look like a database that was never written to.
    begins.log_start = log->replay_start(Lsn{1});
    TRY(manifest.append(begins));
  }
  core_.blobs.start(manifest.state().next_file, manifest.state().origin, manifest.state().epoch);
  core_.board.begin({.epoch = manifest.state().epoch,
                     .origin = manifest.state().origin,
                     .durable = log->durable(),
                     .point = manifest.point(),
                     .boot = this_boot()});
  Lock lock(core_.mutex);
  core_.log = std::move(log);
  core_.applied = raw(core_.log->last());
  core_.show(loader.version());
  const std::uint64_t start = raw(manifest.state().log_start.lsn);
  core_.flushed_to = Lsn{start == 0 ? 0 : start - 1};
  core_.next_row = loader.next_row();
  core_.next_table = loader.next_table();
  return {};
}

}  // namespace mneme
