#include "storage/segment_output.h"

#include <algorithm>

#include "base/coding.h"

namespace mneme {
namespace {

constexpr std::size_t kDeleteTableOffset = 24;  // Of the table's id in a .del file.
constexpr std::uint64_t kDeleteBytesMax = std::uint64_t{1} << 30;

SegmentPartInfo describe_part(const Segment& part, std::optional<ColumnId> time, std::uint32_t level) {
  const ZoneMap& rows = part.zone_map(0);
  SegmentPartInfo info;
  info.table = part.info().table;
  info.schema_version = part.info().schema_version;
  info.rows = part.rows();
  info.row_first = static_cast<RowId>(rows.integer_min);
  info.row_last = static_cast<RowId>(rows.integer_max);
  info.level = level;
  if (!time) return info;
  const ZoneMap& times = part.zone_map(*part.position_of(*time));
  if (times.kind == ZoneMap::Kind::integer) info.time = TimeRange{times.integer_min, times.integer_max};
  return info;
}

}  // namespace

std::string segment_path(const StoreCore& core, FileNumber number) {
  return core.segment_directory() + "/" + std::to_string(raw(number)) + ".seg";
}

std::shared_ptr<const BlobUses> hold_blobs(StoreCore& core, const SegmentPartInfo& part) {
  if (part.blobs.empty()) return nullptr;
  auto held = std::make_shared<BlobUses>();
  for (const PartBlobs& blobs : part.blobs) held->push_back({core.blobs.adopt(blobs.file), blobs.column, blobs.bytes});
  return held;
}

std::string delete_path(const StoreCore& core, FileNumber segment, std::uint64_t sequence) {
  return core.segment_directory() + "/" + std::to_string(raw(segment)) + "-" + std::to_string(sequence) + ".del";
}

Result<std::unique_ptr<SegmentOutput>> SegmentOutput::create(StoreCore& core, FileNumber number,
                                                             std::uint64_t expected_bytes, std::uint64_t origin) {
  std::unique_ptr<SegmentOutput> output(new SegmentOutput(core, number));
  output->writer_ = TRY(SegmentWriter::create(core.world.files, segment_path(core, number),
                                              {.number = raw(number),
                                               .expected_bytes = expected_bytes,
                                               .origin = origin,
                                               .created_ns = core.world.clock.wall_ns()},
                                              core.budget));
  return output;
}

SegmentOutput::~SegmentOutput() {
  if (finished_) return;
  writer_.reset();
  if (auto gone = core_.world.files.unlink(segment_path(core_, number_)); !gone) {
    // It stays until the next open, which removes what the manifest does not name.
  }
}

Result<void> SegmentOutput::end_part(const TableSchema& schema) {
  blobs_.push_back(writer_->part_blobs());
  TRY(writer_->end_part());
  time_columns_.push_back(schema.time_column);
  return {};
}

Result<WrittenSegment> SegmentOutput::finish(std::uint32_t level) {
  const std::uint64_t bytes = TRY(writer_->finish());
  TRY(writer_->sync());
  writer_.reset();
  auto written = TRY(describe(bytes, level));
  finished_ = true;
  return written;
}

Result<WrittenSegment> SegmentOutput::describe(std::uint64_t bytes, std::uint32_t level) const {
  WrittenSegment written;
  written.info.file = number_;
  written.info.bytes = bytes;
  const auto handle = std::make_shared<SegmentHandle>(
      core_.world.files, core_.world.scheduler, segment_path(core_, number_), raw(number_), core_.cache, core_.budget);
  const auto file = TRY(handle->open());
  for (std::size_t i = 0; i < file->parts(); ++i) {
    const Segment part = file->part(i);
    const Lsn first{part.info().first_lsn}, last{part.info().last_lsn};
    written.info.lsn_first = i == 0 ? first : std::min(written.info.lsn_first, first);
    written.info.lsn_last = std::max(written.info.lsn_last, last);
    written.info.parts.push_back(describe_part(part, time_columns_[i], level));
    SegmentPartInfo& info = written.info.parts.back();
    for (const auto& [blob, used] : blobs_[i].bytes()) info.blobs.push_back({blob.first, blob.second, used});
    auto deletes = std::make_shared<SegmentDeletes>(core_.world.scheduler, core_.budget, part.rows());
    written.parts.push_back({part.info().table, {handle, info, std::move(deletes), bytes, hold_blobs(core_, info)}});
  }
  return written;
}

Result<DeleteFile> write_deletes(StoreCore& core, FileNumber segment, std::uint64_t sequence, TableId table,
                                 const DeleteSet& deletes) {
  ByteBuffer bytes;
  deletes.encode(raw(segment), table, bytes);
  const std::string path = delete_path(core, segment, sequence);
  auto file = TRY(core.world.files.open(path, FileSystem::Open::create));
  TRY(file->allocate(bytes.size()));
  TRY(file->write(0, bytes));
  TRY(file->sync(SyncSite::delete_data));
  return DeleteFile{segment, sequence, bytes.size()};
}

Result<ReadDeletes> read_deletes(StoreCore& core, const DeleteFile& named) {
  const std::string path = delete_path(core, named.segment, named.sequence);
  auto opened = core.world.files.open(path, FileSystem::Open::read_only);
  if (!opened && opened.error().code() == Code::not_found) {
    return Error(Code::corrupt, "'" + path + "' is missing, but the manifest names it");
  }
  const auto file = TRY(std::move(opened));
  const std::uint64_t size = TRY(file->size());
  if (size != named.bytes || size > kDeleteBytesMax || size < kDeleteTableOffset + sizeof(TableId)) {
    return Error(Code::corrupt, "'" + path + "' is not as long as the manifest says");
  }
  ByteBuffer bytes(static_cast<std::size_t>(size));
  if (TRY(file->read(0, bytes)) != bytes.size()) return Error(Code::corrupt, "'" + path + "' is cut");
  const auto table = load<TableId>(bytes.data() + kDeleteTableOffset);
  return ReadDeletes{table, TRY(DeleteSet::decode(bytes, path, raw(named.segment), table))};
}

}  // namespace mneme
