// A file system whose own allocations are never refused: what is tested is what the engine does without memory, not
// what a simulated disk does.
#pragma once

#include "os/file.h"

namespace mneme::support {

// Passes everything on to `files`, with the AllocationWatch paused.
class UnwatchedFiles final : public FileSystem {  // As thread-safe as `files`.
 public:
  explicit UnwatchedFiles(FileSystem& files) : files_(files) {}
  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override;
  Result<void> create_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> unlink(const std::string& path) override;
  Result<void> sync_directory(const std::string& path, SyncSite site) override;
  Result<void> link(const std::string& from, const std::string& to) override;
  Result<bool> is_locked(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path, const std::string& owner_note) override;

 private:
  FileSystem& files_;
};

}  // namespace mneme::support
