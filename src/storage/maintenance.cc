#include "storage/maintenance.h"

#include <algorithm>
#include <charconv>
#include <new>

#include "storage/catalog_bytes.h"

namespace mneme {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kStepNs = 2 * kMillisecond;
constexpr std::int64_t kVacuumStepNs = 100 * kMillisecond;
constexpr std::int64_t kRetryNs = 200 * kMillisecond;
constexpr std::int64_t kIdleMarkNs = 100 * kMillisecond;
constexpr std::size_t kSegmentsAim = 20;
constexpr std::size_t kSegmentsPerShare = 4;
constexpr std::int64_t kSharesMax = 4;
constexpr std::int64_t kTurnNsMax = 250 * kMillisecond;

// The number that stands in a name at `from`; 0: none.
std::uint64_t number_at(const std::string& name, std::size_t from) {
  std::uint64_t number = 0;
  if (from > name.size()) return 0;
  const auto parsed = std::from_chars(name.data() + from, name.data() + name.size(), number);
  return parsed.ec == std::errc() ? number : 0;
}

// "7.seg", "7-2.del": how a store calls its files. What else lies beside them is not its to remove.
bool is_own_name(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return false;
  name.remove_suffix(suffix.size());
  const auto is_digit = [](char c) { return '0' <= c && c <= '9'; };
  const auto dash = suffix == ".del" ? name.find('-') : name.size();
  return dash != 0 && dash != std::string_view::npos && std::ranges::all_of(name.substr(0, dash), is_digit) &&
         std::ranges::all_of(name.substr(std::min(dash + 1, name.size())), is_digit);
}

}  // namespace

Maintenance::Maintenance(StoreCore& core, std::unique_ptr<Manifest> manifest)
    : core_(core), step_mutex_(core.world.scheduler), manifest_(std::move(manifest)), obsolete_(core, *manifest_) {
  const ManifestState& state = manifest_->state();
  next_file_ = state.next_file;
  for (const auto& [key, file] : state.deletes) {
    next_delete_sequence_ = std::max(next_delete_sequence_, key.second + 1);
  }
}

Maintenance::~Maintenance() { stop(); }

void Maintenance::remember_deletes(const DeleteFile& file, TableId table, std::uint64_t up_to) {
  saved_[{file.segment, table}] = {file.sequence, up_to, file.bytes};
}

void Maintenance::remember_catalog(const Version& version) {
  catalog_.clear();
  for (const auto& [id, table] : version.tables) catalog_.emplace(id, table.schema);
}

void Maintenance::remove_strays(const std::vector<std::string>& names) {
  const ManifestState& state = manifest_->state();
  for (const std::string& name : names) {
    if (!is_own_name(name, ".seg") && !is_own_name(name, ".del")) continue;
    const FileNumber number{number_at(name, 0)};
    next_file_ = std::max(next_file_, next(number));
    const bool listed = name.ends_with(".seg") && state.segments.contains(number);
    const bool early = std::ranges::find(unlisted_, number, &SegmentInfo::file) != unlisted_.end();
    const bool saved = std::ranges::any_of(state.deletes, [&](const auto& entry) {
      return delete_path(core_, entry.second.segment, entry.second.sequence).ends_with("/" + name);
    });
    if (!listed && !early && !saved) obsolete_.add_file(core_.segment_directory() + "/" + name);
    if (const auto dash = name.find('-'); name.ends_with(".del") && dash != std::string::npos) {
      next_delete_sequence_ = std::max(next_delete_sequence_, number_at(name, dash + 1) + 1);
    }
  }
  if (!manifest_->obsolete().empty()) obsolete_.add_manifests();  // Of a creation or a rewrite cut short.
}

void Maintenance::remove_blob_strays(const std::vector<std::string>& names) {
  FileNumber after = core_.blobs.next_number();
  for (const std::string& name : names) {
    if (!is_own_name(name, ".blob")) continue;
    const FileNumber number{number_at(name, 0)};
    after = std::max(after, next(number));
    if (!core_.blobs.find(number)) obsolete_.add_file(core_.blob_directory() + "/" + name);
  }
  core_.blobs.start(after, manifest_->state().origin, manifest_->state().epoch);
}

// Segments and blob files count for themselves; the manifest keeps one number that both stay below.
FileNumber Maintenance::next_file() const { return std::max(next_file_, core_.blobs.next_number()); }

// No row refers to them: the edit that dropped the last segment or log record that did is durable.
void Maintenance::retire_blobs() {
  for (std::string& path : core_.blobs.take_obsolete()) obsolete_.add_blob(std::move(path));
}

void Maintenance::start() {
  if (core_.options.threads == 0) return;
  thread_ = std::make_unique<Thread>(core_.world.scheduler, "maintenance", [this] { run(); });
}

void Maintenance::stop() {
  {
    Lock lock(core_.mutex);
    stopping_ = true;
    core_.work.notify_all();
  }
  if (thread_) thread_->join();
}

void Maintenance::run() {
  bool failed = false;
  for (;;) {
    {
      Lock lock(core_.mutex);
      if (!stopping_ && (failed || !core_.work_wanted)) {
        const bool woken = core_.work.wait_for(core_.mutex, failed ? kRetryNs : idle_ns());
        if (!woken && !failed) mark_idle_log();
      }
      if (stopping_) return;
      core_.work_wanted = false;
    }
    const bool more = step_in_thread(failed);
    Lock lock(core_.mutex);
    if (more) core_.work_wanted = true;
  }
}

bool Maintenance::step_in_thread(bool& failed) {
  try {
    const auto stepped = step(core_.world.clock.monotonic_ns() + kStepNs);
    failed = !stepped;
    return stepped && *stepped;
  } catch (const std::bad_alloc&) {  // The next step goes on from there, later.
    failed = true;
    return false;
  }
}

std::int64_t Maintenance::idle_ns() {
  std::int64_t wait_ns = core_.log_marked ? -1 : kIdleMarkNs;
  if (core_.sync_due_ns != 0) {
    const std::int64_t due_ns = std::max<std::int64_t>(0, core_.sync_due_ns - core_.world.clock.monotonic_ns());
    wait_ns = wait_ns < 0 ? due_ns : std::min(wait_ns, due_ns);
  }
  return wait_ns;
}

// After it a torn tail is told from damage: the log says by itself up to where it was durable.
void Maintenance::mark_idle_log() {
  if (core_.closed || core_.log_marked || core_.log->poisoned() || core_.sync_due_ns != 0) return;
  core_.log_marked = true;
  if (auto marked = core_.log->mark(LogRecordKind::mark, core_.world.clock.wall_ns()); !marked) {
    // Nobody asked for it, and the next record carries the same knowledge.
  }
}

Result<bool> Maintenance::step(std::int64_t deadline_ns) {
  Lock step(step_mutex_);
  for (;;) {
    auto more = step_once(deadline_ns);
    if (!more) {
      const bool memory_short = more.error().code() == Code::full && merge_ && !merge_->named;
      abandon_round(more.error());
      if (!memory_short) return more;
      abandon_compaction(more.error());  // A merge can wait; rows that need memory cannot.
      continue;
    }
    if (!*more) return false;
    if (core_.world.clock.monotonic_ns() >= deadline_ns) return true;
  }
}

Result<bool> Maintenance::step_once(std::int64_t deadline_ns) {
  bool flush = round_.has_value();
  {
    Lock lock(core_.mutex);
    if (core_.log->poisoned()) return core_.failed_sync();
    flush = flush || wants_flush();
  }
  if (flush && prepare_log_beside_flush()) return true;
  if (flush && is_turn_of_merges()) {
    // What went wrong with a merge keeps no row in memory.
    if (const auto merged = step_compaction(deadline_ns); merged && *merged) return true;
  }
  if (flush) return step_flush(deadline_ns);
  if (TRY(sync_if_due())) return true;
  if (TRY(prepare_log())) return true;
  if (TRY(step_compaction(deadline_ns))) {
    TRY(obsolete_.release(*manifest_));
    return true;
  }
  return tidy();
}

// A round of flushing is not interrupted: it holds on to the segments it began with.
bool Maintenance::is_turn_of_merges() {
  return !round_ && !merges_done_ && core_.world.clock.monotonic_ns() < merges_until_ns_;
}

// Under a load that never lets up there is always something to flush. From kSegmentsAim segments of one table on merges
// get as long as the flush took before the next one may begin, and the longer the more there are.
void Maintenance::give_merges_a_turn(std::int64_t round_ns) {
  std::size_t segments = 0;
  Lock lock(core_.mutex);
  for (const auto& [id, table] : core_.version->tables) segments = std::max(segments, table.segments.size());
  if (segments <= kSegmentsAim) return;
  const auto share = static_cast<std::int64_t>(1 + (segments - kSegmentsAim) / kSegmentsPerShare);
  merges_until_ns_ = core_.world.clock.monotonic_ns() + std::min(round_ns, kTurnNsMax) * std::min(share, kSharesMax);
}

Result<void> Maintenance::flush() {
  std::uint64_t rounds = 0;
  {
    Lock lock(core_.mutex);
    // A round under way began before the call: it is the next one that counts.
    rounds = core_.flush_rounds + (core_.flushing ? 2 : 1);
  }
  for (;;) {
    {
      Lock lock(core_.mutex);
      if (core_.flush_rounds >= rounds) {
        if (core_.maintenance_error) return *core_.maintenance_error;
        return {};
      }
      core_.flush_wanted = true;
    }
    TRY(step(core_.world.clock.monotonic_ns()));  // No more than asked for: merges can wait.
  }
}

Result<void> Maintenance::vacuum() {
  TRY(flush());
  {
    Lock step(step_mutex_);
    merges_done_ = false;  // What was refused before may find room now.
    merge_width_ = kMergeInputsMax;
  }
  while (TRY(step(core_.world.clock.monotonic_ns() + kVacuumStepNs))) {
  }
  Lock step(step_mutex_);
  if (merge_refused_) return *merge_refused_;
  return {};
}

Result<void> Maintenance::with_files_held(const std::function<Result<void>(const HeldFiles&)>& body) {
  Lock step(step_mutex_);
  HeldFiles held{manifest_->state(), {}, catalog_, core_.blobs.held()};
  for (const auto& [number, info] : held.state.segments) {
    const auto handle = handles_.find(number);
    held.segments.emplace(number, handle == handles_.end() ? nullptr : handle->second.lock());
  }
  return body(held);
}

bool Maintenance::wants_flush() {
  if (core_.log->last() <= core_.flushed_to && unlisted_.empty()) {
    if (core_.flush_wanted) end_round({});
    return false;
  }
  if (core_.flush_wanted || !unlisted_.empty()) return true;
  if (core_.log->bytes_from(next(core_.flushed_to)) > core_.options.log_file_bytes) return true;
  const std::size_t half = core_.budget.share_cap(MemoryShare::memtables) / 2;
  if (core_.budget.used(MemoryShare::memtables) < half) return false;
  std::size_t bytes = 0;  // What a flush would free; the rest is held by snapshots.
  for (const auto& [id, table] : core_.version->tables) {
    for (const auto& memtable : table.memtables) bytes += memtable->memory_bytes();
  }
  return bytes >= half / 4;
}

void Maintenance::end_round(std::optional<Error> error) {
  core_.flush_wanted = false;
  core_.flushing = false;
  ++core_.flush_rounds;
  core_.maintenance_error = std::move(error);
  core_.room.notify_all();
}

Result<bool> Maintenance::sync_if_due() {
  Lock lock(core_.mutex);
  if (core_.sync_due_ns == 0 || core_.world.clock.monotonic_ns() < core_.sync_due_ns) return false;
  core_.sync_due_ns = 0;
  TRY(core_.make_durable(core_.log->last()));
  return true;
}

// The next log file is made ready once half of the present one is used, so that a commit need not.
Result<bool> Maintenance::prepare_log() {
  std::optional<LogPreparation> preparation;
  {
    Lock lock(core_.mutex);
    const std::uint64_t used = core_.log->bytes_from(next(core_.log->last()));
    if (!core_.log->wants_next() || used < core_.options.log_file_bytes / 2) return false;
    preparation = TRY(core_.log->begin_prepare());
  }
  auto outcome = preparation->run();
  Lock lock(core_.mutex);
  TRY(core_.log->adopt(*preparation, std::move(outcome)));
  return true;
}

// Under load there is always something to flush, and a commit that finds no next log file makes one while others wait.
// When it cannot be made the flush goes on all the same: it is what gives space back.
bool Maintenance::prepare_log_beside_flush() {
  if (!log_refused_) {
    const auto prepared = prepare_log();
    log_refused_ = !prepared;
    if (prepared && *prepared) return true;
  }
  return false;
}

Result<void> Maintenance::append(const ManifestEdit& edit) {
  TRY(manifest_->append(edit));
  core_.barriers.fetch_add(1, std::memory_order_relaxed);
  core_.board.post_edit(manifest_->point(), manifest_->state().epoch);
  return {};
}

Result<bool> Maintenance::tidy() {
  if (manifest_->wants_rewrite()) {
    TRY(manifest_->rewrite());
    core_.board.post_edit(manifest_->point(), manifest_->state().epoch);
    obsolete_.add_manifests();
  }
  if (!manifest_->poisoned()) retire_blobs();  // Of an edit whose sync failed nobody knows which files it names.
  TRY(obsolete_.release(*manifest_));
  if (!obsolete_.wants_barrier()) return false;
  ManifestEdit barrier;
  barrier.next_file = next_file();  // Or it would read as a close mark.
  {
    Lock lock(core_.mutex);
    barrier.known_synced = core_.log->durable();
  }
  TRY(append(barrier));
  return true;
}

}  // namespace mneme
