#include "storage/segment_format.h"

#include <doctest/doctest.h>

#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {
namespace {

SegmentFooter two_parts() {
  SegmentFooter footer;
  for (const std::uint64_t table : {std::uint64_t{3}, std::uint64_t{4}}) {
    PartFooter& part = footer.parts.emplace_back();
    part.part.table = TableId{table};
    part.part.last_lsn = 10 * table;
  }
  return footer;
}

TEST_CASE("segment format: a part's schema and what it was merged from come back; cut anywhere they are refused") {
  SegmentFooter footer = two_parts();
  const auto schema = as_bytes("a schema");
  footer.parts[1].part.schema.assign(schema.begin(), schema.end());
  footer.parts[1].part.merged = {7, 300};
  ByteBuffer bytes, bare;
  encode_segment_footer(footer, bytes);
  const auto read = decode_segment_footer(bytes, 1'000);
  REQUIRE(read);
  CHECK(read->parts[0].part.schema.empty());
  CHECK(read->parts[1].part.schema == footer.parts[1].part.schema);
  CHECK(read->parts[1].part.merged == std::vector<std::uint64_t>{7, 300});
  for (std::size_t cut = 1; cut < 12; ++cut)
    CHECK(!decode_segment_footer(Bytes(bytes).first(bytes.size() - cut), 1'000));
}

TEST_CASE("segment format: a footer of version 1, which ends with its parts, is read") {
  ByteBuffer bytes;
  encode_segment_footer(two_parts(), bytes);
  constexpr std::size_t kBehindParts = 2 * 2;  // Of each part: no schema, merged from nothing.
  const auto read = decode_segment_footer(Bytes(bytes).first(bytes.size() - kBehindParts), 1'000);
  REQUIRE(read);
  CHECK(read->parts.size() == 2);
  CHECK(read->parts[1].part.last_lsn == 40);
}

TEST_CASE("segment format: headers of versions 1 and 2 are read, one of version 3 is unsupported") {
  for (const std::uint16_t version : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}}) {
    ByteBuffer bytes;
    encode_segment_header({.number = 5, .origin = 6, .created_ns = 7}, bytes);
    store(&bytes[8], version);
    store(&bytes[60], crc32c(Bytes(bytes).first(60)));
    const auto read = decode_segment_header(bytes);
    CHECK(read.has_value() == (version < 3));
    if (!read) CHECK(read.error().code() == Code::unsupported);
  }
}

}  // namespace
}  // namespace mneme
