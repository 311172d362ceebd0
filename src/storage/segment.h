// Segment: one table's rows in an immutable columnar file; the reader. The bytes are in docs/format.md, "segments".
//
// A file <n>.seg holds the part of one table, or a pack of several small tables' parts. A part has columns by id (id 0
// is the hidden RowId), cut into blocks each column for itself: row r of the part is its `ordinal`. Opening reads the
// trailer and the footer only; the block index and the blocks come through the cache when asked for, each checked.
// Every byte that matters is under a checksum; bytes that do not fit are corrupt, with file and offset.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file.h"
#include "storage/block_cache.h"
#include "storage/encoding.h"
#include "storage/memory_budget.h"
#include "storage/raw_values.h"
#include "storage/section.h"
#include "storage/zone_map.h"
#include "types/column.h"
#include "types/schema.h"

namespace mneme {

constexpr ColumnId kRowIdColumn{0};

struct SegmentColumn {
  ColumnId id{};
  Type type;
};

// What the writer is told about a part and the reader tells again.
struct SegmentPart {
  TableId table{};
  std::uint32_t schema_version = 0;
  std::uint64_t first_lsn = 0, last_lsn = 0;  // Of the log records whose rows it holds.
  std::vector<SegmentColumn> columns;
  // For who has lost the manifest; let go once a file is open for anybody else.
  ByteBuffer schema{};                  // Of the table, as encode_schema() writes it. Empty: of format version 1.
  std::vector<std::uint64_t> merged{};  // The segments whose parts of this table it was made of.
};

struct SegmentFooter;  // segment_format.h
struct IndexPage;      // segment_format.h
class SegmentPages;    // segment_format.h
class BlockSlots;      // block_slots.h
class LazyBlockSlots;  // block_slots.h

class Segment;

class SegmentFile : public std::enable_shared_from_this<SegmentFile> {  // Thread-safe; immutable after open.
 public:
  // `number` names it in the cache and must be the header's. Its footer's memory is reserved from `budget`.
  static Result<std::shared_ptr<SegmentFile>> open(FileSystem& files, const std::string& path, std::uint64_t number,
                                                   BlockCache& cache, MemoryBudget& budget);
  // The same for salvage: the header is not asked, a trailer that does not fit is believed if the footer it names fits
  // the checksum it has, and parts keep their schemas.
  static Result<std::shared_ptr<SegmentFile>> open_damaged(FileSystem& files, const std::string& path,
                                                           std::uint64_t number, BlockCache& cache,
                                                           MemoryBudget& budget);
  ~SegmentFile();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] BlockCache* cache() const noexcept { return cache_; }  // Null: it is read past one.
  [[nodiscard]] std::size_t parts() const noexcept;
  [[nodiscard]] Segment part(std::size_t index) const;  // REQUIRES: index < parts().
  [[nodiscard]] std::optional<Segment> find(TableId table) const;
  // Reads and checks everything: checksums, encodings, zone maps, agreement of counts.
  Result<void> verify() const;

 private:
  friend class Segment;
  friend class SegmentSection;
  SegmentFile() = default;
  static Result<std::shared_ptr<SegmentFile>> open_uncached(FileSystem& files, const std::string& path,
                                                            std::uint64_t number, MemoryBudget& budget);
  Result<void> read_header_and_footer();
  Result<void> read_footer(bool damaged);
  // A run of bytes under one checksum; a run of whole pages under one each, `table` being theirs.
  Result<PinnedBytes> read(std::uint64_t offset, std::uint32_t bytes, std::uint32_t crc,
                           BlockCache::Priority priority) const;
  Result<PinnedBytes> read_pages(std::uint64_t offset, Bytes table, BlockCache::Priority priority) const;
  Result<PinnedBytes> read_block_pages(std::uint64_t offset, Bytes table, const SegmentPages& pages) const;
  Result<PinnedBytes> load_pages(std::uint64_t offset, Bytes table, BlockCache::Priority priority,
                                 BlockCache::Loader& loader) const;
  // A block of a column under one checksum, opened as such: `opened` is a SegmentBlock. REQUIRES: cache_ is not null.
  Result<std::shared_ptr<const CachedBlock>> read_block(const BlockKey& key, std::uint32_t crc, const Type& type,
                                                        std::uint32_t first_row, std::uint32_t rows) const;
  Result<PinnedBytes> load(std::uint64_t offset, std::uint32_t bytes, BlockCache::Priority priority,
                           BlockCache::Loader& loader) const;
  [[nodiscard]] LazyBlockSlots& column_slots(std::size_t part, std::size_t column) const noexcept;
  Result<std::shared_ptr<const CachedBlock>> read_page(std::uint64_t offset, Bytes table,
                                                       BlockCache::Priority priority) const;
  [[nodiscard]] Error corrupt(std::uint64_t offset, const std::string& what) const;

  std::string path_;
  std::uint64_t number_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t footer_offset_ = 0;
  FileSystem* files_ = nullptr;
  std::unique_ptr<File> file_;
  BlockCache* cache_ = nullptr;  // Null while verifying: what counts is the disk.
  MemoryBudget* budget_ = nullptr;
  std::unique_ptr<SegmentFooter> footer_;
  Reservation footer_memory_;
  // Of each part, its columns and its sections. Own synchronisation.
  std::vector<std::unique_ptr<LazyBlockSlots[]>> slots_;
  std::vector<std::unique_ptr<std::atomic<const Section*>[]>> sections_;  // Null until it is opened; then it stays.
};

// What the index knows of one block.
struct BlockInfo {
  std::uint32_t first_row = 0;
  std::uint32_t rows = 0;
  std::uint64_t stored_bytes = 0;
  Encoding encoding = Encoding::all_null;
  ZoneMap zone;
};

// Rows of a column that can be read, or not, together.
struct RowExtent {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;  // Of the block; of the page of the index when that is damaged.
  bool indexed = true;       // False: the page of the index that names the block cannot be read.
};

// A block of a column that is not paged, in memory as long as this is.
struct PinnedBlock {
  std::shared_ptr<const void> owner;
  const BlockView* view = nullptr;
  std::uint32_t first_row = 0;
  [[nodiscard]] bool holds(std::uint64_t ordinal) const noexcept {
    return ordinal >= first_row && ordinal - first_row < view->rows();
  }
};

// The ways to the blocks of a column, by its rows, if all blocks but the last are of one size. Immutable; borrows the
// file.
struct ColumnWays {
  const BlockSlots* slots = nullptr;  // Null: there are none yet.
  std::size_t block_rows = 1;
};

class Segment {  // One part of a file. Cheap to copy; keeps the file open. Thread-safe.
 public:
  // The same part, which does not keep the file open: good while another one does.
  [[nodiscard]] Segment borrowed() const {
    return Segment(std::shared_ptr<const SegmentFile>(std::shared_ptr<void>(), file_.get()), part_);
  }
  [[nodiscard]] const SegmentFile& file() const noexcept { return *file_; }
  [[nodiscard]] const SegmentPart& info() const noexcept;
  [[nodiscard]] std::uint64_t rows() const noexcept;
  [[nodiscard]] const std::vector<SegmentColumn>& columns() const noexcept { return info().columns; }
  // The column's position in columns(), which the calls below take; none: the part is older than the column.
  [[nodiscard]] std::optional<std::size_t> position_of(ColumnId id) const noexcept {
    // Here, so that no optional travels through memory: that stall was a quarter of a point read.
    const std::size_t position = position_or_end(id);
    return position == kNoPosition ? std::nullopt : std::optional(position);
  }
  [[nodiscard]] const ZoneMap& zone_map(std::size_t column) const noexcept;  // Of the whole column; no I/O.

  [[nodiscard]] std::size_t blocks(std::size_t column) const noexcept;
  [[nodiscard]] Result<BlockInfo> block_info(std::size_t column, std::size_t block) const;
  [[nodiscard]] Result<std::size_t> block_of(std::size_t column,
                                             std::uint64_t ordinal) const;  // REQUIRES: ordinal < rows().
  // Those that share the block of `ordinal`, or the page of the index if that is damaged. REQUIRES: ordinal < rows().
  [[nodiscard]] RowExtent extent_of(std::size_t column, std::uint64_t ordinal) const;
  // REQUIRES for both: the column is not paged.
  [[nodiscard]] Result<BlockView> read_block(std::size_t column, std::size_t block) const;
  // The block that holds the row, without a lock when it is in the cache. REQUIRES: ordinal < rows().
  [[nodiscard]] Result<PinnedBlock> block_at(std::size_t column, std::uint64_t ordinal) const;
  // The same if it can be had at once: `view` is null where it would have to be looked for.
  [[nodiscard]] PinnedBlock block_in_memory(std::size_t column, std::uint64_t ordinal) const noexcept {
    return is_paged(column) ? PinnedBlock{} : block_in(column_slots(column), column, ordinal);
  }

  [[nodiscard]] ColumnWays ways(std::size_t column) const noexcept {
    return {column_slots(column), even_block_rows(column)};
  }

  [[nodiscard]] bool is_paged(std::size_t column) const noexcept;
  // Paged columns: contiguous raw memory, from a row to its block's end.
  [[nodiscard]] Result<RawValues> raw_from(std::size_t column, std::uint64_t ordinal) const;

  // Appends to `out` the rows [first, first + count) across blocks, or the given ascending ordinals. Any column.
  Result<void> decode(std::size_t column, std::uint64_t first, std::size_t count, Column& out) const;
  Result<void> gather(std::size_t column, std::span<const std::uint32_t> ordinals, Column& out) const;

  [[nodiscard]] std::size_t sections() const noexcept;
  [[nodiscard]] const SectionName& section_name(std::size_t section) const noexcept;
  [[nodiscard]] std::optional<std::size_t> find_section(IndexId index) const noexcept;
  [[nodiscard]] Result<std::shared_ptr<const Section>> open_section(std::size_t section) const;  // Keeps the file.

 private:
  friend class SegmentFile;
  static constexpr std::size_t kNoPosition = ~std::size_t{0};
  [[nodiscard]] std::size_t position_or_end(ColumnId id) const noexcept;
  struct Entry;  // A block's entry, and the index page it is in.
  Segment(std::shared_ptr<const SegmentFile> file, std::size_t part) : file_(std::move(file)), part_(part) {}
  Result<Entry> entry(std::size_t column, std::size_t block) const;
  Result<Entry> entry_of(std::size_t column, std::uint64_t ordinal, std::size_t& block) const;
  Result<Entry> entry_in(std::size_t column, const IndexPage& at, PinnedBytes page, std::size_t block) const;
  Result<PinnedBlock> pin(std::size_t column, const Entry& entry, std::shared_ptr<const CachedBlock>* cached) const;
  Result<BlockView> view(std::size_t column, const Entry& entry) const;
  [[nodiscard]] std::optional<RawValues> slotted(std::size_t column, std::uint64_t ordinal) const;
  Result<RawValues> raw(std::size_t column, const Entry& entry, std::uint32_t first_row, std::uint32_t rows) const;
  Result<void> decode_block(std::size_t column, const Entry& entry, std::size_t first, std::size_t count,
                            Column& out) const;
  Result<void> gather_paged(std::size_t column, std::span<const std::uint32_t> ordinals, Column& out) const;
  [[nodiscard]] std::size_t even_block_rows(std::size_t column) const noexcept;
  [[nodiscard]] BlockSlots* column_slots(std::size_t column) const noexcept;  // Null: there is no room for them.
  [[nodiscard]] static PinnedBlock block_seen(const CachedBlock& block, std::uint64_t ordinal) noexcept;
  [[nodiscard]] PinnedBlock block_in(const BlockSlots* slots, std::size_t column, std::uint64_t ordinal) const noexcept;
  Result<void> verify() const;
  Result<void> verify_column(std::size_t column) const;
  Result<void> verify_section(std::size_t section) const;

  std::shared_ptr<const SegmentFile> file_;
  std::size_t part_;
};

}  // namespace mneme
