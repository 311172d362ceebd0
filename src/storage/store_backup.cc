#include "storage/store_backup.h"

#include <algorithm>

namespace mneme {
namespace {

constexpr std::size_t kCopyBytes = 64 << 10;

class Backup {  // One thread at a time; lives for one backup.
 public:
  Backup(StoreCore& core, Maintenance& maintenance, std::string destination)
      : core_(core), files_(core.world.files), maintenance_(maintenance), to_(std::move(destination)) {}

  Result<void> run() LOCK_NOT_HELD(core_.mutex) {
    if (TRY(files_.exists(to_)) && !TRY(files_.list(to_)).empty()) {
      return Error(Code::already_exists, "'" + to_ + "' is not empty");
    }
    for (const char* directory : {"", "/wal", "/seg", "/blob"}) TRY(files_.create_directory(to_ + directory));
    const auto copy_held = [this](const HeldFiles& held) { return copy_files(held); };
    TRY(maintenance_.with_files_held(copy_held));
    for (const auto& segment : segments_) {
      TRY(link_or_copy(segment->path(), state_.segments.at(FileNumber{segment->number()}).bytes));
    }
    // What rows refer to is durable and stays; what is appended meanwhile does no harm.
    for (const auto& blob : blobs_) {
      const auto bytes = blob->size();
      if (!bytes && bytes.error().code() == Code::not_found) {
        if (!blob->is_complete()) continue;  // Somebody is about to make it.
        return Error(Code::corrupt, "'" + blob->path() + "' is missing, but rows refer to it");
      }
      if (!bytes) return bytes.error();
      TRY(link_or_copy(blob->path(), *bytes, Length::may_shrink));
    }
    return name_it();
  }

 private:
  // What changes, and what goes away once maintenance goes on; segments are only taken hold of.
  Result<void> copy_files(const HeldFiles& held) LOCK_NOT_HELD(core_.mutex) {
    state_ = held.state;
    for (const auto& [key, file] : state_.deletes) {
      TRY(copy(delete_path(core_, file.segment, file.sequence), file.bytes));
    }
    for (const auto& [number, handle] : held.segments) {
      if (handle) segments_.push_back(handle);
      if (!handle) TRY(copy(segment_path(core_, number), state_.segments.at(number).bytes));
    }
    TRY(copy_log());
    // Those of tables that are dropped meanwhile, which the copy of the log may not tell; and what its records refer
    // to.
    blobs_ = held.blobs;
    for (auto& blob : core_.blobs.held()) {
      if (std::ranges::find(blobs_, blob) == blobs_.end()) blobs_.push_back(std::move(blob));
    }
    return {};
  }

  [[nodiscard]] std::string target_of(const std::string& path) const {
    return to_ + path.substr(core_.directory.size());
  }

  enum class Length : std::uint8_t {
    exact,
    at_least,    // A log file is as long as its header says, whatever of it is in use.
    may_shrink,  // Of a blob file: a writer gives room back behind the values that are durable.
  };

  Result<void> link_or_copy(const std::string& path, std::uint64_t bytes, Length kind = Length::exact) {
    auto linked = files_.link(path, target_of(path));
    if (linked || linked.error().code() != Code::unsupported) return linked;
    return copy(path, bytes, kind);
  }

  Result<void> copy(const std::string& path, std::uint64_t bytes, Length kind = Length::exact) {
    const auto from = TRY(files_.open(path, FileSystem::Open::read_only));
    const auto to = TRY(files_.open(target_of(path), FileSystem::Open::create));
    const std::uint64_t length = TRY(from->size());
    TRY(to->allocate(kind == Length::at_least ? std::max(bytes, length) : bytes));
    ByteBuffer buffer(kCopyBytes);
    for (std::uint64_t at = 0; at < bytes;) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), bytes - at));
      const std::size_t count = TRY(from->read(at, MutableBytes(buffer).first(wanted)));
      if (count == 0 && kind == Length::may_shrink) break;
      if (count == 0) return Error(Code::corrupt, "'" + path + "' is shorter than it was when it was written");
      TRY(to->write(at, Bytes(buffer).first(count)));
      at += count;
    }
    return to->sync(SyncSite::backup);
  }

  Result<void> copy_log() LOCK_NOT_HELD(core_.mutex) {
    std::vector<LogExtent> extents;
    {
      Lock lock(core_.mutex);
      TRY(core_.make_durable(core_.log->last()));
      extents = core_.log->extents(state_.log_start.file);
      state_.known_synced = core_.log->durable();
    }
    for (const LogExtent& extent : extents) {
      TRY(copy(log_path(core_.wal_directory(), extent.first.file), extent.bytes, Length::at_least));
    }
    return {};
  }

  Result<void> name_it() {
    for (const char* directory : {"/seg", "/blob", "/wal", ""})
      TRY(files_.sync_directory(to_ + directory, SyncSite::backup));
    TRY(Manifest::create(files_, to_, state_.as_edit()));
    const auto slash = to_.rfind('/');
    return files_.sync_directory(slash == std::string::npos ? "." : to_.substr(0, slash), SyncSite::backup);
  }

  StoreCore& core_;
  FileSystem& files_;
  Maintenance& maintenance_;
  const std::string to_;
  ManifestState state_;
  std::vector<std::shared_ptr<SegmentHandle>> segments_;
  std::vector<std::shared_ptr<BlobFile>> blobs_;
};

}  // namespace

Result<void> back_up_store(StoreCore& core, Maintenance& maintenance, const std::string& destination) {
  return Backup(core, maintenance, destination).run();
}

}  // namespace mneme
