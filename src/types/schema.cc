#include "types/schema.h"

#include <algorithm>

#include "base/coding.h"

namespace mneme {
namespace {

constexpr std::uint8_t kSchemaFormat = 1;

Error malformed(std::string_view what) { return Error(Code::corrupt, "table schema: " + std::string(what)); }

void encode_type(const Type& type, Writer& writer) {
  writer.put(type.kind);
  writer.put(type.element);
  writer.put(type.dimension);
  writer.put(type.precision);
  writer.put(type.scale);
}

Result<Type> decode_type(Reader& reader) {
  std::uint8_t kind = 0;
  std::uint8_t element = 0;
  Type type;
  if (!reader.get(kind) || !reader.get(element) || !reader.get(type.dimension) || !reader.get(type.precision) ||
      !reader.get(type.scale)) {
    return malformed("a type is cut short");
  }
  if (kind < static_cast<std::uint8_t>(TypeKind::boolean) || kind > static_cast<std::uint8_t>(TypeKind::point3)) {
    return malformed("unknown type " + std::to_string(kind));
  }
  type.kind = static_cast<TypeKind>(kind);
  if (element > static_cast<std::uint8_t>(VectorElement::bit)) return malformed("unknown vector element");
  type.element = static_cast<VectorElement>(element);
  if (type.kind == TypeKind::vector && (type.dimension == 0 || type.dimension > kVectorDimensionMax)) {
    return malformed("vector dimension " + std::to_string(type.dimension));
  }
  if (type.kind == TypeKind::decimal &&
      (type.precision == 0 || type.precision > kDecimalPrecisionMax || type.scale > type.precision)) {
    return malformed("decimal precision");
  }
  return type;
}

enum ColumnFlag : std::uint8_t { kNotNull = 1, kIdentity = 2, kHidden = 4, kColumnFlags = 7 };

void encode_column_schema(const ColumnSchema& column, Writer& writer) {
  writer.put(column.id);
  writer.put_sized(column.name);
  encode_type(column.type, writer);
  writer.put(static_cast<std::uint8_t>((column.not_null ? kNotNull : 0) | (column.identity ? kIdentity : 0) |
                                       (column.hidden ? kHidden : 0)));
  writer.put_sized(column.default_sql);
  writer.put_sized(Bytes(column.missing_value));
}

Result<ColumnSchema> decode_column_schema(Reader& reader) {
  ColumnSchema column;
  if (!reader.get(column.id) || !reader.get_sized(column.name)) return malformed("a column is cut short");
  column.type = TRY(decode_type(reader));
  std::uint8_t flags = 0;
  Bytes missing;
  if (!reader.get(flags) || (flags & ~kColumnFlags) != 0 || !reader.get_sized(column.default_sql) ||
      !reader.get_sized(missing)) {
    return malformed("column '" + column.name + "' is cut short");
  }
  column.not_null = (flags & kNotNull) != 0;
  column.identity = (flags & kIdentity) != 0;
  column.hidden = (flags & kHidden) != 0;
  column.missing_value.assign(missing.begin(), missing.end());
  return column;
}

void encode_column_ids(const std::vector<ColumnId>& ids, Writer& writer) {
  writer.put_varint(ids.size());
  for (const ColumnId id : ids) writer.put(id);
}

bool decode_column_ids(std::vector<ColumnId>& ids, Reader& reader) {
  std::uint64_t count = 0;
  if (!reader.get_varint(count) || count > reader.remaining() / sizeof(ColumnId)) return false;
  ids.resize(static_cast<std::size_t>(count));
  return std::ranges::all_of(ids, [&](ColumnId& id) { return reader.get(id); });
}

enum IndexFlag : std::uint8_t { kUnique = 1, kPrimary = 2, kIndexFlags = 3 };

void encode_index(const IndexSchema& index, Writer& writer) {
  writer.put(index.id);
  writer.put_sized(index.name);
  writer.put_sized(index.kind);
  encode_column_ids(index.columns, writer);
  writer.put(static_cast<std::uint8_t>((index.unique ? kUnique : 0) | (index.primary ? kPrimary : 0)));
}

bool decode_index(IndexSchema& index, Reader& reader) {
  std::uint8_t flags = 0;
  if (!reader.get(index.id) || !reader.get_sized(index.name) || !reader.get_sized(index.kind) ||
      !decode_column_ids(index.columns, reader) || !reader.get(flags) || (flags & ~kIndexFlags) != 0) {
    return false;
  }
  index.unique = (flags & kUnique) != 0;
  index.primary = (flags & kPrimary) != 0;
  return true;
}

// Every id a list names must be a column of the table: later code looks it up without asking.
Result<void> check_references(const TableSchema& schema) {
  const auto known = [&](ColumnId id) { return schema.find(id) != nullptr; };
  if (!std::ranges::all_of(schema.primary_key, known)) return malformed("the primary key names no column");
  if (schema.time_column && !known(*schema.time_column)) return malformed("the time column is no column");
  for (const IndexSchema& index : schema.indexes) {
    if (!std::ranges::all_of(index.columns, known)) return malformed("index '" + index.name + "' names no column");
  }
  return {};
}

Result<void> decode_columns(TableSchema& schema, Reader& reader) {
  std::uint64_t count = 0;
  if (!reader.get_varint(count) || count > kColumnsMax + 1) return malformed("column count");  // +1: the hidden _id.
  for (std::uint64_t i = 0; i < count; ++i) schema.columns.push_back(TRY(decode_column_schema(reader)));
  return {};
}

Result<void> decode_indexes(TableSchema& schema, Reader& reader) {
  std::uint64_t count = 0;
  if (!reader.get_varint(count) || count > reader.remaining()) return malformed("index count");
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!decode_index(schema.indexes.emplace_back(), reader)) return malformed("an index is cut short");
  }
  if (!reader.get_varint(count) || count > reader.remaining()) return malformed("check count");
  for (std::uint64_t i = 0; i < count; ++i) {
    CheckSchema& check = schema.checks.emplace_back();
    if (!reader.get_sized(check.name) || !reader.get_sized(check.sql)) return malformed("a check is cut short");
  }
  return {};
}

}  // namespace

const ColumnSchema* TableSchema::find(std::string_view column_name) const noexcept {
  const auto found = std::ranges::find(columns, column_name, &ColumnSchema::name);
  return found == columns.end() ? nullptr : &*found;
}

const ColumnSchema* TableSchema::find(ColumnId column) const noexcept {
  const auto found = std::ranges::find(columns, column, &ColumnSchema::id);
  return found == columns.end() ? nullptr : &*found;
}

std::optional<std::size_t> TableSchema::ordinal_of(ColumnId column) const noexcept {
  const auto found = std::ranges::find(columns, column, &ColumnSchema::id);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

std::vector<ColumnId> TableSchema::clustering() const {
  const bool key_ends_in_time = time_column && !primary_key.empty() && primary_key.back() == *time_column;
  if (key_ends_in_time) return primary_key;
  if (time_column) return {*time_column};
  return primary_key;
}

Error refuse_null(const TableSchema& schema, const ColumnSchema& column) {
  return Error(Code::constraint,
               "NULL in column '" + column.name + "' of table '" + schema.name + "', which is NOT NULL")
      .with_sqlstate("23502");
}

void encode_schema(const TableSchema& schema, ByteBuffer& out) {
  Writer writer(out);
  writer.put(kSchemaFormat);
  writer.put(schema.id);
  writer.put(schema.version);
  writer.put_sized(schema.name);
  writer.put(schema.next_column_id);
  writer.put(schema.next_index_id);
  writer.put(schema.durability);
  writer.put(schema.interval_ms);
  writer.put(schema.time_column.value_or(ColumnId{0}));
  encode_column_ids(schema.primary_key, writer);
  writer.put_varint(schema.columns.size());
  for (const ColumnSchema& column : schema.columns) encode_column_schema(column, writer);
  writer.put_varint(schema.indexes.size());
  for (const IndexSchema& index : schema.indexes) encode_index(index, writer);
  writer.put_varint(schema.checks.size());
  for (const CheckSchema& check : schema.checks) {
    writer.put_sized(check.name);
    writer.put_sized(check.sql);
  }
}

Result<TableSchema> decode_schema(Bytes bytes) {
  Reader reader(bytes);
  TableSchema schema;
  std::uint8_t format = 0;
  std::uint8_t durability = 0;
  ColumnId time_column{};
  if (!reader.get(format) || format != kSchemaFormat) return malformed("unknown format");
  if (!reader.get(schema.id) || !reader.get(schema.version) || !reader.get_sized(schema.name) ||
      !reader.get(schema.next_column_id) || !reader.get(schema.next_index_id) || !reader.get(durability) ||
      durability > static_cast<std::uint8_t>(Durability::os) || !reader.get(schema.interval_ms) ||
      !reader.get(time_column) || !decode_column_ids(schema.primary_key, reader)) {
    return malformed("the head is cut short");
  }
  schema.durability = static_cast<Durability>(durability);
  if (time_column != ColumnId{0}) schema.time_column = time_column;
  TRY(decode_columns(schema, reader));
  TRY(decode_indexes(schema, reader));
  if (!reader.at_end()) return malformed("bytes behind the end");
  TRY(check_references(schema));
  return schema;
}

}  // namespace mneme
