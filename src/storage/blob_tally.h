// BlobTally: how many bytes of each blob file some rows refer to, by column.
#pragma once

#include <map>

#include "storage/blob_file.h"
#include "types/schema.h"

namespace mneme {

class BlobTally {  // One thread at a time.
 public:
  using Key = std::pair<FileNumber, ColumnId>;
  void add(ColumnId id, const Column& column, std::size_t first, std::size_t count) {
    if (column.type().kind != TypeKind::blob) return;
    const auto* values = column.values<StringRef>();
    for (std::size_t row = first; row < first + count; ++row) {
      if (column.is_null(row) || !values[row].is_reference()) continue;
      const BlobRef ref = blob_ref(values[row]);
      bytes_[{FileNumber{ref.file}, id}] += align_blob(blob_stored_bytes(ref.bytes));
    }
  }
  [[nodiscard]] const std::map<Key, std::uint64_t>& bytes() const noexcept { return bytes_; }
  void clear() noexcept { bytes_.clear(); }

 private:
  std::map<Key, std::uint64_t> bytes_;  // As they are stored, aligned.
};

}  // namespace mneme
