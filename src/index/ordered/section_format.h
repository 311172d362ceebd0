// The bytes of an ordered index's section: docs/format.md, "Section: ordered". What writer and reader share.
//
// A tree of KeyNodes, each from a 4 KiB boundary of the section on, written bottom up; bloom filters between the
// leaves, one for each group of leaves; and the meta run at the end, which says where the rest is.
// The surprising decision: where the rows already lie in the order of the key there are no leaves. Then every 2,048
// rows of the part are a leaf, the inner nodes say what each begins with, and the key columns themselves are searched.
#pragma once

#include "base/result.h"
#include "types/key.h"

namespace mneme::ordered {

constexpr std::size_t kPageBytes = 4'096;
constexpr std::size_t kInnerBytesMax = 32 * 1'024;  // Of a node above the leaves.
constexpr std::uint32_t kLeafRows = 2'048;          // Of a leaf that is rows of the part.
constexpr std::size_t kGroupLeaves = 32;            // Share a bloom filter.
constexpr std::size_t kBoundBytesMax = 256;         // Of the least and the greatest key, cut.
constexpr std::size_t kLevelsMax = 32;              // Of inner nodes, which have two entries at least.

enum class Form : std::uint8_t { entries = 1, clustered = 2 };

struct BloomGroup {
  std::uint32_t first = 0;  // Its first leaf: the leaf's page, or its first row.
  std::uint32_t page = 0;
  std::uint32_t blocks = 0;
};
static_assert(sizeof(BloomGroup) == 12);

struct Meta {
  Form form = Form::entries;
  std::uint8_t levels = 0;  // Of inner nodes; 0: there are no rows.
  std::uint32_t types = 0;  // fingerprint() of the key columns.
  std::uint64_t rows = 0;
  std::uint32_t root_page = 0;
  std::uint32_t root_bytes = 0;
  std::vector<BloomGroup> groups;
  ByteBuffer least;     // Every key is at or above it,
  ByteBuffer greatest;  // and below it or beginning with it.
};

constexpr std::size_t kTrailerBytes = 64;
// Appends the meta run. REQUIRES: the section ends with it, from a page boundary on.
void encode_meta(const Meta& meta, std::uint32_t meta_page, ByteBuffer& out);
// The page the meta run of a section begins at, from the section's last kTrailerBytes.
Result<std::uint32_t> meta_page_of(Bytes trailer, std::uint64_t section_bytes);
Result<Meta> decode_meta(Bytes meta_run, std::uint64_t section_bytes);

// Of the types of key columns: a section made of columns of other types is of no use.
[[nodiscard]] std::uint32_t fingerprint(std::span<const Type> types) noexcept;

}  // namespace mneme::ordered
