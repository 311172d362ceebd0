#include "sim/crash_run.h"

#include <algorithm>
#include <set>

#include "sim/environment.h"
#include "sim/index_check.h"
#include "storage/log_files.h"
#include "storage/log_reader.h"
#include "storage/manifest.h"

namespace mneme::sim {
namespace {

constexpr std::uint64_t kLivesOnEvery = 8;
constexpr std::uint64_t kBackupsOpenedEvery = 4;
constexpr std::uint64_t kStepsMax = 1'000;
constexpr int kLivesAfterCuts = 6;
// These may keep what was written later and lose what was written before it.
constexpr CutPolicy kOutOfOrder[] = {CutPolicy::p3, CutPolicy::p4, CutPolicy::p5, CutPolicy::p6};
// Of the operations of a recovery one of so many is cut after, by how often power was cut in recovery before; 0: none.
constexpr std::uint64_t kCutEvery[] = {16, 16, 64, 0};

constexpr std::string_view kCallNames[kCalls] = {"insert",       "update",     "end",        "carry",
                                                 "create_table", "drop_table", "add_column", "change_indexes",
                                                 "flush",        "step",       "backup",     "reopen"};

std::set<std::uint64_t> segments_of(Store& store) {
  std::set<std::uint64_t> numbers;
  const Snapshot snapshot = store.snapshot().value();
  for (const auto& [id, table] : snapshot.version->tables) {
    for (const TableSegment& segment : table.segments) numbers.insert(segment.file->number());
  }
  return numbers;
}

WriteSet one_row_in_a_new_table(TableId id) {
  TableSchema schema;
  schema.id = id;
  schema.name = "fresh";
  schema.columns.emplace_back().name = "c";
  schema.columns.back().id = ColumnId{schema.next_column_id++};
  InsertRows rows;
  rows.table = id;
  rows.batch.columns.emplace_back(schema.columns.back().type).append(std::int64_t{1});
  WriteSet writes;
  writes.changes.emplace_back(CreateTable{std::move(schema)});
  writes.changes.emplace_back(std::move(rows));
  return writes;
}

// Blob files, and how many of the others.
std::string blobs_left(SimFileSystem& disk, const ManifestState& state) {
  std::set<std::string> blobs;
  for (const auto& [number, segment] : state.segments) {
    for (const SegmentPartInfo& part : segment.parts) {
      for (const PartBlobs& used : part.blobs) blobs.insert(std::to_string(raw(used.file)) + ".blob");
    }
  }
  for (const std::string& name : disk.list("db/blob").value()) {
    if (blobs.erase(name) == 0) return "db/blob/" + name + " is there, and no row refers to it";
  }
  if (!blobs.empty()) return *blobs.begin() + " is missing";
  // LOCK CURRENT MANIFEST-n seg wal blob, and READERS if it could be made.
  if (disk.list("db").value().size() > (disk.has("db/READERS") ? 7 : 6)) return "manifests are left behind";
  return disk.list("db/wal").value().size() > 4 ? "log files are left behind" : "";
}

std::string files_left(SimFileSystem& disk) {
  const auto state = Manifest::read(disk, "db");
  if (!state) return state.error().to_string();
  std::set<std::string> needed;
  for (const auto& [number, segment] : state->segments) needed.insert(std::to_string(raw(number)) + ".seg");
  for (const auto& [key, file] : state->deletes) {
    needed.insert(std::to_string(raw(file.segment)) + "-" + std::to_string(file.sequence) + ".del");
  }
  for (const std::string& name : disk.list("db/seg").value()) {
    if (needed.erase(name) == 0) return "db/seg/" + name + " is there, and nobody needs it";
  }
  if (!needed.empty()) return *needed.begin() + " is missing";
  return blobs_left(disk, *state);
}

// Whether a replay that takes whatever record stands right behind another for the next, or for the end, would miss one.
bool hides_a_record(SimFileSystem& disk) {
  const ManifestState state = Manifest::read(disk, "db").value();
  for (const std::string& name : disk.list("db/wal").value()) {
    const LogReader::Limits limits{.epoch_max = state.epoch, .origin = state.origin};
    const FileNumber number = log_number(name).value();
    if (number < state.log_start.file) continue;
    const auto reader = LogReader::open(disk, log_path("db/wal", number), number, limits).value();
    if (!reader) continue;
    std::uint64_t offset = number == state.log_start.file ? state.log_start.offset : kFileBodyOffset;
    auto record = reader->at(offset).value();
    while (record) {
      offset += LogReader::bytes(*record);
      const std::uint64_t ended = offset;
      const Lsn expected = next(record->lsn);
      const std::uint32_t epoch = record->epoch;
      const bool stands_there = reader->at(ended).value().has_value();
      record = reader->successor(offset, expected, epoch).value();
      if (record && stands_there && offset != ended) return true;
    }
  }
  return false;
}

}  // namespace

void CrashTally::add_image(std::uint64_t hash) {
  if (images.insert(hash).second) again.erase(hash);
}

void CrashTally::add_image_of_recovery(std::uint64_t hash) {
  if (!images.contains(hash)) again.insert(hash);
}

void CrashTally::add(CrashTally&& other) {
  for (const std::uint64_t hash : other.images) add_image(hash);
  for (const std::uint64_t hash : other.again) add_image_of_recovery(hash);
  checked.merge(other.checked);
  cuts += other.cuts;
  if (violations == 0) first_violation = std::move(other.first_violation);
  violations += other.violations;
  runs += other.runs;
  flushes += other.flushes;
  merges += other.merges;
  backups += other.backups;
  blob_commits += other.blob_commits;
  blob_moves += other.blob_moves;
  carried += other.carried;
  for (std::size_t i = 0; i < std::size(nested); ++i) nested[i] += other.nested[i];
  indexed += other.indexed;
  alike += other.alike;
  power_came_back += other.power_came_back;
  hidden += other.hidden;
  lived_on += other.lived_on;
  lies_reported += other.lies_reported;
}

std::string text_of(std::span<const Call> calls) {
  std::string text;
  for (const Call call : calls) {
    if (!text.empty()) text += ", ";
    text += kCallNames[static_cast<std::size_t>(call)];
  }
  return text;
}

void CrashRun::run(int lives, std::optional<SyncFault> fault) {
  if (fault && fault->late_by > 0) disk_.delay_syncs_of(fault->site, fault->late_by);
  if (fault && fault->late_by == 0) disk_.ignore_syncs_of(fault->site);
  disk_.after_operation([this] { cut_in_every_way(); });
  ++tally_.runs;
  for (int life = 0; life < lives; ++life) {
    const auto store = open();
    if (!store || !live(*store)) return;
  }
  if (!fault && !live_after_cuts()) return;  // A sync is missed in whatever life.
  tally_.carried += model_.carried();
  if (disk_.retried_syncs() != 0) violation("a failed sync was tried again", 0);
  if (disk_.growing_writes() != 0) violation("a file was written beyond what was allocated", 0);
}

std::unique_ptr<Store> CrashRun::open() {
  auto opened = Store::open(world(disk_), "db", small_options(), &kinds_);
  if (opened) return *std::move(opened);
  violation("open: " + opened.error().to_string(), 0);
  return nullptr;
}

bool CrashRun::live(Store& store) {
  for (std::uint64_t i = 0, commits = 2 + model_.random()() % 5; i < commits; ++i) {
    std::string wrong = maintain(store);
    if (!wrong.empty()) return violation(wrong, 0), false;
    WriteSet writes = model_.next(store);
    wrong = commit(store, std::move(writes), model_.random()() % 3 != 0);
    if (!wrong.empty()) return violation(wrong, 0), false;
  }
  if (model_.random()() % 2 != 0) return true;
  const std::string wrong = close(store);
  if (!wrong.empty()) violation(wrong, 0);
  return wrong.empty();
}

// What a cut leaves of the log stands there in the next life, which writes over it: records of few lengths, so that one
// often ends where another began.
bool CrashRun::live_after_cuts() {
  std::optional<DurableImage> left;
  for (int life = 0; life < kLivesAfterCuts; ++life) {
    if (left) disk_.reset(*left);
    const auto store = open();
    if (!store || (left && !power_came_back(*store)) || !live_alike(*store)) return false;
    left = disk_.cut(kOutOfOrder[dice_.below(std::size(kOutOfOrder))], dice_.next());
  }
  return true;
}

bool CrashRun::power_came_back(Store& store) {
  ++tally_.power_came_back;
  const auto state = read_all(store);
  const std::string when = "power came back: ";
  if (!state) return violation(when + state.error().to_string(), 0), false;
  if (model_.rewind(*state, acknowledged_)) return true;
  violation(when + "not a prefix that holds all acknowledged commits", 0);
  return false;
}

// First commits that are synced, then some of which the next cut may take any. Where a cut takes the long one after the
// last sync and leaves those behind it, the next life's first ends right before them.
bool CrashRun::live_alike(Store& store) {
  const std::uint64_t durable = model_.random()() % 4, commits = durable + 2 + model_.random()() % 2;
  for (std::uint64_t i = 0; i < commits; ++i) {
    const bool is_long = i == 0 || i == durable || model_.random()() % 3 == 0;
    WriteSet writes = model_.random()() % 8 == 0 ? model_.next(store) : model_.next_alike(store, is_long);
    const std::string wrong = commit(store, std::move(writes), i < durable);
    if (!wrong.empty()) return violation(wrong, 0), false;
    if (i < durable) tally_.hidden += hides_a_record(disk_);
  }
  return true;
}

std::string CrashRun::commit(Store& store, WriteSet writes, bool durable) {
  in_flight_ = true;
  const std::uint64_t blobs = disk_.syncs_at(SyncSite::blob_data);
  const auto done = store.commit(std::move(writes), durable ? Durability::commit : Durability::os);
  tally_.blob_commits += disk_.syncs_at(SyncSite::blob_data) > blobs;
  // The hook saw the commit in flight; it is in the model from here on.
  const std::string wrong = done ? model_.committed(store) : done.error().to_string();
  in_flight_ = false;
  if (!wrong.empty()) return "commit: " + wrong;
  settle_pending();
  if (durable) acknowledged_ = model_.commits();
  return {};
}

std::string CrashRun::close(Store& store) {
  if (auto closed = store.close(); !closed) return "close: " + closed.error().to_string();
  acknowledged_ = model_.commits();
  return {};
}

std::string CrashRun::back_up(Store& store) {
  if (backup_) return {};
  if (const auto done = store.backup("copy"); !done) return "backup: " + done.error().to_string();
  backup_ = model_.after(model_.commits());
  ++tally_.backups;
  return {};
}

// What the maintenance thread would do, at drawn moments: some of its smallest steps, a flush of everything, or all
// there is to do. Commits come between the steps of one flush or merge.
std::string CrashRun::maintain(Store& store) {
  if (!backup_ && model_.random()() % 8 == 0) {
    if (std::string wrong = back_up(store); !wrong.empty()) return wrong;
  }
  const bool busy = seed_ % 4 == 1;
  const std::uint64_t what = model_.random()() % (busy ? 4 : 6);
  if (what > (busy ? 3 : 2)) return {};
  if (what == 0 || what == 3) return work_on(store, true, 0);
  return work_on(store, false, what == 1 ? 1 + model_.random()() % 12 : kStepsMax);
}

std::string CrashRun::work_on(Store& store, bool flush, std::uint64_t steps_most) {
  const auto before = segments_of(store);
  const std::uint64_t blobs = disk_.syncs_at(SyncSite::blob_data);
  const auto done = flush ? store.flush() : steps(store, steps_most);
  if (!done) return "maintenance: " + done.error().to_string();
  const auto after = segments_of(store);
  const auto gone = [&](const auto& segment) { return !after.contains(segment); };
  tally_.flushes += std::ranges::any_of(after, [&](const auto& segment) { return !before.contains(segment); });
  tally_.merges += std::ranges::any_of(before, gone);
  tally_.blob_moves += disk_.syncs_at(SyncSite::blob_data) > blobs;
  return {};
}

Result<void> CrashRun::steps(Store& store, std::uint64_t most) {
  for (std::uint64_t i = 0; i < most; ++i) {
    if (!TRY(store.step(clock_.monotonic_ns()))) break;
  }
  return {};
}

void CrashRun::run(std::span<const Call> calls) {
  doing_ = text_of(calls);
  ++tally_.runs;
  auto store = open();
  if (!store) return;
  std::string wrong = prepare(*store);
  disk_.after_operation([this] { cut_in_every_way(); });
  for (const Call next : calls) {
    if (wrong.empty()) wrong = call(store, next);
  }
  if (!wrong.empty()) violation(wrong, 0);
}

// Rows in a segment, some of them ended since, and in the memtable; two tables, one with nothing but rows in the log.
std::string CrashRun::prepare(Store& store) {
  using enum Model::Change;
  for (const auto change : {create_table, insert, insert, insert, change_indexes}) {
    if (std::string wrong = commit(store, model_.next(store, change), true); !wrong.empty()) return wrong;
  }
  if (std::string wrong = work_on(store, true, 0); !wrong.empty()) return wrong;
  for (const auto change : {end, insert, create_table, insert}) {
    if (std::string wrong = commit(store, model_.next(store, change), true); !wrong.empty()) return wrong;
  }
  return {};
}

std::string CrashRun::call(std::unique_ptr<Store>& store, Call call) {
  switch (call) {
    case Call::flush: return work_on(*store, true, 0);
    case Call::step: return work_on(*store, false, 1 + dice_.below(12));
    case Call::backup: return back_up(*store);
    case Call::reopen: {
      std::string wrong = dice_.below(2) == 0 ? close(*store) : "";
      store.reset();
      if (wrong.empty()) store = open();
      return store ? "" : wrong + " (reopen)";
    }
    default: break;
  }
  return commit(*store, model_.next(*store, static_cast<Model::Change>(call)), dice_.below(3) != 0);
}

void CrashRun::cut_in_every_way() {
  if (tally_.violations > 0) return;  // The first is the one to be told; mutants are many.
  HashedBytes hashed;
  for (std::size_t policy = 0; policy < kCutPolicies; ++policy) {
    const std::uint64_t cut = ++cuts_;  // Of this seed alone, so that it can be run again by itself.
    ++tally_.cuts;
    const DurableImage image = disk_.cut(static_cast<CutPolicy>(policy), seed_ * 1'000'003 + cut);
    const std::uint64_t hash = image.hash(hashed);
    tally_.add_image(hash);
    // The same image is held against more once more was acknowledged.
    const std::uint64_t promise = (seed_ << 32 | acknowledged_) * 0x9e3779b97f4a7c15U;
    if (!tally_.checked.insert(hash ^ promise).second) continue;
    recover(image, hashed, policy, cut);
  }
}

// I6: recovering again finds the same, also after power was cut in the midst of recovering.
void CrashRun::recover(const DurableImage& image, HashedBytes& hashed, std::size_t policy, std::uint64_t cut) {
  if (backup_ && policy != 7 && dice_.below(kBackupsOpenedEvery) == 0) {
    SimFileSystem disk(image);
    const auto copied = open_and_read(disk, "copy");
    if (!copied) return violation("backup: " + copied.error().to_string(), cut);
    if (*copied != *backup_) return violation("a backup holds something else than it copied", cut);
  }
  SimFileSystem disk(image);
  std::vector<DurableImage> again;
  const std::string when = "policy p" + std::to_string(policy) + ": ";
  auto first = open_and_cut(disk, hashed, kCutEvery[0], again);
  if (!first && policy == 7 && first.error().code() == Code::corrupt) return void(++tally_.lies_reported);
  if (!first) return violation(when + first.error().to_string(), cut);
  for (const DurableImage& nested : again) {
    const std::string wrong = recover_again(nested, hashed, *first, 1);
    if (!wrong.empty()) return violation(when + "cut again in recovery: " + wrong, cut);
  }
  if (const std::string wrong = recover_to_the_same(disk, hashed, *first); !wrong.empty()) {
    return violation(when + "recovering again" + wrong, cut);
  }
  if (dice_.below(kLivesOnEvery) == 0) {
    if (const std::string wrong = live_on(disk, policy); !wrong.empty()) return violation(when + wrong, cut);
  }
  Pending pending{*std::move(first), acknowledged_, policy, cut};
  if (in_flight_) return pending_.push_back(std::move(pending));
  check(pending);
}

// What the same disk gave before is what it gives now: most images of one moment recover to the same.
std::string CrashRun::recover_to_the_same(SimFileSystem& disk, HashedBytes& hashed, const State& expected) {
  const auto known = recovered_.find(disk.now().hash(hashed));
  if (known != recovered_.end()) return known->second.state == hash_of(expected) ? "" : " differs";
  std::vector<DurableImage> none;
  const auto found = open_and_cut(disk, hashed, 0, none);
  if (!found) return ": " + found.error().to_string();
  return *found == expected ? "" : " differs";
}

// `depth` cuts in recovery have led here; up to three are made.
std::string CrashRun::recover_again(const DurableImage& image, HashedBytes& hashed, const State& expected,
                                    std::size_t depth) {
  ++tally_.nested[depth - 1];
  const std::uint64_t hash = image.hash(hashed);
  tally_.add_image_of_recovery(hash);
  const auto known = recovered_.find(hash);
  if (known != recovered_.end() && !would_cut(known->second.operations, kCutEvery[depth])) {
    return known->second.state == hash_of(expected) ? "" : "something else is there";
  }
  SimFileSystem disk(image);
  std::vector<DurableImage> again;
  const auto found = open_and_cut(disk, hashed, kCutEvery[depth], again);
  if (!found) return found.error().to_string();
  if (*found != expected) return "something else is there";
  for (const DurableImage& nested : again) {
    std::string wrong = recover_again(nested, hashed, expected, depth + 1);
    if (!wrong.empty()) return "and again: " + wrong;
  }
  return {};
}

// What the dice would say to an opening of so many operations; if they say no, they stand as it would have left them.
bool CrashRun::would_cut(std::uint64_t operations, std::uint64_t every) {
  if (every == 0) return false;
  Dice ahead = dice_;
  for (std::uint64_t i = 0; i < operations; ++i) {
    if (ahead.below(every) == 0) return true;
  }
  dice_ = ahead;
  return false;
}

// Opens the store and reads it, with images of cuts after one of `every` operations (0: none). A lying disk promises
// nothing.
Result<State> CrashRun::open_and_cut(SimFileSystem& disk, HashedBytes& hashed, std::uint64_t every,
                                     std::vector<DurableImage>& images) {
  const std::uint64_t hash = disk.now().hash(hashed);
  std::uint64_t operations = 0;
  disk.after_operation([&] {
    ++operations;
    if (every == 0 || dice_.below(every) != 0) return;
    images.push_back(disk.cut(static_cast<CutPolicy>(dice_.below(kCutPolicies - 1)), dice_.next()));
  });
  auto state = open_and_read(disk);
  disk.after_operation({});
  if (state) recovered_.insert_or_assign(hash, Recovered{hash_of(*state), operations});
  return state;
}

Result<State> CrashRun::open_and_read(SimFileSystem& disk, const std::string& directory) {
  disk.note_answers();
  auto store = TRY(Store::open(world(disk), directory, small_options(), &kinds_));
  const std::uint64_t told = sim::hash_of(as_bytes(directory), disk.take_told());
  if (const State* known = known_state(disk, told)) return ++tally_.alike, *known;
  static_cast<void>(disk.take_read());
  State state = TRY(read_all(*store));
  if (auto files = disk.take_read()) read_.try_emplace(told, ReadState{*std::move(files), state});
  return state;
}

// What is read from a store follows from what the disk told its opening, every byte of it, and from the files that it
// reads then. Where another had the same of both, what that one gave; nothing otherwise.
const State* CrashRun::known_state(SimFileSystem& disk, std::uint64_t told) const {
  const auto known = read_.find(told);
  if (known == read_.end()) return nullptr;
  const DurableImage now = disk.now();
  for (const auto& [path, bytes] : known->second.files.files) {
    const auto file = now.files.find(path);
    if (file == now.files.end() || (file->second != bytes && *file->second != *bytes)) return nullptr;
  }
  return &known->second.state;
}

// I3: what the indexes say is what the rows say. A disagreement is never an honest answer, whatever the disk did.
Result<State> CrashRun::read_all(Store& store) {
  const Snapshot snapshot = TRY(store.snapshot());
  State state = TRY(read_state(store, snapshot));
  std::string wrong = TRY(indexes_disagree(store, kinds_, state));
  if (!wrong.empty()) return Error(Code::conflict, std::move(wrong));
  ++tally_.indexed;
  return state;
}

// I5: ids that were acknowledged are not given again. I7: once maintenance has nothing left to do, no file is there
// that nobody needs.
std::string CrashRun::live_on(SimFileSystem& disk, std::size_t policy) {
  ++tally_.lived_on;
  auto store = Store::open(world(disk), "db", small_options(), &kinds_);
  if (!store) return store.error().to_string();
  const TableId table = (*store)->next_table_id().value();
  const Model::Given given = model_.given(policy == 7 ? 0 : acknowledged_);
  if (static_cast<std::uint64_t>(table) <= given.table_max) return "a table id was given before";
  WriteSet writes = one_row_in_a_new_table(table);
  if (const auto done = (*store)->commit(std::move(writes), Durability::commit); !done) return done.error().to_string();
  const auto state = read_all(**store);
  if (!state) return state.error().to_string();
  if (state->at("fresh, version 1").id(0) <= given.row_max) return "a row id was given before";
  if (const auto flushed = (*store)->flush(); !flushed) return "flush: " + flushed.error().to_string();
  if (const auto done = steps(**store, kStepsMax); !done) return "step: " + done.error().to_string();
  const auto merged = read_all(**store);
  if (!merged) return merged.error().to_string();
  if (*merged != *state) return "maintenance changed what is there";
  return files_left(disk);
}

// I1: the state is that after some commit in log order, none acknowledged missing (p7 may take durability back).
void CrashRun::check(const Pending& found) {
  const std::size_t least = found.policy == 7 ? 0 : found.acknowledged;
  if (model_.explains(found.state, least)) return;
  // What kept a cut commit from coming back is as durable as the disk said.
  if (found.policy == 7 && model_.was_cut(found.state)) return;
  violation("policy p" + std::to_string(found.policy) + ": not a prefix that holds all " +
                std::to_string(found.acknowledged) + " acknowledged commits",
            found.cut);
}

void CrashRun::settle_pending() {
  for (const Pending& found : pending_) check(found);
  pending_.clear();
}

void CrashRun::violation(const std::string& what, std::uint64_t cut) {
  if (tally_.violations++ == 0) {
    tally_.first_violation = "SEED=" + std::to_string(seed_) + " cut " + std::to_string(cut) + ": " +
                             (doing_.empty() ? "" : doing_ + ": ") + what;
  }
}

}  // namespace mneme::sim
