// The bytes of a segment file as structures: header, index entries, footer, trailer. See docs/format.md, "segments".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/segment.h"

namespace mneme {

constexpr std::uint16_t kSegmentFormatVersion = 2;  // 1, which is read, has no schemas in its footer.
constexpr std::size_t kSegmentPageBytes = 4'096;
constexpr std::size_t kSegmentHeaderBytes = 64;
constexpr std::size_t kSegmentTrailerBytes = 48;
constexpr std::size_t kSegmentSpareBytes = 16;
constexpr std::size_t kPageTableEntryBytes = 20;  // u32 crc, 16 spare.
constexpr std::size_t kIndexPageBytesAim = 16 * 1024;
constexpr std::uint64_t kSegmentRowsMax = 0xffff'fffe;  // Ordinals are u32.

constexpr std::uint64_t pages_of(std::uint64_t bytes) noexcept {
  return bytes / kSegmentPageBytes + (bytes % kSegmentPageBytes != 0 ? 1 : 0);
}
// Rows after which a block of a fixed-width column ends.
constexpr std::size_t block_rows_of(std::size_t width) noexcept {
  const std::size_t fit = width == 0 ? kBlockRowsMax : kBlockInputBytesMax / width;
  return fit == 0 ? 1 : fit < kBlockRowsMax ? fit : kBlockRowsMax;
}
constexpr bool is_paged_type(const Type& type) noexcept {
  return !type.is_variable() && type.width() >= kPagedWidthMin;
}

struct SegmentHeader {
  std::uint64_t number = 0;
  std::uint64_t origin = 0;
  std::int64_t created_ns = 0;
};
void encode_segment_header(const SegmentHeader& header, ByteBuffer& out);
Result<SegmentHeader> decode_segment_header(
    Bytes bytes);  // unsupported: a newer format. REQUIRES: kSegmentHeaderBytes.

// One block, as it lies in an index page.
struct BlockEntry {
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;
  std::uint32_t crc = 0;
  std::uint32_t first_row = 0;
  std::uint32_t rows = 0;
  std::uint32_t nulls = 0;
  Encoding encoding = Encoding::all_null;
  ZoneMap::Kind zone_kind = ZoneMap::Kind::none;
  std::uint8_t flags = 0;
  std::uint8_t zero = 0;
  std::byte least[16] = {};     // i64, f64, or a PoolRange: of the text, or of the page table.
  std::byte greatest[16] = {};  // Likewise; of a page run: of the validity.
};
static_assert(sizeof(BlockEntry) == 64);
constexpr std::uint8_t kZoneMaxOpen = 1;

struct PoolRange {  // Bytes in the index page.
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
};
PoolRange pool_range(const std::byte* field) noexcept;
// Fails when the pool ranges leave `page`. The zone's text is copied.
bool zone_of_entry(const BlockEntry& entry, Bytes page, ZoneMap& zone);

// What the bytes of a block are opened to while they are in the cache.
// Begins a cache line, so that what a read of one row looks at lies in two.
class alignas(LineBuffer::kLineBytes) SegmentBlock final : public OpenedBlock {
 public:
  SegmentBlock(BlockView block, std::uint32_t first) : first_row(first), view(std::move(block)) {}
  const std::uint32_t first_row;
  const BlockView view;  // Does not keep the bytes alive: it lives with them.
};

// A whole block of a paged column none of whose values is NULL: raw values, one after another.
class SegmentPages final : public OpenedBlock {
 public:
  SegmentPages(std::uint32_t first, std::uint32_t count) : first_row(first), rows(count) {}
  std::uint32_t first_row;
  std::uint32_t rows;
};

struct IndexPage {
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;
  std::uint32_t crc = 0;
  std::uint32_t first_block = 0;
  std::uint32_t first_row = 0;
};
struct ColumnFooter {
  std::uint32_t blocks = 0;
  ZoneMap zone;
  std::vector<IndexPage> pages;
};
struct SectionFooter {
  SectionName name;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t table_offset = 0;
  std::uint32_t table_crc = 0;
};
struct PartFooter {
  SegmentPart part;
  std::uint64_t rows = 0;
  std::vector<ColumnFooter> columns;  // As part.columns.
  std::vector<SectionFooter> sections;
};
struct SegmentFooter {
  std::vector<PartFooter> parts;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
};
void encode_segment_footer(const SegmentFooter& footer, ByteBuffer& out);
// Of format version 1, which has nothing behind the parts, too. `end`: where the footer begins, which nothing it names
// may pass.
Result<SegmentFooter> decode_segment_footer(Bytes bytes, std::uint64_t end);

struct SegmentTrailer {
  std::uint64_t footer_offset = 0;
  std::uint32_t footer_bytes = 0;
  std::uint32_t footer_crc = 0;
};
void encode_segment_trailer(const SegmentTrailer& trailer, ByteBuffer& out);
Result<SegmentTrailer> decode_segment_trailer(Bytes bytes);      // REQUIRES: kSegmentTrailerBytes.
SegmentTrailer unchecked_segment_trailer(Bytes bytes) noexcept;  // The same, for who checks what it names.

}  // namespace mneme
