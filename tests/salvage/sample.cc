#include "salvage/sample.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "index/ordered/ordered.h"
#include "sim/model.h"
#include "storage/blob_file.h"
#include "storage/delete_set.h"
#include "storage/log_reader.h"
#include "storage/segment_format.h"
#include "storage/table_scan.h"

namespace mneme::sim {
namespace {

Type of(TypeKind kind) { return Type{.kind = kind}; }

std::vector<Type> every_type() {
  return {of(TypeKind::boolean),
          of(TypeKind::floating),
          of(TypeKind::real),
          of(TypeKind::text),
          of(TypeKind::interval),
          of(TypeKind::date),
          {.kind = TypeKind::decimal, .precision = 10, .scale = 2},
          of(TypeKind::uuid),
          of(TypeKind::json),
          {.kind = TypeKind::vector, .element = VectorElement::f32, .dimension = 40},
          of(TypeKind::point),
          of(TypeKind::point3),
          of(TypeKind::blob)};
}

std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t end) {
  std::vector<std::int64_t> ids(static_cast<std::size_t>(end - first));
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

TableSchema table_of(const std::string& name, const std::vector<Type>& types) {
  TableSchema schema;
  schema.name = name;
  const auto add = [&](const std::string& column_name, Type type) -> ColumnSchema& {
    ColumnSchema& column = schema.columns.emplace_back();
    column.id = ColumnId{schema.next_column_id++};
    column.name = column_name;
    column.type = type;
    return column;
  };
  add("id", of(TypeKind::integer)).not_null = true;
  add("ts", of(TypeKind::timestamp)).not_null = true;
  for (const Type& type : types) add("c" + std::to_string(schema.next_column_id), type);
  schema.primary_key = {schema.columns[0].id};
  schema.time_column = schema.columns[1].id;
  IndexSchema& key = schema.indexes.emplace_back();
  key.id = IndexId{schema.next_index_id++};
  key.name = name + "_pkey";
  key.columns = schema.primary_key;
  key.unique = key.primary = true;
  return schema;
}

constexpr const char* kDirectory = "db/";

}  // namespace

StoreOptions Sample::options() {
  StoreOptions options;
  options.threads = 0;
  options.memory_budget = 16 << 20;
  options.log_file_bytes = 64 << 10;
  options.blob_inline_max = 512;
  return options;
}

std::unique_ptr<IndexKinds> Sample::kinds() { return std::make_unique<IndexKinds>(ordered_kind()); }

Sample::Sample(std::uint64_t seed, bool closed) : random_(seed) {
  SimWorld sim(seed);
  const auto kinds = Sample::kinds();
  {
    auto store = Store::open(sim.world(), "db", options(), kinds.get()).value();
    create_tables(*store);
    insert(*store, "narrow", from_to(0, 2'500));
    insert(*store, "wide", from_to(0, 70));
    insert(*store, "little", from_to(0, 5));
    REQUIRE(store->flush());
    end(*store, "narrow", 7);
    replace(*store, 5);
    insert(*store, "wide", from_to(100, 130));
    insert(*store, "little", from_to(5, 9));
    REQUIRE(store->flush());
    end(*store, "wide", 9);
    add_column(*store);
    for (int i = 0; i < 6; ++i) {
      insert(*store, "wide", from_to(200 + 4 * i, 204 + 4 * i));
      replace(*store, 11);
      insert(*store, "narrow", from_to(5'000 + 10 * i, 5'010 + 10 * i));
    }
    end(*store, "little", 3);
    if (closed) store->close().value();
    image_ = sim.files().cut(CutPolicy::p1, 0);
    place_blobs(sim);
  }
  place_segments();
  place_log();
}

void Sample::create_tables(Store& store) {
  for (auto& schema : {table_of("narrow", {of(TypeKind::integer)}), table_of("wide", every_type()),
                       table_of("little", {of(TypeKind::text)})}) {
    TableSchema& mine = schemas_[schema.name] = schema;
    mine.id = store.next_table_id().value();
    WriteSet writes;
    writes.changes.emplace_back(CreateTable{mine});
    commit(store, std::move(writes));
  }
}

void Sample::append_value(Column& column, std::int64_t id) {
  if (random_() % 6 == 0) return column.append_null();
  const Type& type = column.type();
  if (type.is_variable()) {
    std::size_t size = random_() % 40;
    if (type.kind == TypeKind::text && random_() % 4 == 0) size = 1'500;
    if (type.kind == TypeKind::blob && random_() % 6 == 0) size = 600 + random_() % 3'000;  // In a blob file.
    return column.append_bytes(as_bytes(std::string(size, static_cast<char>('a' + random_() % 26))));
  }
  if (type.kind == TypeKind::boolean) return column.append(static_cast<std::uint8_t>(random_() % 2));
  if (type.kind == TypeKind::integer) return column.append(static_cast<std::int64_t>(id * 3));
  ByteBuffer bytes(type.width());
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_() % 64);  // No NaN, and no -0.
  column.append_fixed(bytes);
}

InsertRows Sample::rows_of(const std::string& table, const std::vector<std::int64_t>& ids) {
  const TableSchema& schema = schemas_.at(table);
  InsertRows rows;
  rows.table = schema.id;
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    Column& column = rows.batch.columns.emplace_back(schema.columns[i].type);
    for (const std::int64_t id : ids) {
      if (i < 2) {
        column.append(i == 0 ? id : id * 1'000'000);
      } else {
        append_value(column, id);
      }
    }
  }
  return rows;
}

// A group's LSN is its sequence, and RowIds count up: nobody else writes.
std::uint64_t Sample::commit(Store& store, WriteSet writes) {
  std::vector<std::uint64_t> inserted;
  std::vector<RowId> ended;
  for (const Change& change : writes.changes) {
    if (const auto* end = std::get_if<EndRows>(&change)) {
      for (const RowId row : end->rows) ended.push_back(row);
    }
    const auto* rows = std::get_if<InsertRows>(&change);
    if (rows == nullptr) continue;
    for (const auto& [name, schema] : schemas_) {
      if (schema.id != rows->table) continue;
      for (std::size_t i = 0; i < rows->batch.rows(); ++i) {
        versions_[next_row_] = {name, rows->batch.columns[0].values<std::int64_t>()[i], row_text(rows->batch, i), 0, 0};
        inserted.push_back(next_row_++);
      }
    }
  }
  const std::uint64_t lsn = store.commit(std::move(writes), Durability::commit).value().sequence;
  for (const std::uint64_t row : inserted) versions_.at(row).inserted = lsn;
  for (const RowId row : ended) versions_.at(static_cast<std::uint64_t>(row)).ended = lsn;
  return lsn;
}

void Sample::insert(Store& store, const std::string& table, std::vector<std::int64_t> ids) {
  for (std::size_t first = 0; first < ids.size(); first += 1'000) {
    const auto end = std::min(ids.size(), first + 1'000);
    const auto at = [&](std::size_t i) { return ids.begin() + static_cast<std::ptrdiff_t>(i); };
    WriteSet writes;
    writes.changes.emplace_back(rows_of(table, std::vector(at(first), at(end))));
    commit(store, std::move(writes));
  }
}

void Sample::end(Store& store, const std::string& table, std::size_t every) {
  EndRows ended;
  ended.table = schemas_.at(table).id;
  std::size_t seen = 0;
  for (const auto& [row, version] : versions_) {
    if (version.table == table && version.ended == 0 && ++seen % every == 0) ended.rows.insert(RowId{row});
  }
  WriteSet writes;
  writes.changes.emplace_back(std::move(ended));
  commit(store, std::move(writes));
}

// New versions of rows, as UPDATE makes them.
void Sample::replace(Store& store, std::size_t every) {
  EndRows ended;
  ended.table = schemas_.at("wide").id;
  std::vector<std::int64_t> ids;
  std::size_t seen = 0;
  for (const auto& [row, version] : versions_) {
    if (version.table != "wide" || version.ended != 0 || ++seen % every != 0) continue;
    ended.rows.insert(RowId{row});
    ids.push_back(version.id);
  }
  WriteSet writes;
  writes.changes.emplace_back(std::move(ended));
  writes.changes.emplace_back(rows_of("wide", ids));
  commit(store, std::move(writes));
}

// Rows there already read it as 7.
void Sample::add_column(Store& store) {
  TableSchema& schema = schemas_.at("wide");
  ColumnSchema& column = schema.columns.emplace_back();
  column.id = ColumnId{schema.next_column_id++};
  column.name = "late";
  Column seven(column.type);
  seven.append(std::int64_t{7});
  encode_column(seven, 0, 1, column.missing_value);
  ++schema.version;
  for (auto& [row, version] : versions_) {
    if (version.table == "wide") version.text += "7|";
  }
  WriteSet writes;
  writes.changes.emplace_back(AlterTable{schema});
  altered_at_ = commit(store, std::move(writes));
}

// ---- Where it lies -------------------------------------------------------------------------------------------------

// A block costs its rows; a page of the index all whose blocks it names; the footer all.
void Sample::place_segments() {
  SimWorld sim(1, image_);
  MemoryBudget budget(16 << 20);
  BlockCache cache(budget, sim.scheduler(), 4 << 20);
  for (const auto& [path, bytes] : image_.files) {
    if (!path.ends_with(".seg")) continue;
    const std::uint64_t number = std::stoull(path.substr(path.rfind('/') + 1));
    const auto file = SegmentFile::open(sim.files(), path, number, cache, budget).value();
    const auto trailer = decode_segment_trailer(Bytes(*bytes).last(kSegmentTrailerBytes)).value();
    const auto footer = decode_segment_footer(
        Bytes(*bytes).subspan(static_cast<std::size_t>(trailer.footer_offset), trailer.footer_bytes),
        trailer.footer_offset);
    REQUIRE(footer);
    Range all{path, trailer.footer_offset, bytes->size(), {}, false};
    for (std::size_t i = 0; i < file->parts(); ++i) {
      const Segment part = file->part(i);
      Column ids(of(TypeKind::integer));
      REQUIRE(part.decode(0, 0, static_cast<std::size_t>(part.rows()), ids));
      const auto rows = [&](std::uint64_t first, std::uint64_t end) {
        const auto* at = ids.values<std::uint64_t>();
        return std::set<std::uint64_t>(at + first, at + end);
      };
      all.rows.merge(rows(0, part.rows()));
      for (std::size_t column = 0; column < part.columns().size(); ++column) {
        for (std::size_t block = 0; block < part.blocks(column); ++block) {
          const BlockInfo info = part.block_info(column, block).value();
          const std::uint64_t at = part.extent_of(column, info.first_row).offset;
          ranges_.push_back(
              {path, at, at + info.stored_bytes, rows(info.first_row, info.first_row + info.rows), false});
        }
        const auto& pages = footer->parts[i].columns[column].pages;
        for (std::size_t page = 0; page < pages.size(); ++page) {
          const std::uint64_t end = page + 1 < pages.size() ? pages[page + 1].first_row : part.rows();
          ranges_.push_back({path, pages[page].offset, pages[page].offset + pages[page].bytes,
                             rows(pages[page].first_row, end), false});
        }
      }
      for (const auto& [deletes_path, deletes_bytes] : image_.files) {
        const std::string begin = path.substr(0, path.size() - 4) + "-";
        if (!deletes_path.starts_with(begin)) continue;
        const auto deletes = DeleteSet::decode(*deletes_bytes, deletes_path, number, part.info().table);
        if (!deletes) continue;
        Range dead{deletes_path, 0, deletes_bytes->size(), {}, true};
        for (std::uint32_t row = 0; row < part.rows(); ++row) {
          if (!deletes->is_live(row, kSequenceMax - 1)) dead.rows.merge(rows(row, row + 1));
        }
        ranges_.push_back(std::move(dead));
      }
    }
    ranges_.push_back(std::move(all));
  }
}

void Sample::place_log() {
  SimWorld sim(1, image_);
  const ManifestState state = Manifest::read(sim.files(), "db").value();
  for (const auto& [path, bytes] : image_.files) {
    if (!path.ends_with(".log")) continue;
    const FileNumber number{std::stoull(path.substr(path.rfind('/') + 1))};
    const auto reader =
        LogReader::open(sim.files(), path, number, {.epoch_max = state.epoch, .origin = state.origin}).value();
    std::uint64_t offset = kFileBodyOffset;
    const auto first = reader ? reader->at(offset).value() : std::nullopt;
    for (Lsn expected = first ? first->lsn : Lsn{}; first; expected = next(expected)) {
      const auto record = reader->successor(offset, expected, 0).value();
      if (!record) break;
      const std::uint64_t size = LogReader::bytes(*record), lsn = raw(record->lsn);
      if (record->kind == LogRecordKind::group && record->lsn >= state.log_start.lsn) {
        records_.push_back({path, offset, size, lsn});
        Range inserted{path, offset, offset + size, {}, false}, ended{path, offset, offset + size, {}, true};
        for (const auto& [row, version] : versions_) {
          if (version.inserted == lsn) inserted.rows.insert(row);
          if (version.ended == lsn) ended.rows.insert(row);
        }
        ranges_.push_back(std::move(inserted));
        ranges_.push_back(std::move(ended));
      }
      offset += size;
    }
  }
}

// A value costs its row.
void Sample::place_blobs(SimWorld& sim) {
  SimWorld copy(1, sim.files().cut(CutPolicy::p1, 0));
  const auto kinds = Sample::kinds();
  const auto store = Store::open(copy.world(), "db", options(), kinds.get()).value();
  const Snapshot snapshot = store->snapshot().value();
  for (const auto& [name, schema] : schemas_) {
    std::vector<ColumnId> columns;
    for (const ColumnSchema& column : schema.columns) columns.push_back(column.id);
    auto scan = TableScan::open(snapshot, schema.id, columns).value();
    std::vector<RowId> ids;
    while (const auto batch = scan.next(ids).value()) {
      for (const Column& column : batch->columns) {
        if (column.type().kind != TypeKind::blob) continue;
        for (std::size_t row = 0; row < column.rows(); ++row) {
          if (column.is_null(row) || !column.values<StringRef>()[row].is_reference()) continue;
          const BlobRef ref = blob_ref(column.values<StringRef>()[row]);
          ranges_.push_back({kDirectory + ("blob/" + std::to_string(ref.file) + ".blob"),
                             ref.offset,
                             ref.offset + blob_stored_bytes(ref.bytes),
                             {static_cast<std::uint64_t>(ids[row])},
                             false});
        }
      }
    }
  }
}

Touched Sample::touched_by(const std::string& path, std::uint64_t offset, std::uint64_t count) const {
  Touched touched;
  for (const Range& range : ranges_) {
    if (range.path != path || range.end <= offset || offset + count <= range.first) continue;
    auto& rows = range.deletes ? touched.back : touched.lost;
    rows.insert(range.rows.begin(), range.rows.end());
  }
  for (const Record& record : records_) {
    const bool hit = record.path == path && record.offset < offset + count && offset < record.offset + record.bytes;
    touched.altered |= hit && record.lsn == altered_at_;
  }
  if (!touched.altered) return touched;
  for (const auto& [row, version] : versions_) {
    if (version.table != "wide") continue;
    if (version.inserted > altered_at_) touched.lost.insert(row);
    if (version.ended > altered_at_) touched.back.insert(row);  // By an update whose new version does not fit.
  }
  return touched;
}

}  // namespace mneme::sim
