#include "sim/used_bytes.h"

#include <algorithm>
#include <optional>

#include "base/coding.h"
#include "storage/blob_file.h"
#include "storage/log_files.h"
#include "storage/log_record.h"
#include "storage/manifest.h"
#include "storage/manifest_record.h"
#include "storage/segment_format.h"
#include "storage/table_scan.h"
#include "types/blob_ref.h"

namespace mneme::sim {
namespace {

class Marks {  // Of one file. One thread at a time.
 public:
  Marks(Bytes file, std::vector<bool>& used) : file_(file), used_(&used) { used.resize(file.size()); }
  [[nodiscard]] Bytes at(std::uint64_t offset, std::uint64_t bytes) const {
    return file_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(bytes));
  }
  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t bytes) const {
    return offset <= file_.size() && bytes <= file_.size() - offset;
  }
  Bytes add(std::uint64_t offset, std::uint64_t bytes) {
    std::fill_n(used_->begin() + static_cast<std::ptrdiff_t>(offset), bytes, true);
    return at(offset, bytes);
  }
  Bytes add_all() { return add(0, file_.size()); }
  [[nodiscard]] std::size_t size() const noexcept { return file_.size(); }

 private:
  Bytes file_;
  std::vector<bool>* used_;
};

// A block of a column, or its pages; what an index page says of it is in the page.
void mark_column(Marks& marks, const ColumnFooter& column, const Type& type) {
  for (std::size_t i = 0; i < column.pages.size(); ++i) {
    const Bytes page = marks.add(column.pages[i].offset, column.pages[i].bytes);
    const std::uint32_t end = i + 1 < column.pages.size() ? column.pages[i + 1].first_block : column.blocks;
    for (std::uint32_t block = 0; block < end - column.pages[i].first_block; ++block) {
      const auto entry = load<BlockEntry>(&page[block * sizeof(BlockEntry)]);
      const bool paged = entry.encoding == Encoding::paged;
      marks.add(entry.offset,
                paged ? pages_of(std::uint64_t{entry.rows} * type.width()) * kSegmentPageBytes : entry.bytes);
    }
  }
}

void mark_segment(Marks& marks, const SegmentInfo& info) {
  marks.add(0, kSegmentHeaderBytes);
  const Bytes end = marks.add(marks.size() - kSegmentTrailerBytes, kSegmentTrailerBytes);
  const SegmentTrailer trailer = decode_segment_trailer(end).value();
  const Bytes bytes = marks.add(trailer.footer_offset, trailer.footer_bytes);
  const SegmentFooter footer = decode_segment_footer(bytes, trailer.footer_offset).value();
  for (const PartFooter& part : footer.parts) {
    const auto same_table = [&](const SegmentPartInfo& other) { return other.table == part.part.table; };
    if (std::ranges::none_of(info.parts, same_table)) continue;  // Of a dropped table.
    for (std::size_t c = 0; c < part.columns.size(); ++c) {
      mark_column(marks, part.columns[c], part.part.columns[c].type);
    }
    for (const SectionFooter& section : part.sections) {
      const std::uint64_t pages = pages_of(section.bytes);
      marks.add(section.offset, pages * kSegmentPageBytes);
      marks.add(section.table_offset, pages * kPageTableEntryBytes + kSegmentSpareBytes);
    }
  }
}

// But for the mark of a clean close at its end: without it the database opens as after a kill.
void mark_manifest(Marks& marks) {
  marks.add(0, kFileHeaderBytes);
  std::uint64_t sequence = 0;
  for (std::uint64_t at = kFileBodyOffset; marks.holds(at, kManifestRecordHeaderBytes);) {
    const ManifestRecordHeader header = decode_manifest_record(marks.at(at, kManifestRecordHeaderBytes));
    if (header.sequence != ++sequence) break;
    const std::uint64_t bytes = kManifestRecordHeaderBytes + header.payload_bytes;
    ManifestEdit mark;
    const ManifestEdit edit = decode_edit(marks.at(at, bytes).subspan(kManifestRecordHeaderBytes)).value();
    mark.known_synced = edit.known_synced;
    if (edit != mark) marks.add(at, bytes);
    at = align_to_sector(at + bytes);
  }
}

// The record at `offset`, if there is one.
std::optional<LogRecordHeader> record_at(const Marks& marks, std::uint64_t offset) {
  if (!marks.holds(offset, kLogRecordHeaderBytes)) return std::nullopt;
  const LogRecordHeader header = decode_log_record(marks.at(offset, kLogRecordHeaderBytes));
  const std::uint64_t bytes = kLogRecordHeaderBytes + std::uint64_t{header.payload_bytes};
  if (!marks.holds(offset, bytes)) return std::nullopt;
  const auto file_crc = load<std::uint32_t>(&marks.at(0, kFileHeaderBytes)[kFileHeaderBytes - 4]);
  return log_record_intact(marks.at(offset, bytes), file_crc) ? std::optional(header) : std::nullopt;
}

class StoreMarks {  // One thread at a time.
 public:
  explicit StoreMarks(const DurableImage& image) {
    for (const auto& [path, bytes] : image.files) files_.emplace(path, Marks(*bytes, used_[path]));
  }
  void mark(const ManifestState& state, FileNumber manifest, Store& store) {
    files_.at("db/CURRENT").add_all();
    mark_manifest(files_.at("db/" + manifest_name(manifest)));
    for (const auto& [number, info] : state.segments) {
      mark_segment(files_.at("db/seg/" + std::to_string(raw(number)) + ".seg"), info);
    }
    for (const auto& [key, file] : state.deletes) {
      files_.at("db/seg/" + std::to_string(raw(file.segment)) + "-" + std::to_string(file.sequence) + ".del").add_all();
    }
    mark_log(state.log_start);
    mark_blobs(store.snapshot().value());
  }
  [[nodiscard]] std::map<std::string, std::vector<bool>> used() && { return std::move(used_); }

 private:
  // The records from `start` on, through all the files that the log goes on in.
  void mark_log(const LogPosition& start) {
    std::uint64_t number = raw(start.file), offset = start.offset;
    for (bool at_sector = false;;) {
      Marks& marks = files_.at(log_path("db/wal", FileNumber{number}));
      marks.add(0, kFileHeaderBytes);
      const auto header = record_at(marks, offset);
      if (!header && at_sector) return;
      at_sector = !header;
      if (!header) {  // After a sync the next record has a sector of its own.
        offset = align_to_sector(offset);
        continue;
      }
      const Bytes record = marks.at(offset, kLogRecordHeaderBytes + header->payload_bytes);
      // A turn tells that the file it names is lost. As long as that is there, its first record says the same.
      if (header->kind != LogRecordKind::turn) marks.add(offset, record.size());
      offset += record.size();
      if (header->kind != LogRecordKind::turn) continue;
      number = load<std::uint64_t>(&record[kLogRecordHeaderBytes]);
      offset = kFileBodyOffset;
    }
  }

  void mark_blobs(const Snapshot& snapshot) {
    for (const auto& [id, table] : snapshot.version->tables) {
      for (const ColumnSchema& column : table.schema->columns) {
        if (column.type.kind != TypeKind::blob) continue;
        auto scan = TableScan::open(snapshot, id, {column.id}).value();
        while (const auto batch = scan.next().value()) mark_blobs(batch->columns[0]);
      }
    }
  }
  void mark_blobs(const Column& column) {
    for (std::size_t row = 0; row < column.rows(); ++row) {
      if (column.is_null(row) || !column.values<StringRef>()[row].is_reference()) continue;
      const BlobRef ref = blob_ref(column.values<StringRef>()[row]);
      Marks& marks = files_.at("db/blob/" + std::to_string(ref.file) + ".blob");
      marks.add(0, kFileHeaderBytes);
      marks.add(ref.offset, blob_stored_bytes(ref.bytes));
    }
  }

  std::map<std::string, std::vector<bool>> used_;
  std::map<std::string, Marks> files_;
};

}  // namespace

std::map<std::string, std::vector<bool>> used_bytes(const DurableImage& image, Store& store) {
  SimFileSystem files(image);
  const auto current = parse_current(as_text(*image.files.at("db/CURRENT")));
  StoreMarks marks(image);
  marks.mark(Manifest::read(files, "db").value(), *current, store);
  return std::move(marks).used();
}

}  // namespace mneme::sim
