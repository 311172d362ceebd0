// Reading the log back: from a position the manifest names, through the files that follow, to the tail.
//
// A bad record at or below any known-synced LSN (the manifest's, or one carried by a record found anywhere later) is
// corruption and is reported, never truncated. Above it, it is a torn tail: cut there. So the rest of the log is
// searched for intact records after a bad one; a later record alone proves nothing, as unsynced records persist
// out of order.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "os/file.h"
#include "storage/file_window.h"
#include "storage/log_record.h"

namespace mneme {

struct LogReplayOptions {
  std::string wal_directory;
  LogPosition start;         // From the manifest; file 0: no log was ever written.
  Lsn from{};                // Records below it are checked but not shown.
  Lsn known_synced{};        // The manifest's.
  std::uint32_t epoch = 0;   // The manifest's: no record can carry a later one.
  std::uint64_t origin = 0;  // Files of another origin are refused.
  bool after_close = false;  // The manifest ends with a close mark: no sync of the last life failed.
  // A reader beside the writer: records above it are not looked at, and what lies behind it is nobody's business. The
  // log may change under the reader, and then is corrupt or not_found: it begins again where the manifest says by then.
  std::optional<Lsn> until{};
  std::size_t piece_bytes = kWindowPieceBytes;  // What is read from a file at a time.
};

struct LogFileFound {
  LogPosition first;  // The first record read from it.
  Lsn last{};         // The last; below first.lsn if none was.
};

struct LogReplay {
  LogPosition end;     // Where the next record belongs; its lsn is last + 1. File 0: no file could be used.
  Lsn known_synced{};  // The highest mark seen; at least all up to it is durable.
  std::vector<LogFileFound> chain;   // The files the records were read from, in order.
  std::vector<FileNumber> obsolete;  // Other files, numbered below the start.
  std::vector<FileNumber> spare;     // Other files: nothing in them counts.
  std::uint64_t records = 0;         // Shown to the visitor.
  std::uint64_t tail_cut = 0;        // Bytes of records found after the cut.
  bool torn = false;                 // At the end stands the begin of the record that would follow.
  bool closed = false;               // The last record is this epoch's close mark: nothing is ambiguous.
};

using LogVisitor = std::function<Result<void>(const LogRecord&)>;

// Shows every group record from options.from on, in order. Stops at the visitor's first error and returns it.
Result<LogReplay> replay_log(FileSystem& files, const LogReplayOptions& options, const LogVisitor& visit);

}  // namespace mneme
