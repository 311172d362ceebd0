#include "storage/manifest.h"

#include <algorithm>
#include <cstring>

#include "base/coding.h"
#include "storage/manifest_record.h"

namespace mneme {
namespace {

constexpr std::uint64_t kAllocationBytes = std::uint64_t{64} << 10;
constexpr std::uint64_t kCurrentBytesMax = 64;
constexpr std::uint64_t kGrowthMax = 4;  // Times the live state, before the manifest is rewritten.

// Nothing when there is no CURRENT.
Result<std::optional<FileNumber>> read_current(FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/CURRENT";
  if (!TRY(files.exists(path))) return std::optional<FileNumber>();
  auto file = TRY(files.open(path, FileSystem::Open::read_only));
  std::array<std::byte, kCurrentBytesMax> bytes{};
  const std::size_t count = TRY(file->read(0, bytes));
  const auto number = parse_current(as_text(Bytes(bytes).first(count)));
  if (!number) return Error(Code::corrupt, path + ": does not name a manifest");
  return number;
}

ManifestEdit close_mark(Lsn log_synced) {
  ManifestEdit mark;
  mark.known_synced = log_synced;
  return mark;
}

std::uint64_t encoded_bytes(const ManifestState& state) {
  ByteBuffer bytes;
  encode_edit(state.as_edit(), bytes);
  return bytes.size();
}

bool is_zero(Bytes sector) {  // REQUIRES: not empty.
  return sector[0] == std::byte{0} && std::memcmp(sector.data(), sector.data() + 1, sector.size() - 1) == 0;
}

}  // namespace

std::string Manifest::path(FileNumber number) const { return directory_ + "/" + manifest_name(number); }

Result<void> Manifest::check_usable() const {
  if (poisoned_) {
    return Error(Code::io, directory_ + ": the manifest is closed: an earlier write failed; open the database again");
  }
  return {};
}

Result<void> Manifest::synced(Result<void> outcome) {
  if (!outcome) poisoned_ = true;
  return outcome;
}

Result<std::unique_ptr<Manifest>> Manifest::create(FileSystem& files, std::string directory,
                                                   const ManifestEdit& first) {
  std::unique_ptr<Manifest> manifest(new Manifest(files, std::move(directory)));
  if (TRY(files.exists(manifest->directory_ + "/CURRENT"))) {
    return Error(Code::already_exists, manifest->directory_ + ": is a database already");
  }
  TRY(manifest->list_manifests({}));
  ManifestState state;
  TRY(state.apply(first));
  TRY(manifest->switch_to(state));
  return manifest;
}

Result<std::unique_ptr<Manifest>> Manifest::open(FileSystem& files, std::string directory) {
  std::unique_ptr<Manifest> manifest(new Manifest(files, std::move(directory)));
  const auto number = TRY(read_current(files, manifest->directory_));
  if (!number) {
    TRY(manifest->refuse_lost_current());
    return Error(Code::not_found, manifest->directory_ + ": no database here");
  }
  TRY(manifest->load(*number, FileSystem::Open::read_write));
  TRY(manifest->list_manifests(*number));
  if (manifest->closed_) manifest->step_before_mark();
  // If the process that switched CURRENT was killed before its sync, a power cut would still undo the switch, and
  // with it every edit made from now on. A life that wrote a close mark did that sync, at its beginning or after.
  if (!manifest->closed_) TRY(files.sync_directory(manifest->directory_, SyncSite::current_directory));
  return manifest;
}

Result<ManifestState> Manifest::read(FileSystem& files, std::string directory) {
  Followed followed = TRY(follow(files, std::move(directory)));
  return std::move(followed.state);
}

Result<Manifest::Followed> Manifest::follow(FileSystem& files, std::string directory, const ManifestPoint& up_to) {
  Manifest manifest(files, std::move(directory));
  const auto number = TRY(read_current(files, manifest.directory_));
  if (!number) return Error(Code::not_found, manifest.directory_ + ": no database here");
  TRY(manifest.load(*number, FileSystem::Open::read_only, *number == up_to.manifest ? up_to.sequence : kAllEdits));
  if (manifest.closed_) manifest.step_before_mark();
  return Followed{std::move(manifest.state_), manifest.point()};
}

// A creation cut short leaves a manifest without CURRENT, and only one edit in it. More means that CURRENT was lost.
Result<void> Manifest::refuse_lost_current() {
  for (const std::string& name : TRY(files_.list(directory_))) {
    const auto number = manifest_number(name);
    if (!number) continue;
    Manifest left(files_, directory_);
    const auto loaded = left.load(*number, FileSystem::Open::read_only);
    if (!loaded && loaded.error().code() == Code::io) return loaded;
    if (left.current_.sequence > 1 || !left.state_.segments.empty()) {
      return Error(Code::corrupt, directory_ + "/CURRENT: is missing, but " + name + " has been in use");
    }
  }
  return {};
}

Result<void> Manifest::list_manifests(FileNumber current) {
  for (const std::string& name : TRY(files_.list(directory_))) {
    const auto number = manifest_number(name);
    if (!number) continue;
    number_max_ = std::max(number_max_, *number);
    if (*number != current) obsolete_.push_back(name);
  }
  return {};
}

Result<void> Manifest::load(FileNumber number, FileSystem::Open mode, std::uint64_t sequence_max) {
  current_.number = number;
  auto file = files_.open(path(number), mode);
  if (!file && file.error().code() == Code::not_found) {
    return Error(Code::corrupt, path(number) + ": is missing, but CURRENT names it");
  }
  current_.file = TRY(std::move(file));
  if (mode == FileSystem::Open::read_write) current_.file->forget_cached();
  current_.allocated = TRY(current_.file->size());
  FileWindow window(*current_.file, current_.allocated);
  const Bytes header = TRY(window.view(0, kFileHeaderBytes));
  current_.header = TRY(decode_header(kManifestMagic, header, path(number)));
  if (current_.header.number != number) return Error(Code::corrupt, path(number) + ": its header has another number");
  if (mode == FileSystem::Open::read_write && current_.header.read_only_compatible != 0) {
    return Error(Code::unsupported, path(number) + ": uses features this build can read but not write");
  }
  current_.end = kFileBodyOffset;
  return read_edits(window, sequence_max);
}

Result<void> Manifest::read_edits(FileWindow& window, std::uint64_t sequence_max) {
  while (current_.sequence < sequence_max) {
    if (!TRY(read_edit(window))) return judge_tail(window);
  }
  return {};
}

// Reads the edit that belongs at the end; false if none stands there.
Result<bool> Manifest::read_edit(FileWindow& window) {
  const Bytes head = TRY(window.view(current_.end, kManifestRecordHeaderBytes));
  if (head.size() < kManifestRecordHeaderBytes) return false;
  const ManifestRecordHeader header = decode_manifest_record(head);
  if (header.sequence != current_.sequence + 1 || header.payload_bytes > kManifestPayloadBytesMax) return false;
  const std::uint64_t bytes = kManifestRecordHeaderBytes + header.payload_bytes;
  const Bytes record = TRY(window.view(current_.end, bytes));
  if (record.size() < bytes || !manifest_record_intact(record, current_.header.crc)) return false;

  const std::string where = path(current_.number) + " at offset " + std::to_string(current_.end);
  auto edit = decode_edit(record.subspan(kManifestRecordHeaderBytes));
  if (!edit) return std::move(edit).error().during(where);
  if (auto folded = state_.fold(*edit); !folded) return std::move(folded).error().during(where);
  closed_ = edit->known_synced && *edit == close_mark(*edit->known_synced);
  current_.last = current_.end;
  current_.sequence = header.sequence;
  current_.synced = std::max(current_.synced, header.known_synced);
  current_.end = align_to_sector(current_.end + bytes);
  return true;
}

// Behind the last good edit there is nothing but zeros, or the debris of one that was never acknowledged. An intact
// record there that was written when the missing one was known synced makes it corruption instead.
Result<void> Manifest::judge_tail(FileWindow& window) {
  const std::uint64_t file_bytes = window.file_bytes();
  std::uint64_t debris_end = current_.end;
  bool lost = current_.sequence == 0;        // The first edit was durable before CURRENT named the file.
  std::uint64_t checkable = 8 * file_bytes;  // Bytes to checksum before a file made to cost time is given up.
  for (std::uint64_t at = current_.end; at < file_bytes && !lost; at += kSectorBytes) {
    const Bytes sector = TRY(window.view(at, kSectorBytes));
    if (is_zero(sector)) continue;
    debris_end = at + sector.size();
    if (sector.size() < kManifestRecordHeaderBytes) continue;
    const ManifestRecordHeader header = decode_manifest_record(sector);
    const std::uint64_t bytes = kManifestRecordHeaderBytes + header.payload_bytes;
    if (header.known_synced <= current_.sequence || bytes > file_bytes - at || bytes > checkable) continue;
    checkable -= bytes;
    lost = manifest_record_intact(TRY(window.view(at, bytes)), current_.header.crc);
  }
  if (lost) {
    return Error(Code::corrupt, path(current_.number) + ": a damaged edit at offset " + std::to_string(current_.end));
  }
  tail_cut_ = debris_end - current_.end;
  return {};
}

Result<void> Manifest::append(const ManifestEdit& edit) {
  if (closed_ && !edit.known_synced) {  // It takes the mark's place, and so says what the mark said.
    ManifestEdit whole = edit;
    whole.known_synced = state_.known_synced;
    return append(whole);
  }
  TRY(check_usable());
  ManifestState changed = state_;
  TRY(changed.apply(edit));
  if (tail_cut_ > 0) return switch_to(changed);
  TRY(write_edit(current_, edit));
  if (auto durable = synced(current_.file->sync(SyncSite::manifest_data)); !durable) {
    return std::move(durable).error().during("sync the manifest");
  }
  current_.synced = current_.sequence;
  closed_ = false;
  state_ = std::move(changed);
  return {};
}

Result<void> Manifest::mark(Lsn log_synced) {
  TRY(check_usable());
  if (tail_cut_ > 0) return switch_to(state_);
  return write_edit(current_, close_mark(log_synced));
}

Result<void> Manifest::write_edit(Open& open, const ManifestEdit& edit) {
  ByteBuffer record(kManifestRecordHeaderBytes);
  encode_edit(edit, record);
  const std::uint64_t payload_bytes = record.size() - kManifestRecordHeaderBytes;
  if (payload_bytes > kManifestPayloadBytesMax) return Error(Code::full, "a manifest edit over 256 MiB");
  const std::uint64_t record_end = open.end + record.size();
  if (record_end > open.allocated) {
    const std::uint64_t wanted = (record_end + kAllocationBytes - 1) / kAllocationBytes * kAllocationBytes;
    TRY(open.file->allocate(wanted));
    open.allocated = wanted;
  }
  seal_manifest_record({.payload_bytes = static_cast<std::uint32_t>(payload_bytes),
                        .sequence = open.sequence + 1,
                        .known_synced = open.synced},
                       open.header.crc, record);
  TRY(write_record(open, record));
  open.end = align_to_sector(record_end);
  ++open.sequence;
  return {};
}

// An edit that failed must not be found later: it may have reached the file in whole.
Result<void> Manifest::write_record(Open& open, Bytes record) {
  auto written = open.file->write(open.end, record);
  if (written) return {};
  const ByteBuffer zeros(record.size());
  if (!open.file->write(open.end, zeros)) poisoned_ = true;
  return std::move(written).error().during("write the manifest");
}

// A mark was never synced: behind one that the disk lost, the next edit would stand behind a gap.
void Manifest::step_before_mark() {
  current_.end = current_.last;
  --current_.sequence;
}

bool Manifest::wants_rewrite() const {
  if (current_.end <= kGrowthMax * kAllocationBytes) return false;
  return current_.end > kGrowthMax * encoded_bytes(state_);
}

Result<void> Manifest::rewrite() {
  TRY(check_usable());
  return switch_to(state_);
}

// New file -> sync -> directory sync -> CURRENT.tmp -> sync -> rename -> directory sync; the old file is unlinked
// later.
Result<void> Manifest::switch_to(const ManifestState& state) {
  Open fresh;
  number_max_ = next(number_max_);
  fresh.number = number_max_;
  auto outcome = fill(fresh, state);
  if (outcome) outcome = point_current_at(fresh.number);
  if (!outcome) {
    obsolete_.push_back(manifest_name(fresh.number));
    return std::move(outcome).error().during("begin a new manifest");
  }
  if (current_.file) obsolete_.push_back(manifest_name(current_.number));
  if (&state != &state_) state_ = state;
  current_ = std::move(fresh);
  tail_cut_ = 0;
  closed_ = false;
  return {};
}

Result<void> Manifest::fill(Open& fresh, const ManifestState& state) {
  fresh.file = TRY(files_.open(path(fresh.number), FileSystem::Open::create));
  TRY(fresh.file->allocate(kAllocationBytes));
  fresh.allocated = kAllocationBytes;
  fresh.header.number = fresh.number;
  fresh.header.origin = state.origin;
  fresh.header.epoch = state.epoch;
  TRY(fresh.file->write(0, encode_header(kManifestMagic, fresh.header)));
  fresh.end = kFileBodyOffset;
  TRY(write_edit(fresh, state.as_edit()));
  TRY(synced(fresh.file->sync(SyncSite::manifest_file)));
  fresh.synced = fresh.sequence;
  return synced(files_.sync_directory(directory_, SyncSite::manifest_directory));
}

Result<void> Manifest::point_current_at(FileNumber number) {
  const std::string temporary = directory_ + "/CURRENT.tmp";
  const std::string text = current_text(number);
  if (TRY(files_.exists(temporary))) TRY(files_.unlink(temporary));
  auto file = TRY(files_.open(temporary, FileSystem::Open::create));
  TRY(file->allocate(text.size()));
  TRY(file->write(0, as_bytes(text)));
  TRY(synced(file->sync(SyncSite::current_file)));
  // After a failed rename nobody knows which manifest counts: like a failed sync, it ends in a new open.
  TRY(synced(files_.rename(temporary, directory_ + "/CURRENT")));
  return synced(files_.sync_directory(directory_, SyncSite::current_directory));
}

Result<void> Manifest::unlink_obsolete() {
  TRY(check_usable());  // After a failed switch CURRENT may name any of them.
  while (!obsolete_.empty()) {
    auto unlinked = files_.unlink(directory_ + "/" + obsolete_.back());
    if (!unlinked && unlinked.error().code() != Code::not_found) return unlinked;
    obsolete_.pop_back();
  }
  return {};
}

}  // namespace mneme
