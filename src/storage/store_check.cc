#include "storage/store_check.h"

#include <algorithm>
#include <map>
#include <set>

#include "storage/blob_tally.h"
#include "storage/clustering_order.h"
#include "storage/log_reader.h"
#include "storage/memtable_chunk.h"
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
    TRY(check_memtables());
    return std::move(found_);
  }

 private:
  Result<void> check_files(const HeldFiles& held) LOCK_NOT_HELD(core_.mutex) {
    {
      Lock lock(core_.mutex);
      version_ = core_.version;  // First: what it has does not go, whatever is dropped from now on.
    }
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

  // Rows that are not in segments yet.
  Result<void> check_memtables() {
    for (const auto& [id, table] : version_->tables) {
      for (const auto& memtable : table.memtables) {
        if (memtable->holds_blobs()) TRY(check_memtable_blobs(*memtable));
      }
    }
    return {};
  }

  Result<void> check_memtable_blobs(const Memtable& memtable) {
    const Memtable::VisibleRows rows = memtable.visible_chunks(kEnding - 1);
    for (const MemtableChunk* chunk : rows.chunks) {
      const std::size_t count = std::min(rows.count - chunk->first, chunk->capacity);
      const std::span<const RowId> ids(chunk->row_ids, count);
      for (std::size_t i = 0; i < memtable.schema().columns.size(); ++i) {
        const ColumnSchema& column = memtable.schema().columns[i];
        if (column.type.kind != TypeKind::blob) continue;
        Column values(column.type);
        chunk->read(i, 0, count, values);
        TRY(check_blobs(memtable.schema(), column, ids, values));
      }
    }
    return {};
  }

  // Every blob that a part refers to, and the sum that the manifest has of them.
  Result<void> check_part_blobs(const Segment& segment, const SegmentPartInfo& part, const TableSchema& schema) {
    BlobTally tally;
    for (std::size_t i = 1; i < segment.columns().size() && !part.blobs.empty(); ++i) {
      if (segment.columns()[i].type.kind != TypeKind::blob) continue;
      const ColumnSchema* column = schema.find(segment.columns()[i].id);  // Null: dropped.
      for (std::uint64_t first = 0; first < segment.rows(); first += kBatchRowsMax) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kBatchRowsMax, segment.rows() - first));
        Column ids(Type{.kind = TypeKind::integer}), values(segment.columns()[i].type);
        TRY(segment.decode(0, first, count, ids));
        TRY(segment.decode(i, first, count, values));
        tally.add(segment.columns()[i].id, values, 0, count);
        if (column != nullptr) TRY(check_blobs(schema, *column, {ids.values<RowId>(), count}, values));
      }
    }
    const auto same = [](const PartBlobs& named, const auto& found) {
      return std::pair(named.file, named.column) == found.first && named.bytes == found.second;
    };
    if (std::ranges::equal(part.blobs, tally.bytes(), same)) return {};
    return damaged(segment.file(), "does not refer to the blob files that the manifest says");
  }

  // Damage is noted by table, row and column, blob by blob.
  Result<void> check_blobs(const TableSchema& schema, const ColumnSchema& column, std::span<const RowId> ids,
                           const Column& values) {
    for (std::size_t row = 0; row < values.rows(); ++row) {
      if (values.is_null(row) || !values.values<StringRef>()[row].is_reference()) continue;
      auto read = verify_blob(blob_ref(values.values<StringRef>()[row]));
      if (read) continue;
      TRY(note(std::move(read).error().during("table '" + schema.name + "', row " +
                                              std::to_string(static_cast<std::uint64_t>(ids[row])) + ", column '" +
                                              column.name + "'")));
    }
    return {};
  }

  Result<void> verify_blob(const BlobRef& ref) {
    const auto file = core_.blobs.find(FileNumber{ref.file});
    if (!file) return Error(Code::corrupt, core_.blobs.path_of(FileNumber{ref.file}) + ": is no file of this database");
    const auto reader = TRY(file->open());
    if (blob_files_.insert(file->number()).second) ++found_.files;
    return reader->verify(ref);
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
    std::uint32_t epoch = 0;
    for (Lsn lsn = extent.first.lsn; lsn <= std::min(extent.last, durable); lsn = next(lsn)) {
      const auto record = TRY(reader->successor(offset, lsn, epoch));
      if (!record) {
        return Error(Code::corrupt, path + ": record " + std::to_string(raw(lsn)) +
                                        " is damaged or missing after offset " + std::to_string(offset));
      }
      epoch = record->epoch;
      offset += LogReader::bytes(*record);
    }
    return {};
  }

  Result<void> check_segment(SegmentHandle& handle) {
    const auto file = TRY(handle.open());
    TRY(file->verify());
    for (const SegmentPartInfo& part : infos_.at(FileNumber{handle.number()}).parts) {
      const auto schema = schemas_.find(part.table);
      // Dropped: the manifest may not say so yet, but its blobs may have gone.
      if (schema == schemas_.end() || version_->find(part.table) == nullptr) continue;
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
    TRY(check_part_blobs(segment, part, schema));
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
  std::shared_ptr<const Version> version_;
  std::set<FileNumber> blob_files_;  // That were read.
};

}  // namespace

Result<StoreCheck> check_store(StoreCore& core, Maintenance& maintenance) { return Checker(core, maintenance).run(); }

}  // namespace mneme
