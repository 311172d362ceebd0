#include "storage/obsolete_files.h"

#include <algorithm>

namespace mneme {

void ObsoleteFiles::add_file(std::string path) {
  files_.push_back({later(), std::move(path), 0, {}, manifest_.point()});
}

void ObsoleteFiles::add_blob(std::string path) {
  ManifestPoint dropped = manifest_.point();
  ++dropped.sequence;
  files_.push_back({later(), std::move(path), 0, {}, dropped});
}

void ObsoleteFiles::add_segment(std::string path, std::uint64_t number, std::weak_ptr<SegmentHandle> held) {
  files_.push_back({later(), std::move(path), number, std::move(held), manifest_.point()});
}

void ObsoleteFiles::add_logs_below(const LogPosition& start) {
  logs_below_ = start;
  logs_after_ = later();
}

void ObsoleteFiles::add_manifests() { manifests_after_ = later(); }

bool ObsoleteFiles::wants_barrier() const {
  if ((logs_after_ != 0 && !passed(logs_after_)) || (manifests_after_ != 0 && !passed(manifests_after_))) return true;
  return std::ranges::any_of(files_, [this](const Entry& entry) { return !passed(entry.after); });
}

Result<void> ObsoleteFiles::release(Manifest& manifest) {
  const bool logs = logs_after_ != 0 && passed(logs_after_);
  if (logs || std::ranges::any_of(files_, [this](const Entry& entry) { return may_go(entry); })) {
    const PinnedFiles pinned = TRY(core_.board.pinned());
    release_files(pinned);
    if (logs) recycle_logs(pinned);
  }
  if (manifests_after_ != 0 && passed(manifests_after_)) {
    TRY(manifest.unlink_obsolete());  // Whoever reads one has it open, and finds the next one after it.
    manifests_after_ = 0;
  }
  return {};
}

void ObsoleteFiles::release_files(const PinnedFiles& pinned) {
  std::erase_if(files_, [&](const Entry& entry) {
    if (!may_go(entry) || pinned.point < entry.dropped) return false;
    if (entry.segment != 0) core_.cache.forget_file(entry.segment);
    const auto gone = core_.world.files.unlink(entry.path);
    return gone || gone.error().code() == Code::not_found;
  });
}

void ObsoleteFiles::recycle_logs(const PinnedFiles& pinned) {
  bool all = true;
  Lock lock(core_.mutex);
  for (const FileNumber number : core_.log->obsolete_below(logs_below_)) {
    const bool gone = number < pinned.log_from && core_.log->recycle(number);
    all = all && gone;
  }
  if (all) logs_after_ = 0;
}

}  // namespace mneme
