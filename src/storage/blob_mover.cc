#include "storage/blob_mover.h"

#include <algorithm>

namespace mneme {

bool BlobMover::wants(const Column& column, std::size_t row) const {
  if (column.is_null(row) || !column.values<StringRef>()[row].is_reference()) return false;
  const FileNumber file{blob_ref(column.values<StringRef>()[row]).file};
  return emptied_.contains(file) && !damaged_.contains(file);
}

Result<void> BlobMover::move(Batch& batch) {
  for (Column& column : batch.columns) {
    if (column.type().kind != TypeKind::blob) continue;
    bool any = false;
    for (std::size_t row = 0; row < column.rows() && !any; ++row) any = wants(column, row);
    if (any) TRY(move_column(column));
  }
  return {};
}

Result<void> BlobMover::move_column(Column& column) {
  Column moved(column.type());
  for (std::size_t row = 0; row < column.rows(); ++row) {
    std::optional<BlobRef> copied;
    if (wants(column, row)) copied = TRY(copy(blob_ref(column.values<StringRef>()[row])));
    if (copied) {
      moved.append_copy(as_reference(*copied));
    } else {
      moved.append_run(column, row, 1);
    }
  }
  column = std::move(moved);
  return {};
}

// None: it cannot be read.
Result<std::optional<BlobRef>> BlobMover::copy(const BlobRef& from) {
  const auto unreadable = [&](const Result<void>& outcome) {
    if (outcome || outcome.error().code() != Code::corrupt) return false;
    damaged_.insert(FileNumber{from.file});
    return true;
  };
  const auto file = core_.blobs.find(FileNumber{from.file});
  ASSERT(file != nullptr);  // The merge's inputs hold it.
  auto opened = file->open();
  if (!opened && opened.error().code() == Code::corrupt) {
    damaged_.insert(FileNumber{from.file});
    return std::optional<BlobRef>();
  }
  const auto reader = TRY(std::move(opened));
  auto sound = reader->verify(from);
  if (unreadable(sound)) return std::optional<BlobRef>();
  TRY(std::move(sound));
  if (!open_.writer) {
    open_ = TRY(core_.blobs.take());
    held_.push_back({open_.file});
  }
  TRY(open_.writer->begin(from.bytes));
  ByteBuffer piece;
  for (std::uint64_t at = 0; at < from.bytes; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kBlobFrameDataMax, from.bytes - at)));
    TRY(reader->read(from, at, piece));
    TRY(open_.writer->append(piece));
  }
  const BlobRef copied = TRY(open_.writer->end());
  if (copied.crc != from.crc) return Error(Code::corrupt, "'" + file->path() + "' changed while a blob was copied");
  if (open_.writer->end_bytes() >= core_.options.blob_file_bytes) TRY(end_file());
  return std::optional(copied);
}

Result<void> BlobMover::end_file() {
  TRY(core_.blobs.make_durable(open_));
  core_.blobs.give_back(std::exchange(open_, OpenBlobFile{}));
  return {};
}

Result<void> BlobMover::finish() { return open_.writer ? end_file() : Result<void>{}; }

}  // namespace mneme
