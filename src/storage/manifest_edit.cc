#include "storage/manifest_edit.h"

#include <algorithm>
#include <iterator>

#include "base/coding.h"

namespace mneme {
namespace {

// A field is: tag varint | bytes varint | that many bytes. Who does not know a tag from 64 on may skip it.
enum class Tag : std::uint64_t {
  removed_segment = 1,
  removed_delete = 2,
  removed_table = 4,
  segment = 5,
  delete_file = 6,
  table = 8,
  catalog = 9,
  epoch = 10,
  known_synced = 11,
  log_start = 12,
  next_file = 13,
  next_row = 14,
  next_table = 15,
  origin = 16,
};
constexpr std::uint64_t kFirstSkippableTag = 64;

template <class... T>
void put(Writer& out, T... values) {
  (out.put_varint(static_cast<std::uint64_t>(values)), ...);
}

template <class T>
bool get_one(Reader& in, T& value) {
  std::uint64_t number = 0;
  if (!in.get_varint(number)) return false;
  if constexpr (sizeof(T) < sizeof number) {
    if (number >> (8 * sizeof value) != 0) return false;
  }
  value = static_cast<T>(number);
  return true;
}
template <class... T>
bool get(Reader& in, T&... values) {
  return (get_one(in, values) && ...);
}

void put_value(Writer& out, const SegmentRemoval& value) { put(out, value.file, value.table); }
void put_value(Writer& out, const DeleteFile& value) { put(out, value.segment, value.sequence, value.bytes); }
void put_value(Writer& out, const TableMark& value) { put(out, value.table, value.flushed_to, value.next_key); }
void put_value(Writer& out, const LogPosition& value) { put(out, value.file, value.offset, value.lsn); }
void put_value(Writer& out, FileNumber value) { put(out, value); }
void put_value(Writer& out, TableId value) { put(out, value); }
void put_value(Writer& out, RowId value) { put(out, value); }
void put_value(Writer& out, Lsn value) { put(out, value); }
void put_value(Writer& out, std::uint32_t value) { put(out, value); }
void put_value(Writer& out, std::uint64_t value) { put(out, value); }
void put_value(Writer& out, const CatalogCheckpoint& value) {
  put(out, value.lsn);
  out.put_bytes(value.bytes);
}
void put_part(Writer& out, const SegmentPartInfo& part) {
  put(out, part.table, part.schema_version, part.rows, part.row_first, part.row_last, part.level, part.run);
  put(out, part.time ? 1U : 0U);
  if (part.time) put(out, zigzag(part.time->first_ns), zigzag(part.time->last_ns));
  put(out, part.blobs.size());
  for (const PartBlobs& blobs : part.blobs) put(out, blobs.file, blobs.column, blobs.bytes);
}
void put_value(Writer& out, const SegmentInfo& value) {
  put(out, value.file, value.bytes, value.lsn_first, value.lsn_last);
  for (const SegmentPartInfo& part : value.parts) put_part(out, part);
}

bool get_value(Reader& in, SegmentRemoval& value) { return get(in, value.file, value.table); }
bool get_value(Reader& in, DeleteFile& value) { return get(in, value.segment, value.sequence, value.bytes); }
bool get_value(Reader& in, TableMark& value) { return get(in, value.table, value.flushed_to, value.next_key); }
bool get_value(Reader& in, LogPosition& value) { return get(in, value.file, value.offset, value.lsn); }
template <class T>
  requires(std::is_enum_v<T> || std::is_integral_v<T>)
bool get_value(Reader& in, T& value) {
  return get(in, value);
}
bool get_value(Reader& in, CatalogCheckpoint& value) {
  Bytes bytes;
  if (!get(in, value.lsn) || !in.get_bytes(in.remaining(), bytes)) return false;
  value.bytes.assign(bytes.begin(), bytes.end());
  return true;
}
bool get_part(Reader& in, SegmentPartInfo& part) {
  std::uint64_t has_time = 0;
  if (!get(in, part.table, part.schema_version, part.rows, part.row_first, part.row_last, part.level, part.run)) {
    return false;
  }
  if (!get(in, has_time) || has_time > 1) return false;
  if (has_time != 0) {
    std::uint64_t first = 0, last = 0;
    if (!get(in, first, last)) return false;
    part.time = TimeRange{unzigzag(first), unzigzag(last)};
  }
  std::uint64_t blobs = 0;
  if (!get(in, blobs) || blobs > in.remaining() / 3) return false;  // Each is three bytes at least.
  part.blobs.resize(static_cast<std::size_t>(blobs));
  for (PartBlobs& used : part.blobs) {
    if (!get(in, used.file, used.column, used.bytes)) return false;
  }
  return true;
}
bool get_value(Reader& in, SegmentInfo& value) {
  if (!get(in, value.file, value.bytes, value.lsn_first, value.lsn_last)) return false;
  do {  // At least one; to the field's end.
    if (!get_part(in, value.parts.emplace_back())) return false;
  } while (!in.at_end());
  return true;
}

class EditWriter {  // One thread at a time.
 public:
  explicit EditWriter(ByteBuffer& out) : out_(out) {}
  template <class T>
  void field(Tag tag, const T& value) {
    scratch_.clear();
    Writer scratch(scratch_);
    put_value(scratch, value);
    put(out_, tag);
    out_.put_sized(Bytes(scratch_));
  }
  template <class T>
  void field(Tag tag, const std::vector<T>& values) {
    for (const T& value : values) field(tag, value);
  }
  template <class T>
  void field(Tag tag, const std::optional<T>& value) {
    if (value) field(tag, *value);
  }

 private:
  Writer out_;
  ByteBuffer scratch_;
};

template <class T>
bool read_into(Reader& in, std::vector<T>& values) {
  return get_value(in, values.emplace_back());
}
template <class T>
bool read_into(Reader& in, std::optional<T>& value) {
  return !value && get_value(in, value.emplace());  // Given twice: malformed.
}

// True if the field is well-formed: its value ends where the field does.
bool read_field(Tag tag, Reader& in, ManifestEdit& edit) {
  switch (tag) {
    case Tag::removed_segment: return read_into(in, edit.removed_segments);
    case Tag::removed_delete: return read_into(in, edit.removed_deletes);
    case Tag::removed_table: return read_into(in, edit.removed_tables);
    case Tag::segment: return read_into(in, edit.segments);
    case Tag::delete_file: return read_into(in, edit.deletes);
    case Tag::table: return read_into(in, edit.tables);
    case Tag::catalog: return read_into(in, edit.catalog);
    case Tag::epoch: return read_into(in, edit.epoch);
    case Tag::known_synced: return read_into(in, edit.known_synced);
    case Tag::log_start: return read_into(in, edit.log_start);
    case Tag::next_file: return read_into(in, edit.next_file);
    case Tag::next_row: return read_into(in, edit.next_row);
    case Tag::next_table: return read_into(in, edit.next_table);
    case Tag::origin: return read_into(in, edit.origin);
  }
  return false;
}

bool known(std::uint64_t tag) {
  constexpr std::uint64_t kNeverUsed[] = {3, 7};
  if (std::ranges::find(kNeverUsed, tag) != std::end(kNeverUsed)) return false;
  return tag >= static_cast<std::uint64_t>(Tag::removed_segment) && tag <= static_cast<std::uint64_t>(Tag::origin);
}

Error malformed(std::size_t at) {
  return Error(Code::corrupt, "manifest edit: malformed field at byte " + std::to_string(at) + " of it");
}

}  // namespace

void encode_edit(const ManifestEdit& edit, ByteBuffer& out) {
  EditWriter writer(out);
  writer.field(Tag::removed_segment, edit.removed_segments);
  writer.field(Tag::removed_delete, edit.removed_deletes);
  writer.field(Tag::removed_table, edit.removed_tables);
  writer.field(Tag::segment, edit.segments);
  writer.field(Tag::delete_file, edit.deletes);
  writer.field(Tag::table, edit.tables);
  writer.field(Tag::catalog, edit.catalog);
  writer.field(Tag::epoch, edit.epoch);
  writer.field(Tag::known_synced, edit.known_synced);
  writer.field(Tag::log_start, edit.log_start);
  writer.field(Tag::next_file, edit.next_file);
  writer.field(Tag::next_row, edit.next_row);
  writer.field(Tag::next_table, edit.next_table);
  writer.field(Tag::origin, edit.origin);
}

Result<ManifestEdit> decode_edit(Bytes bytes) {
  ManifestEdit edit;
  Reader in(bytes);
  while (!in.at_end()) {
    const std::size_t at = in.position();
    std::uint64_t tag = 0;
    Bytes value;
    if (!in.get_varint(tag) || !in.get_sized(value)) return malformed(at);
    if (!known(tag)) {
      if (tag >= kFirstSkippableTag) continue;
      return Error(Code::unsupported, "manifest edit: field " + std::to_string(tag) + " is of a newer version");
    }
    Reader field(value);
    if (!read_field(Tag{tag}, field, edit) || !field.at_end()) return malformed(at);
  }
  return edit;
}

}  // namespace mneme
