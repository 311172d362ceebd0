#include "storage/write_set.h"

#include <bit>
#include <map>

#include "base/assert.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {
namespace {

enum class ChangeKind : std::uint8_t {
  create_table = 1,
  alter_table = 2,
  drop_table = 3,
  insert_rows = 4,
  end_rows = 5
};

Error malformed(std::string_view what) { return Error(Code::corrupt, "commit group: " + std::string(what)); }

struct Encode {
  Writer& writer;
  ByteBuffer& out;  // What the writer writes to.

  void schema(ChangeKind kind, const TableSchema& value) const {
    ByteBuffer bytes;
    encode_schema(value, bytes);
    writer.put(kind);
    writer.put_sized(Bytes(bytes));
  }
  void operator()(const CreateTable& change) const { schema(ChangeKind::create_table, change.schema); }
  void operator()(const AlterTable& change) const { schema(ChangeKind::alter_table, change.schema); }
  void operator()(const DropTable& change) const {
    writer.put(ChangeKind::drop_table);
    writer.put(change.table);
  }
  void operator()(InsertRows& change) const {
    std::size_t bytes = 0;
    for (const Column& column : change.batch.columns) bytes += encoded_bytes(column, 0, column.rows());
    writer.put(ChangeKind::insert_rows);
    writer.put(change.table);
    change.number_at = out.size();
    writer.put(change.first_row);
    writer.put_varint(change.batch.rows());
    const std::size_t crc_at = out.size();
    writer.put(change.crc);
    writer.put_varint(bytes);
    const std::size_t rows_at = out.size();
    for (const Column& column : change.batch.columns) encode_column(column, 0, column.rows(), out);
    ASSERT(out.size() - rows_at == bytes);
    change.crc = crc32c(Bytes(out).subspan(rows_at));
    store(out.data() + crc_at, change.crc);
  }
  void operator()(const EndRows& change) const {
    writer.put(ChangeKind::end_rows);
    writer.put(change.table);
    writer.put_varint(change.rows.size());
    std::uint64_t before = 0;
    for (const RowId row : change.rows) {
      ASSERT(static_cast<std::uint64_t>(row) > before);  // Else the record could never be read again.
      writer.put_varint(static_cast<std::uint64_t>(row) - before);
      before = static_cast<std::uint64_t>(row);
    }
  }
};

std::size_t encoded_bytes(const EndRows& change) {
  std::size_t bytes = 0;
  std::uint64_t before = 0;
  for (const RowId row : change.rows) {
    bytes += (static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(row) - before)) + 6) / 7;
    before = static_cast<std::uint64_t>(row);
  }
  return bytes;
}

class Decoder {  // One thread at a time; lives for one group.
 public:
  Decoder(Bytes payload, const SchemaOf& schema_of) : reader_(payload), schema_of_(schema_of) {}

  Result<WriteSet> run() {
    WriteSet writes;
    while (!reader_.at_end()) writes.changes.push_back(TRY(change()));
    return writes;
  }

 private:
  Result<Change> change() {
    std::uint8_t kind = 0;
    if (!reader_.get(kind)) return malformed("cut short");
    switch (static_cast<ChangeKind>(kind)) {
      case ChangeKind::create_table: return Change(CreateTable{TRY(schema())});
      case ChangeKind::alter_table: return Change(AlterTable{TRY(schema())});
      case ChangeKind::drop_table: return drop_table();
      case ChangeKind::insert_rows: return insert_rows();
      case ChangeKind::end_rows: return end_rows();
    }
    return malformed("unknown change " + std::to_string(kind));
  }

  Result<TableSchema> schema() {
    Bytes bytes;
    if (!reader_.get_sized(bytes)) return malformed("a schema is cut short");
    auto decoded = TRY(decode_schema(bytes));
    inside_[decoded.id] = decoded;
    return decoded;
  }

  Result<Change> drop_table() {
    DropTable change;
    if (!reader_.get(change.table)) return malformed("a table's id is cut short");
    return Change(change);
  }

  [[nodiscard]] const TableSchema* find(TableId table) const {
    const auto found = inside_.find(table);
    return found != inside_.end() ? &found->second : schema_of_(table);
  }

  Result<Change> insert_rows() {
    InsertRows change;
    std::uint64_t count = 0;
    Bytes bytes;
    if (!reader_.get(change.table) || !reader_.get(change.first_row) || !reader_.get_varint(count) ||
        !reader_.get(change.crc) || !reader_.get_sized(bytes)) {
      return malformed("rows are cut short");
    }
    if (crc32c(bytes) != change.crc) return malformed("rows do not fit their checksum");
    const TableSchema* table = find(change.table);
    if (table == nullptr) return malformed("rows of an unknown table");
    Reader rows(bytes);
    for (const ColumnSchema& column : table->columns) {
      change.batch.columns.push_back(TRY(decode_column_lent(column.type, static_cast<std::size_t>(count), rows)));
    }
    if (!rows.at_end()) return malformed("rows have bytes behind their end");
    return Change(std::move(change));
  }

  Result<Change> end_rows() {
    EndRows change;
    std::uint64_t count = 0;
    if (!reader_.get(change.table) || !reader_.get_varint(count) || count > reader_.remaining()) {
      return malformed("ended rows are cut short");
    }
    std::uint64_t row = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      std::uint64_t step = 0;
      if (!reader_.get_varint(step) || step == 0 || step > ~row) return malformed("ended rows are not ascending");
      change.rows.insert(RowId{row += step});
    }
    return Change(std::move(change));
  }

  Reader reader_;
  const SchemaOf& schema_of_;
  std::map<TableId, TableSchema> inside_;  // Created or altered by this group.
};

}  // namespace

std::size_t memory_bytes(const WriteSet& writes) noexcept {
  std::size_t bytes = 0;
  for (const Change& change : writes.changes) {
    if (const auto* ended = std::get_if<EndRows>(&change)) bytes += ended->rows.memory_bytes();
    const auto* rows = std::get_if<InsertRows>(&change);
    if (rows == nullptr) continue;
    for (const Column& column : rows->batch.columns) bytes += column.memory_bytes();
  }
  return bytes;
}

std::size_t encoded_bytes(const WriteSet& writes) {
  constexpr std::size_t kHeadBytesMax = 64;
  std::size_t bytes = kHeadBytesMax;
  for (const Change& change : writes.changes) {
    bytes += kHeadBytesMax;
    if (const auto* ended = std::get_if<EndRows>(&change)) bytes += encoded_bytes(*ended);
    const auto* rows = std::get_if<InsertRows>(&change);
    if (rows == nullptr) continue;
    for (const Column& column : rows->batch.columns) bytes += encoded_bytes(column, 0, column.rows());
  }
  return bytes;
}

void encode_write_set(WriteSet& writes, ByteBuffer& out) {
  Writer writer(out);
  for (Change& change : writes.changes) std::visit(Encode{writer, out}, change);
}

std::uint64_t number_rows(WriteSet& writes, std::uint64_t first, ByteBuffer& encoded) {
  for (Change& change : writes.changes) {
    auto* rows = std::get_if<InsertRows>(&change);
    if (rows == nullptr) continue;
    rows->first_row = RowId{first};
    first += rows->batch.rows();
    if (!encoded.empty()) store(encoded.data() + rows->number_at, rows->first_row);
  }
  return first;
}

Result<WriteSet> decode_write_set(Bytes payload, const SchemaOf& schema_of) {
  return Decoder(payload, schema_of).run();
}

}  // namespace mneme
