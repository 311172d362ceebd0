#include "storage/follower.h"

#include <algorithm>
#include <new>

#include "storage/log_replay.h"
#include "storage/segment_output.h"

namespace mneme {
namespace {

constexpr int kBuildTries = 10;                      // While the writer moves on under a reader that has no pin yet.
constexpr std::int64_t kRetryNs = 1'000'000;         // After the first of them; doubles.
constexpr std::int64_t kRestNs = 1'000'000'000;      // How often a state that nobody reads is looked at.
constexpr std::size_t kFollowBytes = 16 << 10;       // A few commits: most often there is one.
constexpr std::size_t kSmallRecordBytes = 64 << 10;  // Not worth a reservation.

bool may_pass(const Error& error) {  // Of what is seen of files that are being changed.
  return error.code() == Code::corrupt || error.code() == Code::not_found;
}

Lsn flushed_to(const ManifestState& state) {
  return Lsn{raw(state.log_start.lsn) == 0 ? 0 : raw(state.log_start.lsn) - 1};
}

}  // namespace

Result<std::unique_ptr<Follower>> Follower::open(StoreCore& core) {
  if (!TRY(core.world.files.exists(core.directory + "/CURRENT"))) {
    return Error(Code::not_found, core.directory + ": there is no database here");
  }
  std::unique_ptr<Follower> follower(new Follower(core));
  TRY(follower->take_slot());
  TRY(follower->begin());
  return follower;
}

Result<void> Follower::take_slot() {
  auto slot = ReaderSlot::take(core_.world, core_.directory);
  if (slot) {
    slot_ = *std::move(slot);
    return {};
  }
  const bool full = slot.error().code() == Code::full;  // The disk, or READERS.
  if (slot.error().code() != Code::io && !full) return std::move(slot).error();
  const auto writer = core_.world.files.is_locked(core_.directory + "/LOCK");
  if (!writer || !*writer) return {};
  if (full) return std::move(slot).error();
  return Error(Code::busy,
               core_.directory + ": a writer has it, and cannot be told of this reader: " + slot.error().message())
      .with_hint("a reader beside a writer needs permission to write to READERS");
}

Result<void> Follower::begin() {
  Lock lock(mutex_);
  TRY(build());
  if (core_.options.threads != 0 && slot_) {
    thread_ = std::make_unique<Thread>(core_.world.scheduler, "follower", [this] { run(); });
  }
  return {};
}

Follower::~Follower() { close(); }

void Follower::close() {
  {
    Lock lock(mutex_);
    stopping_ = true;
    ending_.notify_all();
  }
  if (thread_) thread_->join();
  Lock lock(mutex_);
  if (!slot_) return;
  if (auto unpinned = slot_->pin(kNoManifestPoint, kNoLogFile); !unpinned) {
    // The lock goes with the file, and the pin with it.
  }
}

void Follower::run() {
  for (;;) {
    {
      Lock lock(mutex_);
      if (!stopping_) ending_.wait_for(mutex_, kRestNs);
      if (stopping_) return;
    }
    try {
      if (auto rested = rest(); !rested) {
        // The next snapshot meets the same, and has somebody to tell.
      }
    } catch (const std::bad_alloc&) {  // Later.
    }
  }
}

Result<Snapshot> Follower::snapshot() {
  Lock lock(mutex_);
  TRY(catch_up());
  Lock core_lock(core_.mutex);
  return core_.latest();
}

Result<std::vector<ReaderPin>> Follower::readers() {
  Lock lock(mutex_);
  if (!slot_) return std::vector<ReaderPin>();
  return slot_->readers();
}

Result<void> Follower::rest() {
  Lock lock(mutex_);
  if (!slot_ || !loaded_) return {};
  const auto mark = TRY(slot_->mark());
  if (mark && loaded_->mark && mark->point != loaded_->mark->point && let_go_if_unused()) loaded_.reset();
  return renew_pin();
}

Result<void> Follower::catch_up() {
  if (!loaded_) return build();
  if (!slot_) return {};
  const auto mark = TRY(slot_->mark());
  if (mark == loaded_->mark || !mark) return shown_.size() > 1 ? renew_pin() : Result<void>{};
  if (loaded_->mark && mark->point == loaded_->mark->point && mark->epoch == loaded_->epoch) {
    if (advance(*mark)) return renew_pin();
  }
  return build();
}

LogReplayOptions Follower::log_from(const LogPosition& start, std::uint32_t epoch, std::uint64_t origin) const {
  return {.wal_directory = core_.wal_directory(),
          .start = start,
          .from = start.lsn,
          .epoch = epoch,
          .origin = origin,
          .after_close = true};  // What the cache shows is all that matters; it is not ours to drop.
}

// On an error what was applied counts, and the state is built anew.
Result<void> Follower::advance(const ReadersMark& mark) {
  auto options = log_from(loaded_->end, loaded_->epoch, loaded_->origin);
  options.until = mark.durable;
  options.piece_bytes = kFollowBytes;
  const LogReplay found = TRY(replay_log(core_.world.files, options,
                                         [this](const LogRecord& record) LOCK_HELD(mutex_) { return apply(record); }));
  Lock lock(core_.mutex);
  core_.applied = raw(found.end.lsn) - 1;
  loaded_->end = found.end;
  loaded_->mark = mark;
  return {};
}

Result<void> Follower::apply(const LogRecord& record) {
  Reservation memory;
  if (record.payload.size() > kSmallRecordBytes) {
    memory = TRY(core_.budget.reserve(record.payload.size(), MemoryShare::queries, "following the log"));
  }
  shown_.reserve(shown_.size() + 1);
  Lock lock(core_.mutex);
  const auto base = core_.version;
  const WriteSet writes = TRY(decode_record(record, *base));
  if (memory.bytes() > 0) TRY(memory.grow(memory_bytes(writes)));
  PreparedGroup prepared(*base, {core_.world.scheduler, core_.budget, core_.indexes, nullptr, &core_.blobs, true});
  for (const Change& change : writes.changes) TRY(prepared.add(change));
  core_.applied = raw(record.lsn);
  if (auto next = prepared.publish(raw(record.lsn))) {
    shown_.push_back({loaded_->point, next});
    core_.show(std::move(next));
  }
  return {};
}

// The first try goes by the mark. After a power cut, or where the writer could not write it, it may be older than the
// files: the next one does without.
Result<void> Follower::build() {
  loaded_.reset();
  for (int tried = 0;; ++tried) {
    auto built = build_once(tried % 2 == 0);
    if (built || !may_pass(built.error()) || tried == kBuildTries) return built;
    core_.world.scheduler.sleep_ns(kRetryNs << (tried / 2));
  }
}

Result<void> Follower::build_once(bool believe_mark) {
  Loaded loaded;
  if (slot_) {
    TRY(slot_->pin({}, {}));  // Before the manifest is read: nothing that it names may go from now on.
    loaded.mark = TRY(slot_->mark());
  }
  const ManifestPoint up_to = believe_mark && loaded.mark ? loaded.mark->point : kNoManifestPoint;
  const Manifest::Followed manifest = TRY(Manifest::follow(core_.world.files, core_.directory, up_to));
  const ManifestState& state = manifest.state;
  if (loaded.mark && loaded.mark->origin != state.origin) loaded.mark.reset();
  Lsn durable = loaded.mark ? std::max(loaded.mark->durable, state.known_synced) : TRY(find_durable(state));
  durable = std::max(durable, flushed_to(state));
  loaded.point = manifest.point;
  loaded.epoch = state.epoch;
  loaded.origin = state.origin;

  TRY(find_segments(state));
  let_go_if_unused();
  const auto handle = [this](const SegmentInfo& info) { return handle_of(info); };
  StateLoader loader(core_, state, {.segment = handle, .deletes = {}, .make_room = {}});
  TRY(loader.load());
  loaded.end = TRY(replay(state, durable, loader));
  TRY(loader.resolve_deferred());
  return show(loader, loaded);
}

// They are opened when they are read, which is too late to find out that the state is older than the files.
Result<void> Follower::find_segments(const ManifestState& state) const {
  for (const auto& [number, info] : state.segments) {
    const std::string path = segment_path(core_, number);
    if (!TRY(core_.world.files.exists(path))) return Error(Code::not_found, path + ": is missing");
  }
  return {};
}

// Nobody says it: what the manifest and the records that stand in the log say.
Result<Lsn> Follower::find_durable(const ManifestState& state) const {
  if (state.log_start.file == FileNumber{}) return state.known_synced;
  auto options = log_from(state.log_start, state.epoch, state.origin);
  options.known_synced = state.known_synced;
  const LogReplay found = TRY(replay_log(core_.world.files, options, [](const LogRecord&) { return Result<void>{}; }));
  return found.closed ? Lsn{raw(found.end.lsn) - 1} : found.known_synced;
}

Result<LogPosition> Follower::replay(const ManifestState& state, Lsn durable, StateLoader& loader) {
  if (state.log_start.file == FileNumber{}) return LogPosition{.lsn = Lsn{1}};  // It is just being made.
  auto options = log_from(state.log_start, state.epoch, state.origin);
  options.until = durable;
  const LogReplay found =
      TRY(replay_log(core_.world.files, options, [&loader](const LogRecord& record) { return loader.replay(record); }));
  groups_ = found.records;
  return found.end;
}

Result<void> Follower::show(const StateLoader& loader, const Loaded& loaded) {
  shown_.reserve(shown_.size() + 1);
  {
    Lock lock(core_.mutex);
    const std::uint64_t applied = raw(loaded.end.lsn) - 1;
    if (applied < core_.applied) {
      return Error(Code::corrupt, core_.directory + ": ends at commit " + std::to_string(applied) + ", but had " +
                                      std::to_string(core_.applied.load()));
    }
    core_.applied = applied;
    core_.show(loader.version());
    shown_.push_back({loaded.point, loader.version()});
  }
  loaded_ = loaded;
  return renew_pin();
}

// So that a file which stays keeps its blocks in the cache.
std::shared_ptr<SegmentHandle> Follower::handle_of(const SegmentInfo& info) {
  std::weak_ptr<SegmentHandle>& known = handles_[info.file];
  if (auto handle = known.lock()) return handle;
  auto handle =
      std::make_shared<SegmentHandle>(core_.world.files, core_.world.scheduler, segment_path(core_, info.file),
                                      raw(info.file), core_.cache, core_.budget);
  known = handle;
  return handle;
}

// Its memory is for the next state. Only snapshot() hands versions out, under the lock that is held here.
bool Follower::let_go_if_unused() {
  Lock lock(core_.mutex);
  core_.snapshots->hide();  // It holds the version for snapshots that need no lock; here all are taken under ours.
  if (core_.version.use_count() > 1) return false;
  core_.show(std::make_shared<const Version>());
  return true;
}

Result<void> Follower::renew_pin() {
  std::erase_if(shown_, [](const Shown& shown) { return shown.version.expired(); });
  std::erase_if(handles_, [](const auto& entry) { return entry.second.expired(); });
  if (!slot_) return {};
  ManifestPoint oldest = kNoManifestPoint;
  for (const Shown& shown : shown_) oldest = std::min(oldest, shown.point);
  return slot_->pin(oldest, kNoLogFile);
}

}  // namespace mneme
