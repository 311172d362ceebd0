// What can be read of the log of a damaged database: every record that its own checksum covers, and what is missing
// between them.
//
// What stands behind a missing record is taken only where it is proven that the log went on there:
//   - a mark of the record's own epoch says that the record was synced, so that no later life can have cut it; or
//   - it is of the last epoch, and some mark says that the missing record was synced: it was damaged, not torn.
// Otherwise the log ends before the missing record, as at any opening after a power cut. A record of an epoch below
// that of a record before it lay behind a cut, and is nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "os/file.h"
#include "storage/log_record.h"
#include "storage/memory_budget.h"

namespace mneme {

struct LogPlace {  // Of a record that is whole.
  Lsn lsn{};
  std::uint32_t epoch = 0;
  std::uint32_t file = 0;  // In LogRemains::files.
  std::uint64_t offset = 0;
  std::uint32_t payload_bytes = 0;
  LogRecordKind kind = LogRecordKind::group;
  Lsn known_synced{};
};

struct LogHole {  // Records that were known to be synced, and are not there.
  Lsn first{};
  Lsn last{};
  std::string file;  // Where the record before it stands, or should.
  std::uint64_t offset = 0;
};

struct LogBounds {  // What a manifest says.
  Lsn from{};       // Records below it are in segments.
  Lsn known_synced{};
  std::uint32_t epoch = 0;  // 0: nobody knows the last one.
  std::uint64_t origin = 0;
};

class LogRemains {  // One thread at a time.
 public:
  // Looks at every file of the directory. `budget` pays for the places, and full is the only error but for what it
  // means to read the destination's own: damage is what holes tell.
  static Result<LogRemains> scan(FileSystem& files, const std::string& wal_directory, std::uint64_t origin,
                                 std::uint32_t epoch_max, MemoryBudget& budget);
  // Leaves in `places` what counts from bounds.from on, and finds the holes.
  void judge(const LogBounds& bounds);

  [[nodiscard]] const std::vector<LogPlace>& places() const noexcept { return places_; }  // Ascending by LSN.
  [[nodiscard]] const std::vector<LogHole>& holes() const noexcept { return holes_; }
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  [[nodiscard]] std::uint64_t tail_cut() const noexcept { return tail_cut_; }  // Records, never known synced.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] const std::string& path(const LogPlace& place) const { return files_[place.file].path; }
  [[nodiscard]] std::uint64_t origin() const noexcept { return origin_; }  // 0: no header told.
  // The record's payload, in `buffer`. Errors are damage.
  Result<Bytes> payload(const LogPlace& place, ByteBuffer& buffer) const;

 private:
  struct LogFile {
    std::string path;
    std::unique_ptr<File> file;
    std::uint64_t bytes = 0;
    std::uint32_t seed = 0;
  };
  Result<void> scan_file(const std::string& path, FileNumber number, std::uint32_t epoch_max, Reservation& memory);
  void drop_void();
  [[nodiscard]] Lsn mark_of(std::uint32_t epoch) const;
  [[nodiscard]] LogHole hole(Lsn first, Lsn last, const LogPlace* before) const;

  FileSystem* world_ = nullptr;
  std::vector<LogFile> files_;
  std::vector<LogPlace> places_;
  std::vector<std::pair<std::uint32_t, Lsn>> marks_;  // Known-synced LSNs by epoch, ascending; one each.
  std::vector<LogHole> holes_;
  std::vector<std::string> notes_;
  std::uint64_t tail_cut_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t origin_ = 0;
  Reservation memory_;
};

}  // namespace mneme
