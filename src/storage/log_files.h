// The files of the log: their names, and making one ready before it is needed.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "os/file.h"
#include "storage/file_header.h"

namespace mneme {

struct LogOptions {
  std::string wal_directory;
  std::uint64_t file_bytes = std::uint64_t{16} << 20;  // The cap: rotate here. One larger record gets a larger file.
  std::uint64_t origin = 0;
  std::size_t spares_max = 2;  // Recycled files kept for later; more are unlinked.
};

std::string log_path(const std::string& wal_directory, FileNumber number);
// The number in "<n>.log"; nothing for other names.
std::optional<FileNumber> log_number(const std::string& name);

// A log file ready for its first record: allocated, zeroed or recycled, its header and name durable.
struct PreparedLog {
  std::unique_ptr<File> file;
  FileHeader header;
  std::uint64_t bytes = 0;
};

// All that is needed to prepare one file, so that it can be done without the log's lock.
class LogPreparation {  // One thread at a time.
 public:
  LogPreparation(FileSystem& files, LogOptions options, FileHeader header, std::optional<FileNumber> spare)
      : files_(&files), options_(std::move(options)), header_(header), spare_(spare) {}
  // `sync_failed` inside the result poisons the log that adopts it.
  Result<PreparedLog> run();
  [[nodiscard]] bool sync_failed() const noexcept { return sync_failed_; }

 private:
  Result<void> rename_spare(const std::string& path);
  Result<std::unique_ptr<File>> make_file(const std::string& path);
  Result<void> zero(File& file) const;

  FileSystem* files_;
  LogOptions options_;
  FileHeader header_;
  std::optional<FileNumber> spare_;
  bool sync_failed_ = false;
};

}  // namespace mneme
