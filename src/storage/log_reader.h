// Reads records out of one log file, believing none of its bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "storage/file_header.h"
#include "storage/file_window.h"
#include "storage/log_record.h"

namespace mneme {

class LogReader {  // One thread at a time.
 public:
  // What a record must be to count at all; the LSN is the caller's to judge.
  struct Limits {
    std::uint32_t epoch_max = 0;  // Of the manifest, which had it durable before the first record: a later one is proof
                                  // that the manifest has lost an edit, and corrupt.
    std::uint64_t origin = 0;
    bool believe_cache = false;  // The last life ended well: what the cache shows is on the device, or on its way.
    std::size_t piece_bytes = kWindowPieceBytes;
  };
  // Nothing if the file is not this log's under this number (a spare, or never finished). corrupt: its header is
  // damaged but records in it are not. unsupported: a newer format.
  static Result<std::unique_ptr<LogReader>> open(FileSystem& files, const std::string& path, FileNumber number,
                                                 Limits limits);

  // Whether the file holds records under a number above its name's. Its rename was durable before its first record, so
  // the disk has lost what it called synced; and the next file to take that number would bring the records back.
  static Result<bool> holds_later_number(FileSystem& files, const std::string& path, FileNumber number, Limits limits);

  // The record at `offset`, if one stands there, of whatever kind; its payload is valid until the next call.
  Result<std::optional<LogRecord>> at(std::uint64_t offset);
  // The record that goes on from one ending at `*offset`: there or, after a sync, in the next sector, that with `lsn`,
  // of epoch `epoch_min` or later. Moves *offset to it. What a cut tail left right behind a later life's record does
  // not go on, whatever it is, and hides nothing that follows in the next sector. unsupported: of a kind unknown here.
  Result<std::optional<LogRecord>> successor(std::uint64_t& offset, Lsn lsn, std::uint32_t epoch_min);
  // Whether such a record begins where successor() looks, though the rest of it is not there: other bytes, written over
  // what is missing, could make it whole.
  Result<bool> begins_successor(std::uint64_t offset, Lsn lsn, std::uint32_t epoch_min);
  // The first record at or after sector-aligned `*offset` whose LSN is at least `lsn`. Moves *offset to it, or to the
  // end. Gives up on files made to have their checksums computed over and over.
  Result<std::optional<LogRecord>> find(std::uint64_t& offset, Lsn lsn, std::uint64_t until);

  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return window_.file_bytes(); }
  [[nodiscard]] const FileHeader& header() const noexcept { return header_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] static std::uint64_t bytes(const LogRecord& record) {
    return kLogRecordHeaderBytes + record.payload.size();
  }

 private:
  LogReader(std::unique_ptr<File> file, std::uint64_t bytes, std::string path, Limits limits)
      : file_(std::move(file)), window_(*file_, bytes, limits.piece_bytes), path_(std::move(path)), limits_(limits) {}
  Result<bool> has_record_under(std::uint32_t crc);
  Result<bool> has_records(Bytes damaged_header, FileNumber number);
  [[nodiscard]] Error too_new(std::uint32_t epoch, std::uint64_t offset) const;
  [[nodiscard]] bool plausible(const LogRecordHeader& header, std::uint64_t offset) const;

  std::unique_ptr<File> file_;
  FileWindow window_;
  std::string path_;
  Limits limits_;
  FileHeader header_;
  std::uint64_t checked_bytes_ = 0;  // By find(): bytes whose checksum was computed in vain.
};

}  // namespace mneme
