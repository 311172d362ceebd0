// Arbitrary bytes as a commit group: refused as corrupt, or decoded to what encodes to a group that decodes again.
#include "base/assert.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "storage/write_set.h"

namespace {

// A table the rows may belong to, of one column of every fixed and variable shape.
mneme::TableSchema known_table() {
  mneme::TableSchema schema;
  schema.id = mneme::TableId{1};
  for (const auto kind : {mneme::TypeKind::integer, mneme::TypeKind::text, mneme::TypeKind::boolean}) {
    schema.columns.emplace_back();
    schema.columns.back().type.kind = kind;
  }
  return schema;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mneme::TableSchema table = known_table();
  const mneme::SchemaOf schema_of = [&](mneme::TableId id) { return id == table.id ? &table : nullptr; };
  const auto bytes = std::as_bytes(std::span(data, size));
  auto decoded = mneme::decode_write_set(bytes, schema_of);
  if (!decoded) return 0;
  mneme::ByteBuffer again;
  mneme::encode_write_set(*decoded, again);
  ASSERT(mneme::decode_write_set(again, schema_of).has_value());
  return 0;
}
