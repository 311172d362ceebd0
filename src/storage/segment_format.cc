#include "storage/segment_format.h"

#include <algorithm>
#include <string_view>

#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {
namespace {

constexpr std::string_view kHeaderMagic = "MNEMSEG1";
constexpr std::string_view kTrailerMagic = "MNEMSEGE";

Error corrupt(const char* what) { return Error(Code::corrupt, what); }
Error footer_cut() { return corrupt("footer is cut"); }

bool is_valid(const Type& type) noexcept {
  if (type.kind < TypeKind::boolean || type.kind > TypeKind::point3) return false;
  if (type.kind == TypeKind::vector) {
    return type.element <= VectorElement::bit && type.dimension >= 1 && type.dimension <= kVectorDimensionMax;
  }
  return true;
}

void put_type(Writer& writer, const Type& type) {
  writer.put(type.kind);
  writer.put(type.element);
  writer.put(type.dimension);
  writer.put(type.precision);
  writer.put(type.scale);
}

bool get_type(Reader& reader, Type& type) noexcept {
  return reader.get(type.kind) && reader.get(type.element) && reader.get(type.dimension) &&
         reader.get(type.precision) && reader.get(type.scale) && is_valid(type);
}

void put_zone(Writer& writer, const ZoneMap& zone) {
  writer.put(zone.kind);
  writer.put(zone.max_open ? kZoneMaxOpen : std::uint8_t{0});
  writer.put(zone.nulls);
  switch (zone.kind) {
    case ZoneMap::Kind::none: break;
    case ZoneMap::Kind::integer:
      writer.put(zone.integer_min);
      writer.put(zone.integer_max);
      break;
    case ZoneMap::Kind::floating:
      writer.put(zone.floating_min);
      writer.put(zone.floating_max);
      break;
    case ZoneMap::Kind::bytes:
      writer.put_sized(zone.bytes_min);
      writer.put_sized(zone.bytes_max);
      break;
  }
}

bool get_zone(Reader& reader, std::uint64_t rows, ZoneMap& zone) {
  std::uint8_t flags = 0;
  if (!reader.get(zone.kind) || !reader.get(flags) || flags > kZoneMaxOpen || !reader.get(zone.nulls)) return false;
  zone.max_open = flags != 0;
  zone.rows = rows;
  if (zone.nulls > rows) return false;
  switch (zone.kind) {
    case ZoneMap::Kind::none: return true;
    case ZoneMap::Kind::integer: return reader.get(zone.integer_min) && reader.get(zone.integer_max);
    case ZoneMap::Kind::floating: return reader.get(zone.floating_min) && reader.get(zone.floating_max);
    case ZoneMap::Kind::bytes: return reader.get_sized(zone.bytes_min) && reader.get_sized(zone.bytes_max);
  }
  return false;
}

void put_column(Writer& writer, const SegmentColumn& column, const ColumnFooter& footer) {
  writer.put(column.id);
  put_type(writer, column.type);
  writer.put(footer.blocks);
  writer.put(static_cast<std::uint32_t>(footer.pages.size()));
  put_zone(writer, footer.zone);
  for (const IndexPage& page : footer.pages) {
    writer.put(page.offset);
    writer.put(page.bytes);
    writer.put(page.crc);
    writer.put(page.first_block);
    writer.put(page.first_row);
  }
}

// Pages follow one another in blocks and rows from 0, each with room for its entries.
bool fits(const ColumnFooter& column, std::uint64_t rows, std::uint64_t end) noexcept {
  if ((rows == 0) != column.pages.empty() || column.pages.size() > column.blocks || column.blocks > rows) return false;
  for (std::size_t i = 0; i < column.pages.size(); ++i) {
    const IndexPage& page = column.pages[i];
    const bool last = i + 1 == column.pages.size();
    const std::uint64_t next_block = last ? column.blocks : column.pages[i + 1].first_block;
    const std::uint64_t next_row = last ? rows : column.pages[i + 1].first_row;
    if (i == 0 && (page.first_block != 0 || page.first_row != 0)) return false;
    if (page.first_block >= next_block || page.first_row >= next_row) return false;
    if (page.offset > end || page.bytes > end - page.offset) return false;
    if ((next_block - page.first_block) * sizeof(BlockEntry) + kSegmentSpareBytes > page.bytes) return false;
  }
  return true;
}

bool get_column(Reader& reader, std::uint64_t rows, std::uint64_t end, SegmentColumn& column, ColumnFooter& footer) {
  std::uint32_t pages = 0;
  if (!reader.get(column.id) || !get_type(reader, column.type) || !reader.get(footer.blocks) || !reader.get(pages))
    return false;
  if (!get_zone(reader, rows, footer.zone) || pages > reader.remaining() / 24) return false;
  footer.pages.resize(pages);
  for (IndexPage& page : footer.pages) {
    if (!reader.get(page.offset) || !reader.get(page.bytes) || !reader.get(page.crc) || !reader.get(page.first_block) ||
        !reader.get(page.first_row)) {
      return false;
    }
  }
  return fits(footer, rows, end);
}

void put_section(Writer& writer, const SectionFooter& section) {
  writer.put(section.name.index);
  writer.put_sized(section.name.kind);
  writer.put_varint(section.name.columns.size());
  for (const ColumnId id : section.name.columns) writer.put(id);
  writer.put(section.offset);
  writer.put(section.bytes);
  writer.put(section.table_offset);
  writer.put(section.table_crc);
}

bool get_section(Reader& reader, std::uint64_t end, SectionFooter& section) {
  std::uint64_t columns = 0;
  if (!reader.get(section.name.index) || !reader.get_sized(section.name.kind) || !reader.get_varint(columns))
    return false;
  if (columns > reader.remaining() / 4) return false;
  section.name.columns.resize(static_cast<std::size_t>(columns));
  for (ColumnId& id : section.name.columns) {
    if (!reader.get(id)) return false;
  }
  if (!reader.get(section.offset) || !reader.get(section.bytes) || !reader.get(section.table_offset) ||
      !reader.get(section.table_crc)) {
    return false;
  }
  if (section.offset > end || section.bytes > end - section.offset) return false;
  const std::uint64_t pages = pages_of(section.bytes);
  if (pages * kSegmentPageBytes > end - section.offset || section.table_offset > end) return false;
  return pages * kPageTableEntryBytes + kSegmentSpareBytes <= end - section.table_offset;
}

// What tells a part from others without a manifest.
void put_origin(Writer& writer, const SegmentPart& part) {
  writer.put_sized(Bytes(part.schema));
  writer.put_varint(part.merged.size());
  for (const std::uint64_t segment : part.merged) writer.put_varint(segment);
}

bool get_origin(Reader& reader, SegmentPart& part) {
  Bytes schema;
  std::uint64_t merged = 0;
  if (!reader.get_sized(schema) || !reader.get_varint(merged) || merged > reader.remaining()) return false;
  part.schema.assign(schema.begin(), schema.end());
  part.merged.resize(static_cast<std::size_t>(merged));
  return std::ranges::all_of(part.merged, [&](std::uint64_t& segment) { return reader.get_varint(segment); });
}

Result<PartFooter> get_part(Reader& reader, std::uint64_t end) {
  PartFooter part;
  std::uint32_t columns = 0, sections = 0;
  if (!reader.get(part.part.table) || !reader.get(part.part.schema_version) || !reader.get(part.part.first_lsn) ||
      !reader.get(part.part.last_lsn) || !reader.get(part.rows) || !reader.get(columns) || !reader.get(sections)) {
    return footer_cut();
  }
  if (part.rows > kSegmentRowsMax) return corrupt("impossible number of rows in the footer");
  if (columns > reader.remaining() / 20 || sections > reader.remaining() / 20) return footer_cut();
  part.part.columns.resize(columns);
  part.columns.resize(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    if (!get_column(reader, part.rows, end, part.part.columns[i], part.columns[i]))
      return corrupt("bad column in the footer");
  }
  part.sections.resize(sections);
  for (SectionFooter& section : part.sections) {
    if (!get_section(reader, end, section)) return corrupt("bad section in the footer");
  }
  return part;
}

}  // namespace

void encode_segment_header(const SegmentHeader& header, ByteBuffer& out) {
  const std::size_t start = out.size();
  Writer writer(out);
  writer.put_bytes(as_bytes(kHeaderMagic));
  writer.put(kSegmentFormatVersion);
  writer.put(std::uint16_t{0});  // Cipher.
  writer.put(std::uint32_t{0});
  for (int features = 0; features < 3; ++features) writer.put(std::uint32_t{0});
  writer.put(static_cast<std::uint32_t>(kSegmentPageBytes));
  writer.put(header.number);
  writer.put(header.origin);
  writer.put(header.created_ns);
  writer.put(std::uint32_t{0});
  writer.put(crc32c(Bytes(out).subspan(start)));
}

Result<SegmentHeader> decode_segment_header(Bytes bytes) {
  if (as_text(bytes.first(kHeaderMagic.size())) != kHeaderMagic) return corrupt("not a segment");
  const auto u32_at = [bytes](std::size_t at) { return load<std::uint32_t>(bytes.data() + at); };
  if (crc32c(bytes.first(60)) != u32_at(60)) return corrupt("the header's checksum does not match");
  const auto version = load<std::uint16_t>(bytes.data() + 8);
  if (version < 1 || version > kSegmentFormatVersion || load<std::uint16_t>(bytes.data() + 10) != 0 ||
      u32_at(24) != 0) {
    return Error(Code::unsupported, "segment of a newer format");
  }
  if (u32_at(28) != kSegmentPageBytes) return corrupt("unknown page size");
  return SegmentHeader{load<std::uint64_t>(bytes.data() + 32), load<std::uint64_t>(bytes.data() + 40),
                       load<std::int64_t>(bytes.data() + 48)};
}

PoolRange pool_range(const std::byte* field) noexcept {
  return {load<std::uint32_t>(field), load<std::uint32_t>(field + 4)};
}

bool zone_of_entry(const BlockEntry& entry, Bytes page, ZoneMap& zone) {
  zone.kind = entry.zone_kind;
  zone.rows = entry.rows;
  zone.nulls = entry.nulls;
  zone.max_open = (entry.flags & kZoneMaxOpen) != 0;
  const auto text = [page](const std::byte* field, std::string& to) {
    const PoolRange range = pool_range(field);
    if (range.offset > page.size() || range.bytes > page.size() - range.offset) return false;
    to = as_text(page.subspan(range.offset, range.bytes));
    return true;
  };
  switch (entry.zone_kind) {
    case ZoneMap::Kind::none: return true;
    case ZoneMap::Kind::integer:
      zone.integer_min = load<std::int64_t>(entry.least);
      zone.integer_max = load<std::int64_t>(entry.greatest);
      return true;
    case ZoneMap::Kind::floating:
      zone.floating_min = load<double>(entry.least);
      zone.floating_max = load<double>(entry.greatest);
      return true;
    case ZoneMap::Kind::bytes: return text(entry.least, zone.bytes_min) && text(entry.greatest, zone.bytes_max);
  }
  return false;
}

std::size_t SegmentFooter::memory_bytes() const noexcept {
  std::size_t bytes = sizeof *this;
  for (const PartFooter& part : parts) {
    bytes += sizeof part + part.columns.size() * (sizeof(ColumnFooter) + sizeof(SegmentColumn));
    for (const ColumnFooter& column : part.columns) bytes += column.pages.size() * sizeof(IndexPage);
    bytes += part.sections.size() * (sizeof(SectionFooter) + 64);
    bytes += part.part.schema.size() + part.part.merged.size() * sizeof(std::uint64_t);
  }
  return bytes;
}

void encode_segment_footer(const SegmentFooter& footer, ByteBuffer& out) {
  Writer writer(out);
  writer.put(static_cast<std::uint32_t>(footer.parts.size()));
  for (const PartFooter& part : footer.parts) {
    writer.put(part.part.table);
    writer.put(part.part.schema_version);
    writer.put(part.part.first_lsn);
    writer.put(part.part.last_lsn);
    writer.put(part.rows);
    writer.put(static_cast<std::uint32_t>(part.columns.size()));
    writer.put(static_cast<std::uint32_t>(part.sections.size()));
    for (std::size_t i = 0; i < part.columns.size(); ++i) put_column(writer, part.part.columns[i], part.columns[i]);
    for (const SectionFooter& section : part.sections) put_section(writer, section);
  }
  for (const PartFooter& part : footer.parts) put_origin(writer, part.part);
}

Result<SegmentFooter> decode_segment_footer(Bytes bytes, std::uint64_t end) {
  Reader reader(bytes);
  SegmentFooter footer;
  std::uint32_t parts = 0;
  if (!reader.get(parts) || parts > reader.remaining() / 44) return footer_cut();
  for (std::uint32_t i = 0; i < parts; ++i) footer.parts.push_back(TRY(get_part(reader, end)));
  for (std::size_t i = 0; i < footer.parts.size() && !reader.at_end(); ++i) {
    if (!get_origin(reader, footer.parts[i].part)) return footer_cut();
  }
  if (!reader.at_end()) return corrupt("bytes after the footer's end");
  return footer;
}

void encode_segment_trailer(const SegmentTrailer& trailer, ByteBuffer& out) {
  const std::size_t start = out.size();
  Writer writer(out);
  writer.put(trailer.footer_offset);
  writer.put(trailer.footer_bytes);
  writer.put(trailer.footer_crc);
  out.resize(out.size() + kSegmentSpareBytes);
  writer.put(std::uint32_t{0});
  writer.put(crc32c(Bytes(out).subspan(start)));
  writer.put_bytes(as_bytes(kTrailerMagic));
}

Result<SegmentTrailer> decode_segment_trailer(Bytes bytes) {
  if (as_text(bytes.subspan(40)) != kTrailerMagic) return corrupt("no trailer: the segment was not finished");
  if (crc32c(bytes.first(36)) != load<std::uint32_t>(bytes.data() + 36))
    return corrupt("the trailer's checksum does not match");
  return unchecked_segment_trailer(bytes);
}

SegmentTrailer unchecked_segment_trailer(Bytes bytes) noexcept {
  return {load<std::uint64_t>(bytes.data()), load<std::uint32_t>(bytes.data() + 8),
          load<std::uint32_t>(bytes.data() + 12)};
}

}  // namespace mneme
