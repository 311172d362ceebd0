// Salvages a small store in whose files bytes were rewritten as the input says, and their checksums, in part of the
// inputs, made to fit again: what the checksums would have kept out must do no harm either.
//
// Input: u8 flags (1: seal again, 2: no manifest, 4: no CURRENT), then edits: u8 file | u24 offset | u8 bytes | bytes.
#include <algorithm>
#include <cstdlib>

#include "base/coding.h"
#include "base/crc32c.h"
#include "os/sim/sim_world.h"
#include "salvage/salvage_store.h"
#include "storage/log_record.h"
#include "storage/manifest_record.h"
#include "storage/segment_format.h"

namespace {
using namespace mneme;

StoreOptions small_options() {
  StoreOptions options;
  options.threads = 0;
  options.memory_budget = 8 << 20;
  options.log_file_bytes = 16 << 10;
  options.blob_inline_max = 256;
  return options;
}

TableSchema table(TableId id) {
  TableSchema schema;
  schema.id = id;
  schema.name = "t";
  for (const Type type :
       {Type{.kind = TypeKind::integer}, Type{.kind = TypeKind::timestamp}, Type{.kind = TypeKind::text},
        Type{.kind = TypeKind::blob}, Type{.kind = TypeKind::vector, .dimension = 20}}) {
    ColumnSchema& column = schema.columns.emplace_back();
    column.id = ColumnId{schema.next_column_id++};
    column.name = "c" + std::to_string(schema.next_column_id);
    column.type = type;
  }
  schema.time_column = schema.columns[1].id;
  return schema;
}

InsertRows rows(const TableSchema& schema, std::int64_t first, std::int64_t count) {
  InsertRows inserted;
  inserted.table = schema.id;
  for (const ColumnSchema& column : schema.columns) {
    Column& to = inserted.batch.columns.emplace_back(column.type);
    for (std::int64_t i = first; i < first + count; ++i) {
      if (i % 7 == 0) {
        to.append_null();
      } else if (column.type.is_variable()) {
        to.append_bytes(as_bytes(std::string(i % 5 == 0 ? 300 : 9, static_cast<char>('a' + i % 26))));
      } else if (column.type.kind == TypeKind::vector) {
        to.append_fixed(ByteBuffer(column.type.width(), std::byte{1}));
      } else {
        to.append(i);
      }
    }
  }
  return inserted;
}

sim::DurableImage make_store() {
  sim::SimWorld world(1);
  const auto store = Store::open(world.world(), "db", small_options()).value();
  const TableSchema schema = table(store->next_table_id().value());
  const auto commit = [&](Change change) {
    WriteSet writes;
    writes.changes.push_back(std::move(change));
    store->commit(std::move(writes), Durability::commit).value();
  };
  commit(CreateTable{schema});
  commit(rows(schema, 0, 40));
  store->flush().value();
  commit(EndRows{schema.id, {RowId{3}, RowId{9}}});
  commit(rows(schema, 40, 20));
  store->flush().value();
  commit(rows(schema, 60, 6));
  commit(EndRows{schema.id, {RowId{5}, RowId{62}}});
  store->close().value();
  return world.files().cut(sim::CutPolicy::p1, 0);
}

// ---- Checksums that fit again --------------------------------------------------------------------------------------

void seal_block(ByteBuffer& file, BlockEntry& entry) {
  if (entry.encoding == Encoding::paged || entry.offset > file.size() || entry.bytes > file.size() - entry.offset)
    return;
  entry.crc = crc32c(Bytes(file).subspan(static_cast<std::size_t>(entry.offset), entry.bytes));
}

void seal_segment(ByteBuffer& file) {
  if (file.size() < kSegmentHeaderBytes + kSegmentTrailerBytes) return;
  SegmentTrailer trailer = unchecked_segment_trailer(Bytes(file).last(kSegmentTrailerBytes));
  const std::size_t end = file.size() - kSegmentTrailerBytes;
  if (trailer.footer_offset > end || trailer.footer_bytes > end - trailer.footer_offset) return;
  const auto at = static_cast<std::size_t>(trailer.footer_offset);
  auto footer = decode_segment_footer(Bytes(file).subspan(at, trailer.footer_bytes), trailer.footer_offset);
  if (footer) {
    for (PartFooter& part : footer->parts) {
      for (ColumnFooter& column : part.columns) {
        for (IndexPage& page : column.pages) {
          for (std::size_t i = 0; i + sizeof(BlockEntry) <= page.bytes && i / sizeof(BlockEntry) < column.blocks;
               i += sizeof(BlockEntry)) {
            auto entry = load<BlockEntry>(file.data() + page.offset + i);
            seal_block(file, entry);
            store(file.data() + page.offset + i, entry);
          }
          page.crc = crc32c(Bytes(file).subspan(static_cast<std::size_t>(page.offset), page.bytes));
        }
      }
    }
    ByteBuffer again;
    encode_segment_footer(*footer, again);
    if (again.size() == trailer.footer_bytes) std::ranges::copy(again, file.begin() + static_cast<std::ptrdiff_t>(at));
  }
  trailer.footer_crc = crc32c(Bytes(file).subspan(at, trailer.footer_bytes));
  ByteBuffer sealed;
  encode_segment_trailer(trailer, sealed);
  std::ranges::copy(sealed, file.end() - static_cast<std::ptrdiff_t>(kSegmentTrailerBytes));
}

void seal_header(ByteBuffer& file) {
  if (file.size() < kFileHeaderBytes) return;
  store(&file[kFileHeaderBytes - 4], crc32c(Bytes(file).first(kFileHeaderBytes - 4)));
}

std::uint32_t seed_of(const ByteBuffer& file) { return load<std::uint32_t>(&file[kFileHeaderBytes - 4]); }

// Where records stood: what the input has made of their lengths counts.
void seal_log(ByteBuffer& file, const ByteBuffer& before) {
  seal_header(file);
  for (std::size_t at = kFileBodyOffset; at + kLogRecordHeaderBytes <= file.size();) {
    const std::size_t size = kLogRecordHeaderBytes + decode_log_record(Bytes(before).subspan(at)).payload_bytes;
    if (size > before.size() - at || !log_record_intact(Bytes(before).subspan(at, size), seed_of(before))) {
      const auto aligned = static_cast<std::size_t>(align_to_sector(at + 1));
      at = aligned;
      continue;
    }
    const LogRecordHeader header = decode_log_record(Bytes(file).subspan(at));
    const std::size_t now = kLogRecordHeaderBytes + std::size_t{header.payload_bytes};
    if (now <= file.size() - at) {
      const Bytes payload = Bytes(file).subspan(at + kLogRecordHeaderBytes, header.payload_bytes);
      encode_log_record(header, std::span(&payload, 1), seed_of(file), &file[at]);
    }
    at += size;
  }
}

void seal_manifest(ByteBuffer& file) {
  seal_header(file);
  for (std::size_t at = kFileBodyOffset; at + kManifestRecordHeaderBytes <= file.size(); at += kSectorBytes) {
    const ManifestRecordHeader header = decode_manifest_record(Bytes(file).subspan(at));
    const std::size_t size = kManifestRecordHeaderBytes + std::size_t{header.payload_bytes};
    if (header.sequence == 0 || header.sequence > 100 || size > file.size() - at) continue;
    seal_manifest_record(header, seed_of(file), MutableBytes(file).subspan(at, size));
  }
}

void seal(const std::string& path, ByteBuffer& file, const ByteBuffer& before) {
  if (path.ends_with(".seg")) seal_segment(file);
  if (path.ends_with(".log")) seal_log(file, before);
  if (path.find("MANIFEST-") != std::string::npos) seal_manifest(file);
  if (path.ends_with(".blob")) seal_header(file);
  if (path.ends_with(".del") && file.size() > 4) {
    store(&file[file.size() - 4], crc32c(Bytes(file).first(file.size() - 4)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const sim::DurableImage whole = make_store();
  if (size < 1) return 0;
  const unsigned flags = data[0];
  sim::DurableImage image = whole;
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : whole.files) paths.push_back(path);
  std::map<std::string, std::shared_ptr<ByteBuffer>> edited;
  for (std::size_t at = 1; at + 5 <= size;) {
    const std::string& path = paths[data[at] % paths.size()];
    auto& file = edited[path];
    if (!file) file = std::make_shared<ByteBuffer>(*whole.files.at(path));
    const std::size_t offset = data[at + 1] | std::size_t{data[at + 2]} << 8 | std::size_t{data[at + 3]} << 16;
    const std::size_t count = std::min<std::size_t>(data[at + 4], size - at - 5);
    for (std::size_t i = 0; i < count && !file->empty(); ++i) {
      (*file)[(offset + i) % file->size()] = static_cast<std::byte>(data[at + 5 + i]);
    }
    at += 5 + count;
  }
  for (auto& [path, bytes] : edited) {
    if ((flags & 1) != 0) seal(path, *bytes, *whole.files.at(path));
    image.files[path] = std::move(bytes);
  }
  std::erase_if(image.files, [&](const auto& file) {
    return ((flags & 2) != 0 && file.first.find("MANIFEST-") != std::string::npos) ||
           ((flags & 4) != 0 && file.first.ends_with("CURRENT"));
  });
  sim::SimWorld world(1, image);
  const IndexKinds kinds((std::vector<std::unique_ptr<IndexKind>>()));
  const auto store = Store::open(world.world(), "out", small_options()).value();
  const auto report = salvage_store(world.world(), "db", *store, kinds, {.memory_budget = 8 << 20, .progress = {}});
  if (report && !store->check().value().problems.empty()) std::abort();
  return 0;
}
