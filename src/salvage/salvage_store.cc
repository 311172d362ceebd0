#include "salvage/salvage_store.h"

#include <algorithm>
#include <utility>

#include "salvage/destination.h"
#include "salvage/log_remains.h"
#include "salvage/losses.h"
#include "salvage/segment_remains.h"
#include "salvage/source_blobs.h"
#include "salvage/source_files.h"
#include "storage/row_source.h"

namespace mneme {
namespace {

constexpr std::uint32_t kEpochsGuessed = 64;  // Where no manifest tells.
constexpr std::size_t kAgesTried = 8;         // Schemas of a table, before a record is given up.

struct Target {  // A table of the destination.
  TableId id{};
  TableSchema schema;  // As in the source.
};

struct Record {        // Of the log.
  ByteBuffer payload;  // Texts of the writes lie here.
  WriteSet writes;
  Reservation memory;
};

class Salvage {  // One thread at a time; lives for one salvage.
 public:
  Salvage(const World& world, const std::string& source, Store& destination, const IndexKinds& kinds,
          const SalvageOptions& options)
      : files_(world.files),
        directory_(source),
        options_(options),
        budget_(std::max(options.memory_budget / 2, MemoryBudget::kBytesMin)),
        cache_(budget_, world.scheduler, budget_.bytes() / 4),
        losses_(source),
        source_(world.files, source, cache_, budget_),
        blobs_(world.files, source),
        out_(destination, kinds, world.clock.wall_ns()) {
    // A record, or a row with its block, may be half of what its writer had; nobody else has a share in this.
    budget_.set_share_cap(MemoryShare::queries, budget_.bytes());
  }

  Result<SalvageReport> run();

 private:
  Result<void> read_log_changes();
  Result<void> note_ends(const WriteSet& writes);
  Result<Record> decode(const LogPlace& place);
  void report_log();
  void find_bounds();
  void lose_record(const LogPlace& place, const Error& why);
  Result<void> end_superseded();
  Result<void> create_tables();
  Result<void> salvage_segment(const SegmentInfo& info);
  void lose_deletes(const SegmentInfo& info, std::span<const SourceDeletes> read, const DamagedFile& file);
  void lose_segment(const SegmentInfo& info, std::span<const SourceDeletes> deletes, const Error& why);
  Result<void> salvage_part(const Segment& part, const SegmentInfo& info, const SegmentPartInfo& named,
                            std::span<const SourceDeletes> deletes);
  Result<void> lose_run(const Segment& part, const SegmentPartInfo& named, const Target& target, LostRun& run);
  Result<void> salvage_log();
  Result<void> salvage_rows(const InsertRows& rows, const TableSchema& as);
  Result<void> keep(const Target& target, std::vector<RowId>& ids, Batch& rows, const std::string& file);
  Result<void> copy_blobs(const Target& target, std::vector<RowId>& ids, Batch& rows, const std::string& file);
  Result<void> raise_keys();
  [[nodiscard]] bool is_gone(RowId row) const { return ended_.contains(row) || taken_.contains(row); }
  void show(std::uint64_t more_bytes);

  FileSystem& files_;
  const std::string directory_;
  const SalvageOptions& options_;
  MemoryBudget budget_;
  BlockCache cache_;
  Losses losses_;
  ManifestRemains manifest_;
  Catalogue catalogue_;
  SourceFiles source_;
  SourceBlobs blobs_;
  LogRemains log_;
  Lsn flushed_to_{};  // Rows of records up to it are in segments.
  std::map<TableId, Target> targets_;
  Destination out_;
  RowSet ended_;            // By the log.
  RowSet taken_;            // Without a whole manifest: there already.
  Reservation row_memory_;  // Of both.
  std::uint64_t done_bytes_ = 0, total_bytes_ = 0;
};

void Salvage::show(std::uint64_t more_bytes) {
  done_bytes_ += more_bytes;
  if (options_.progress) options_.progress(done_bytes_, std::max(done_bytes_, total_bytes_));
}

SalvageLoss loss_of(LossKind kind, std::string file, std::uint64_t offset, std::string reason) {
  SalvageLoss loss;
  loss.kind = kind;
  loss.file = std::move(file);
  loss.offset = offset;
  loss.reason = std::move(reason);
  return loss;
}

Result<SalvageReport> Salvage::run() {
  manifest_ = read_manifest_remains(files_, directory_);
  const ManifestState& state = manifest_.state;
  row_memory_ = TRY(budget_.reserve(0, MemoryShare::queries, "row ids of a salvage"));
  log_ = TRY(LogRemains::scan(files_, directory_ + "/wal", state.origin, manifest_.whole ? state.epoch : kEpochsGuessed,
                              budget_));
  const bool catalog_read = catalogue_.begin_with(state.catalog.bytes, manifest_.catalog_below);
  TRY(source_.find(manifest_, catalogue_));
  if (!manifest_.whole && manifest_.edits == 0 && source_.empty() && log_.places().empty()) {
    return Error(Code::not_found, directory_ + ": nothing in it is of a database");
  }
  if (!manifest_.whole || !catalog_read) {
    losses_.add(loss_of(LossKind::files, "MANIFEST", 0,
                        manifest_.whole ? "its catalogue cannot be read"
                                        : manifest_.why + "; a file that only it named cannot be missed"));
  }
  find_bounds();
  report_log();
  TRY(read_log_changes());
  TRY(end_superseded());
  if (!manifest_.whole || !log_.holes().empty() || TRY(source_.lacks_deletes())) out_.expect_duplicates();
  total_bytes_ = source_.bytes() + log_.bytes();
  TRY(create_tables());
  std::vector<const SegmentInfo*> segments;
  for (const auto& [number, info] : source_.segments()) segments.push_back(&info);
  const auto first_row = [](const SegmentInfo* info) {
    return info->parts.empty() ? RowId{} : info->parts[0].row_first;
  };
  std::ranges::stable_sort(segments, {}, first_row);  // Mostly the order the rows came in.
  for (const SegmentInfo* info : segments) TRY(salvage_segment(*info));
  TRY(salvage_log());
  TRY(raise_keys());
  TRY(out_.finish());
  done_bytes_ = total_bytes_;  // Spare room of the log has no records.
  show(0);
  return losses_.take();
}

// ---- The log -----------------------------------------------------------------------------------------------------

// Without a whole manifest the log counts from where its records go on without a gap up to what no segment has.
void Salvage::find_bounds() {
  const ManifestState& state = manifest_.state;
  LogBounds bounds{
      .from = state.log_start.lsn, .known_synced = state.known_synced, .epoch = state.epoch, .origin = state.origin};
  if (!manifest_.whole) {
    bounds.epoch = 0;
    flushed_to_ = source_.last_lsn();
    const auto& places = log_.places();
    auto at = std::ranges::upper_bound(places, flushed_to_, {}, &LogPlace::lsn);
    while (at != places.begin() && (at == places.end() || next((at - 1)->lsn) == at->lsn)) --at;
    if (at != places.end()) bounds.from = std::max(bounds.from, at->lsn);
  }
  log_.judge(bounds);
}

void Salvage::report_log() {
  for (const std::string& note : log_.notes()) losses_.note(note);
  if (log_.tail_cut() > 0) {
    losses_.note(std::to_string(log_.tail_cut()) + " records behind the end of the log were never known to be synced");
  }
  for (const LogHole& hole : log_.holes()) {
    SalvageLoss loss =
        loss_of(LossKind::commits, losses_.inside(hole.file), hole.offset,
                std::to_string(raw(hole.last) - raw(hole.first) + 1) + " records of the log are damaged or missing");
    loss.first_lsn = raw(hole.first);
    loss.last_lsn = raw(hole.last);
    loss.count = LossCount::unknown;
    losses_.add(std::move(loss));
  }
}

void Salvage::lose_record(const LogPlace& place, const Error& why) {
  SalvageLoss loss = loss_of(LossKind::commits, losses_.inside(log_.path(place)), place.offset, why.message());
  loss.first_lsn = loss.last_lsn = raw(place.lsn);
  loss.count = LossCount::unknown;
  losses_.add(std::move(loss));
}

// full: more than the budget has. Other errors are damage. Where the manifest is gone, a record may be older than the
// schema its table has by now.
Result<Record> Salvage::decode(const LogPlace& place) {
  Record record;
  record.memory = TRY(budget_.reserve(place.payload_bytes, MemoryShare::queries, "a log record"));
  const Bytes payload = TRY(log_.payload(place, record.payload));
  std::size_t age = 0;
  bool older = false;
  const SchemaOf schema_of = [&](TableId table) -> const TableSchema* {
    if (age == 0) {
      older = older || !catalogue_.older(table).empty();
      return catalogue_.find(table);
    }
    const auto schemas = catalogue_.older(table);
    return schemas.empty() ? catalogue_.find(table) : schemas[std::min(age, schemas.size()) - 1];
  };
  auto writes = decode_write_set(payload, schema_of);
  while (!writes && older && !manifest_.whole && ++age <= kAgesTried) writes = decode_write_set(payload, schema_of);
  if (!writes) return std::move(writes).error();
  record.writes = *std::move(writes);
  TRY(record.memory.grow(memory_bytes(record.writes)));
  return record;
}

Result<void> Salvage::note_ends(const WriteSet& writes) {
  for (const Change& change : writes.changes) {
    const auto* ended = std::get_if<EndRows>(&change);
    if (ended == nullptr) continue;
    TRY(row_memory_.grow_to(ended_.memory_bytes() + taken_.memory_bytes() + ended->rows.memory_bytes() * 2));
    for (const RowId row : ended->rows) ended_.insert(row);
  }
  return {};
}

// What the log changes of tables, and which rows it ends: known before the first row is written.
Result<void> Salvage::read_log_changes() {
  Catalogue before = catalogue_;
  for (const LogPlace& place : log_.places()) {
    if (place.kind != LogRecordKind::group) continue;
    auto record = decode(place);
    if (!record && !is_damage(record.error())) return std::move(record).error();
    if (!record) {
      lose_record(place, record.error());
      out_.expect_duplicates();
      continue;
    }
    TRY(note_ends(record->writes));
    for (const Change& change : record->writes.changes) catalogue_.apply(change);
  }
  for (const auto& [id, schema] : catalogue_.tables()) targets_.emplace(id, Target{{}, schema});
  std::swap(catalogue_, before);  // The rows are read in the same order.
  return {};
}

Result<void> Salvage::salvage_log() {
  for (const LogPlace& place : log_.places()) {
    show(place.payload_bytes);
    if (place.kind != LogRecordKind::group) continue;
    auto record = decode(place);
    if (!record && !is_damage(record.error())) return std::move(record).error();
    if (!record) continue;  // It was told of.
    for (const Change& change : record->writes.changes) {
      catalogue_.apply(change);
      const auto* rows = std::get_if<InsertRows>(&change);
      const TableSchema* schema = rows == nullptr ? nullptr : catalogue_.find(rows->table);
      if (schema == nullptr || place.lsn <= flushed_to_) continue;  // Not rows, or in segments.
      if (schema->columns.size() != rows->batch.columns.size()) {
        lose_record(place, Error(Code::corrupt, "its rows were written in a schema that is lost"));
        continue;
      }
      TRY(salvage_rows(*rows, *schema));
    }
  }
  return {};
}

// As many as take about kBatchBytesMax, and at least one.
std::size_t rows_of_a_batch(const Batch& rows, std::size_t first) {
  std::size_t count = 0, bytes = 0;
  for (; count < kBatchRowsMax && first + count < rows.rows() && (count == 0 || bytes < kBatchBytesMax); ++count) {
    for (const Column& column : rows.columns) {
      const bool has_text = column.type().is_variable() && !column.is_null(first + count);
      bytes += column.type().width() + (has_text ? column.bytes_at(first + count).size() : 0);
    }
  }
  return count;
}

Result<void> Salvage::salvage_rows(const InsertRows& rows, const TableSchema& as) {
  const auto target = targets_.find(rows.table);
  if (target == targets_.end()) return {};  // Dropped later.
  for (std::size_t first = 0, count = 0; first < rows.batch.rows(); first += count) {
    count = rows_of_a_batch(rows.batch, first);
    std::vector<RowId> ids;
    for (std::size_t i = 0; i < count; ++i)
      ids.push_back(RowId{static_cast<std::uint64_t>(rows.first_row) + first + i});
    Batch batch;
    for (const ColumnSchema& column : target->second.schema.columns) {
      const auto from = as.ordinal_of(column.id);
      Column& to = batch.columns.emplace_back(column.type);
      if (from && as.columns[*from].type == column.type) {
        to.append_lent(rows.batch.columns[*from], first, count);
      } else {
        TRY(append_missing(column, count, to));
      }
    }
    TRY(keep(target->second, ids, batch, "wal"));
  }
  return {};
}

// ---- Segments ----------------------------------------------------------------------------------------------------

// Deletes of a segment that was merged to another came after the merge, if it never counted: they go with the rows.
Result<void> Salvage::end_superseded() {
  if (manifest_.whole) return {};
  for (const auto& [number, info] : source_.segments()) {
    std::vector<DamagedFile> told_later;
    const auto deletes = TRY(source_.deletes_of(number, told_later));
    if (deletes.empty()) continue;
    auto file = source_.open(number);
    if (!file && !is_damage(file.error())) return std::move(file).error();
    for (const SourceDeletes& of : deletes) {
      if (!file || !source_.superseded(number, of.table)) continue;
      const auto part = (*file)->find(of.table);
      for (std::uint64_t at = 0; part && at < part->rows(); ++at) {
        if (of.deletes.is_live(static_cast<std::uint32_t>(at), kSequenceMax - 1)) continue;
        Column id(Type{.kind = TypeKind::integer});
        if (!part->decode(0, at, 1, id) || id.is_null(0)) continue;
        TRY(row_memory_.grow_to(ended_.memory_bytes() + taken_.memory_bytes() + RowSet::kInsertBytes));
        ended_.insert(id.values<RowId>()[0]);
      }
    }
  }
  return {};
}

Result<void> Salvage::create_tables() {
  for (auto& [id, target] : targets_) {
    losses_.name_table(target.schema.name);
    auto created = out_.create_table(target.schema);
    if (!created) return std::move(created).error().during("create table '" + target.schema.name + "'");
    target.id = *created;
  }
  return {};
}

Result<void> Salvage::salvage_segment(const SegmentInfo& info) {
  show(0);
  std::vector<DamagedFile> damaged;
  const auto dead = TRY(source_.deletes_of(info.file, damaged));
  for (const DamagedFile& deletes : damaged) lose_deletes(info, dead, deletes);
  auto file = source_.open(info.file);
  if (!file && !is_damage(file.error())) return std::move(file).error();
  if (!file) {
    lose_segment(info, dead, file.error());
    show(info.bytes);
    return {};
  }
  for (const SegmentPartInfo& named : info.parts) {
    if (!source_.counts(info.file, named.table) || !targets_.contains(named.table)) continue;
    const auto part = (*file)->find(named.table);
    const bool fits = part && part->rows() == named.rows && part->info().schema_version == named.schema_version &&
                      !part->columns().empty() && part->columns()[0].id == kRowIdColumn &&
                      part->columns()[0].type.kind == TypeKind::integer;
    if (fits) {
      TRY(salvage_part(*part, info, named, dead));
      continue;
    }
    SegmentInfo one = info;
    one.parts = {named};
    lose_segment(one, dead, Error(Code::corrupt, "is not the segment that the manifest names"));
  }
  show(info.bytes);
  return {};
}

std::vector<const DeleteSet*> deletes_in(TableId table, std::span<const SourceDeletes> deletes) {
  std::vector<const DeleteSet*> dead;
  for (const SourceDeletes& of : deletes) {
    if (of.table == table) dead.push_back(&of.deletes);
  }
  return dead;
}

void set_range(SalvageLoss& loss, const SegmentPartInfo& part) {
  loss.first_row = static_cast<std::uint64_t>(part.row_first);
  loss.last_row = static_cast<std::uint64_t>(part.row_last);
  if (part.time) loss.time = TimeSpan{part.time->first_ns, part.time->last_ns};
}

// A file that cannot be read does not say whose deletes it has: of any table for which no other of the segment has.
void Salvage::lose_deletes(const SegmentInfo& info, std::span<const SourceDeletes> read, const DamagedFile& file) {
  SalvageLoss loss =
      loss_of(LossKind::deletes, losses_.inside(file.path), 0,
              file.reason + "; deleted rows of segment " + std::to_string(raw(info.file)) + " may be back");
  loss.count = LossCount::unknown;
  bool any = false;
  for (const SegmentPartInfo& part : info.parts) {
    const auto target = targets_.find(part.table);
    if (target == targets_.end() || !source_.counts(info.file, part.table)) continue;
    if (!deletes_in(part.table, read).empty()) continue;
    any = true;
    loss.table = target->second.schema.name;
    set_range(loss, part);
    losses_.add(loss);
  }
  if (!any) losses_.add(std::move(loss));
}

// Of all of it nothing is known but what the manifest says.
void Salvage::lose_segment(const SegmentInfo& info, std::span<const SourceDeletes> deletes, const Error& why) {
  const std::string file = losses_.inside(source_.segment_path(info.file));
  if (info.parts.empty()) {  // Nobody names it: it may have been on its way in, or out.
    SalvageLoss loss = loss_of(LossKind::files, file, 0, why.message());
    loss.count = LossCount::unknown;
    losses_.add(std::move(loss));
  }
  for (const SegmentPartInfo& part : info.parts) {
    const auto target = targets_.find(part.table);
    if (target == targets_.end() || !source_.counts(info.file, part.table)) continue;
    SalvageLoss loss = loss_of(LossKind::rows, file, 0, why.message());
    std::uint64_t dead = 0;
    for (const DeleteSet* set : deletes_in(part.table, deletes)) dead = std::max(dead, set->count());
    loss.table = target->second.schema.name;
    loss.rows = part.rows - std::min(part.rows, dead);
    loss.count = ended_.empty() && manifest_.whole ? LossCount::exact : LossCount::at_most;
    set_range(loss, part);
    loss.first_lsn = raw(info.lsn_first);
    loss.last_lsn = raw(info.lsn_last);
    if (loss.rows > 0) losses_.add(std::move(loss));
  }
}

Result<void> Salvage::salvage_part(const Segment& part, const SegmentInfo& info, const SegmentPartInfo& named,
                                   std::span<const SourceDeletes> deletes) {
  const Target& target = targets_.at(named.table);
  const std::vector<const DeleteSet*> dead = deletes_in(named.table, deletes);
  const std::string file = losses_.inside(source_.segment_path(info.file));
  SegmentRemains remains(part, target.schema, dead, budget_);
  return remains.walk({
      .rows = [&](std::vector<RowId>& ids, Batch& rows) { return keep(target, ids, rows, file); },
      .lost = [&](LostRun& run) { return lose_run(part, named, target, run); },
  });
}

Result<void> Salvage::lose_run(const Segment& part, const SegmentPartInfo& named, const Target& target, LostRun& run) {
  SalvageLoss loss = loss_of(LossKind::rows, losses_.inside(part.file().path()), run.offset, std::move(run.reason));
  loss.table = target.schema.name;
  loss.rows = run.rows;
  loss.first_lsn = part.info().first_lsn;
  loss.last_lsn = part.info().last_lsn;
  loss.count = manifest_.whole && (run.ids_known || ended_.empty()) ? LossCount::exact : LossCount::at_most;
  set_range(loss, named);
  bool times_known = false;
  if (run.ids_known) loss.rows = loss.first_row = loss.last_row = 0;
  for (std::size_t i = 0; i < run.rows; ++i) {
    if (run.ids_known) {
      if (is_gone(run.ids[i])) continue;
      const auto id = static_cast<std::uint64_t>(run.ids[i]);
      loss.first_row = loss.rows == 0 ? id : std::min(loss.first_row, id);
      loss.last_row = std::max(loss.last_row, id);
      ++loss.rows;
    }
    if (i >= run.times.rows() || run.times.is_null(i)) continue;
    const std::int64_t ns = run.times.values<std::int64_t>()[i];
    if (!std::exchange(times_known, true)) loss.time = TimeSpan{ns, ns};
    loss.time->first_ns = std::min(loss.time->first_ns, ns);
    loss.time->last_ns = std::max(loss.time->last_ns, ns);
  }
  if (loss.rows > 0) losses_.add(std::move(loss));
  return {};
}

// ---- Rows --------------------------------------------------------------------------------------------------------

void keep_only(std::span<const std::uint32_t> kept, std::vector<RowId>& ids, Batch& rows) {
  if (kept.size() == ids.size()) return;
  Batch fewer;
  std::vector<RowId> fewer_ids;
  for (const Column& column : rows.columns) fewer.columns.emplace_back(column.type());
  for (const std::uint32_t row : kept) {
    fewer_ids.push_back(ids[row]);
    for (std::size_t i = 0; i < rows.columns.size(); ++i) fewer.columns[i].append_run(rows.columns[i], row, 1);
  }
  ids = std::move(fewer_ids);
  rows = std::move(fewer);
}

// Those of the rows that live, and are not there yet.
Result<void> Salvage::keep(const Target& target, std::vector<RowId>& ids, Batch& rows, const std::string& file) {
  std::vector<std::uint32_t> kept;
  for (std::uint32_t row = 0; row < ids.size(); ++row) {
    if (!is_gone(ids[row])) kept.push_back(row);
  }
  keep_only(kept, ids, rows);
  TRY(copy_blobs(target, ids, rows, file));
  if (!manifest_.whole) {
    TRY(row_memory_.grow_to(ended_.memory_bytes() + taken_.memory_bytes() + ids.size() * RowSet::kInsertBytes));
    for (const RowId row : ids) taken_.insert(row);
  }
  losses_.recovered(target.schema.name, ids.size());
  return out_.insert(target.id, ids, rows, [&](const LeftOut& row) {
    losses_.end_recovered(target.schema.name);
    SalvageLoss loss = loss_of(row.duplicate ? LossKind::duplicates : LossKind::rows, file, 0, row.reason);
    loss.table = target.schema.name;
    if (!row.duplicate) loss.rows = 1;
    if (!manifest_.whole) loss.count = LossCount::at_most;
    loss.first_row = loss.last_row = static_cast<std::uint64_t>(row.row);
    losses_.add(std::move(loss));
  });
}

// Values that lie in blob files come along; a row whose blob cannot be read is lost.
Result<void> Salvage::copy_blobs(const Target& target, std::vector<RowId>& ids, Batch& rows, const std::string& file) {
  std::vector<bool> lost(ids.size());
  bool any = false;
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    if (rows.columns[i].type().kind != TypeKind::blob) continue;
    for (std::size_t row = 0; row < ids.size(); ++row) {
      if (lost[row] || rows.columns[i].is_null(row)) continue;
      const StringRef value = rows.columns[i].values<StringRef>()[row];
      if (!value.is_reference()) continue;
      const BlobRef from = blob_ref(value);
      std::string why;
      const auto to = TRY(blobs_.copy(from, out_, why));
      if (to) {
        rows.columns[i].set_copy(row, as_reference(*to));
        continue;
      }
      lost[row] = any = true;
      SalvageLoss loss = loss_of(LossKind::rows, "blob/" + std::to_string(from.file) + ".blob", from.offset,
                                 "column '" + target.schema.columns[i].name + "' of a row of " + file + ": " + why);
      loss.table = target.schema.name;
      loss.rows = 1;
      loss.count = manifest_.whole ? LossCount::exact : LossCount::at_most;
      loss.first_row = loss.last_row = static_cast<std::uint64_t>(ids[row]);
      const auto time = target.schema.time_column ? target.schema.ordinal_of(*target.schema.time_column) : std::nullopt;
      if (time && rows.columns[*time].type().kind == TypeKind::timestamp && !rows.columns[*time].is_null(row)) {
        const std::int64_t ns = rows.columns[*time].values<std::int64_t>()[row];
        loss.time = TimeSpan{ns, ns};
      }
      losses_.add(std::move(loss));
    }
  }
  std::vector<std::uint32_t> kept;
  for (std::uint32_t row = 0; any && row < ids.size(); ++row) {
    if (!lost[row]) kept.push_back(row);
  }
  if (any) keep_only(kept, ids, rows);
  return {};
}

// No number that was handed out comes again.
Result<void> Salvage::raise_keys() {
  for (const auto& [id, target] : targets_) {
    const auto mark = manifest_.state.tables.find(id);
    const bool numbered = std::ranges::any_of(target.schema.columns, &ColumnSchema::identity);
    if (numbered && mark != manifest_.state.tables.end()) TRY(out_.raise_keys(target.id, mark->second.next_key));
  }
  return {};
}

}  // namespace

Result<SalvageReport> salvage_store(const World& world, const std::string& source, Store& destination,
                                    const IndexKinds& kinds, const SalvageOptions& options) {
  auto report = Salvage(world, source, destination, kinds, options).run();
  if (report || report.error().code() != Code::full || report.error().sqlstate() != "53200") return report;
  return std::move(report).error().with_hint(
      "give the salvage more memory (--memory, SalvageOptions::memory_budget): twice what the database was written "
      "with");
}

}  // namespace mneme
