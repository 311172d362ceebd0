#include "storage/catalog_bytes.h"

#include "base/coding.h"

namespace mneme {

void encode_catalog(const Version& version, ByteBuffer& out) {
  Writer writer(out);
  writer.put(static_cast<std::uint32_t>(version.tables.size()));
  for (const auto& [id, table] : version.tables) {
    ByteBuffer schema;
    encode_schema(*table.schema, schema);
    writer.put_sized(schema);
  }
}

Result<Version> decode_catalog(Bytes bytes) {
  Version version;
  if (bytes.empty()) return version;
  const auto bad = [] { return Error(Code::corrupt, "the manifest's catalogue does not fit its bytes"); };
  Reader reader(bytes);
  std::uint32_t tables = 0;
  if (!reader.get(tables)) return bad();
  for (std::uint32_t i = 0; i < tables; ++i) {
    Bytes schema_bytes;
    if (!reader.get_sized(schema_bytes)) return bad();
    TableSchema schema = TRY(decode_schema(schema_bytes));
    const TableId id = schema.id;
    TableVersion table;
    table.schema = std::make_shared<const TableSchema>(std::move(schema));
    if (!version.tables.emplace(id, std::move(table)).second) return bad();
  }
  if (!reader.at_end()) return bad();
  return version;
}

}  // namespace mneme
