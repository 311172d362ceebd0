#include "storage/store_check.h"

#include <algorithm>
#include <map>

#include "storage/clustering_order.h"
#include "storage/log_reader.h"
#include "storage/segment_source.h"

namespace mneme {
namespace {

class Checker {  // One thread at a time; lives for one check.
 public:
  Checker(StoreCore& core, Maintenance& maintenance) : core_(core), maintenance_(maintenance) {}

  Result<StoreCheck> run() LOCK_NOT_HELD(core_.mutex) {
    const auto check_held = [this](const HeldFiles& held) { return check_files(held); };
    TRY(maintenance_.with_files_held(check_held));
    for (const auto& handle : handles_) TRY(note(check_segment(*handle)));
    return std::move(found_);
  }

 private:
  Result<void> check_files(const HeldFiles& held) LOCK_NOT_HELD(core_.mutex) {
    TRY(note(check_manifest(held)));
    for (const auto& [key, file] : held.state.deletes) TRY(note(check_deletes(file, held)));
    TRY(check_log(held.state));
    for (const auto& [number, handle] : held.segments) {
      if (!handle) continue;  // Of a dropped table.
      handles_.push_back(handle);
      infos_.emplace(number, held.state.segments.at(number));
    }
    schemas_ = held.catalog;
    return {};
  }

  // Damage goes into the report; what only keeps us from looking is an error of the check.
  Result<void> note(Result<void> outcome) {
    ++found_.files;
    if (outcome) return outcome;
    if (outcome.error().code() != Code::corrupt && outcome.error().code() != Code::unsupported) return outcome;
    found_.problems.push_back(outcome.error().message());
    return {};
  }

  Result<void> check_manifest(const HeldFiles& held) {
    const ManifestState read = TRY(Manifest::read(core_.world.files, core_.directory));
    if (read == held.state) return {};
    return Error(Code::corrupt, core_.directory + "/MANIFEST: does not say what it said when it was written");
  }

  Result<void> check_deletes(const DeleteFile& file, const HeldFiles& held) {
    const ReadDeletes read = TRY(read_deletes(core_, file));
    for (const SegmentPartInfo& part : held.state.segments.at(file.segment).parts) {
      if (part.table != read.table) continue;
      SegmentDeletes fits(core_.world.scheduler, core_.budget, part.rows);
      auto adopted = fits.adopt(read.deletes);
      if (adopted || adopted.error().code() != Code::corrupt) return adopted;
      return std::move(adopted).error().during("'" + delete_path(core_, file.segment, file.sequence) + "'");
    }
    return Error(Code::corrupt, "'" + delete_path(core_, file.segment, file.sequence) + "' is of no table");
  }

  Result<void> check_log(const ManifestState& state) LOCK_NOT_HELD(core_.mutex) {
    std::vector<LogExtent> extents;
    Lsn durable{};
    {
      Lock lock(core_.mutex);
      extents = core_.log->extents(state.log_start.file);
      durable = core_.log->durable();
    }
    for (const LogExtent& extent : extents) TRY(note(check_log_file(extent, durable, state)));
    return {};
  }

  Result<void> check_log_file(const LogExtent& extent, Lsn durable, const ManifestState& state) {
    const std::string path = log_path(core_.wal_directory(), extent.first.file);
    const auto reader = TRY(LogReader::open(core_.world.files, path, extent.first.file,
                                            {.epoch_max = state.epoch, .origin = state.origin, .believe_cache = true}));
    if (!reader) return Error(Code::corrupt, path + ": is not a file of this log");
    std::uint64_t offset = extent.first.offset;
    for (Lsn lsn = extent.first.lsn; lsn <= std::min(extent.last, durable); lsn = next(lsn)) {
      const auto record = TRY(reader->after(offset));
      if (!record || record->lsn != lsn) {
        return Error(Code::corrupt, path + ": record " + std::to_string(raw(lsn)) +
                                        " is damaged or missing after offset " + std::to_string(offset));
      }
      offset += LogReader::bytes(*record);
    }
    return {};
  }

  Result<void> check_segment(SegmentHandle& handle) {
    const auto file = TRY(handle.open());
    TRY(file->verify());
    for (const SegmentPartInfo& part : infos_.at(FileNumber{handle.number()}).parts) {
      const auto schema = schemas_.find(part.table);
      if (schema == schemas_.end()) continue;  // Dropped since.
      const auto segment = file->find(part.table);
      if (!segment)
        return damaged(*file, "has no rows of table " + std::to_string(static_cast<std::uint64_t>(part.table)));
      TRY(check_part(*segment, part, *schema->second));
    }
    return {};
  }

  Result<void> check_part(const Segment& segment, const SegmentPartInfo& part, const TableSchema& schema) {
    const ZoneMap& ids = segment.zone_map(0);
    if (segment.rows() != part.rows || segment.info().schema_version != part.schema_version ||
        static_cast<RowId>(ids.integer_min) != part.row_first || static_cast<RowId>(ids.integer_max) != part.row_last) {
      return damaged(segment.file(), "is not the segment that the manifest names");
    }
    found_.rows += segment.rows();
    // A part of an older schema may be sorted by what clustered the table then.
    return part.schema_version == schema.version ? check_order(segment, schema) : Result<void>{};
  }

  // Each row is at or after the one before it, by the clustering columns; a batch at a time.
  Result<void> check_order(const Segment& segment, const TableSchema& schema) {
    std::vector<std::size_t> positions, keys;
    for (const std::size_t ordinal : clustering_ordinals(schema)) {
      const auto position = segment.position_of(schema.columns[ordinal].id);
      if (!position) return {};
      keys.push_back(positions.size());
      positions.push_back(*position);
    }
    Batch before, now;
    for (std::uint64_t first = 0; first < segment.rows() && !keys.empty(); first += now.rows()) {
      before = std::move(now);
      now = Batch();
      const std::uint64_t count = std::min<std::uint64_t>(kBatchRowsMax, segment.rows() - first);
      for (const std::size_t position : positions) {
        TRY(segment.decode(position, first, static_cast<std::size_t>(count),
                           now.columns.emplace_back(segment.columns()[position].type)));
      }
      bool sorted = before.rows() == 0 || compare_rows(before, before.rows() - 1, now, 0, keys) <= 0;
      for (std::size_t row = 1; row < now.rows(); ++row)
        sorted = sorted && compare_rows(now, row - 1, now, row, keys) <= 0;
      if (!sorted) return damaged(segment.file(), "is not sorted from row " + std::to_string(first) + " on");
    }
    return {};
  }

  static Error damaged(const SegmentFile& file, const std::string& what) {
    return Error(Code::corrupt, "'" + file.path() + "' " + what);
  }

  StoreCore& core_;
  Maintenance& maintenance_;
  StoreCheck found_;
  std::vector<std::shared_ptr<SegmentHandle>> handles_;
  std::map<FileNumber, SegmentInfo> infos_;
  std::map<TableId, std::shared_ptr<const TableSchema>> schemas_;
};

}  // namespace

Result<StoreCheck> check_store(StoreCore& core, Maintenance& maintenance) { return Checker(core, maintenance).run(); }

}  // namespace mneme
