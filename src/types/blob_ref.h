// BlobRef: where a long value lies that is kept out of its row, in a blob file. docs/format.md, "blob files".
//
// In a column it stands for the value: a StringRef that is_reference() points at its 24 bytes. Storage passes it on
// like any value; what lies above the tables sees values, or asks for references by name.
#pragma once

#include "base/coding.h"
#include "types/column.h"

namespace mneme {

// u64 file | u64 offset | u32 bytes | u32 crc, little-endian.
struct BlobRef {
  std::uint64_t file = 0;
  std::uint64_t offset = 0;  // Of its first frame, in the file.
  std::uint32_t bytes = 0;   // Of the value.
  std::uint32_t crc = 0;     // crc32c of the value.
  bool operator==(const BlobRef&) const = default;
};
static_assert(sizeof(BlobRef) == kReferenceBytes && std::is_trivially_copyable_v<BlobRef>);

// REQUIRES: value.is_reference().
inline BlobRef blob_ref(const StringRef& value) noexcept {
  return load<BlobRef>(reinterpret_cast<const std::byte*>(value.data));
}
// What stands for it in a column; borrows `ref`.
inline StringRef as_reference(const BlobRef& ref) noexcept {
  return {reinterpret_cast<const char*>(&ref), kReferenceBytes | StringRef::kReference};
}

}  // namespace mneme
