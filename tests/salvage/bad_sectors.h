// A disk one piece of which cannot be read: every read that touches it fails, as of a disk that gives up.
#pragma once

#include <memory>
#include <string>

#include "os/file.h"

namespace mneme::sim {

struct BadPiece {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

class BadSectors final : public FileSystem {  // As thread-safe as `files`.
 public:
  BadSectors(FileSystem& files, BadPiece bad) : files_(files), bad_(std::move(bad)) {}
  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override;
  Result<void> create_directory(const std::string& path) override { return files_.create_directory(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return files_.list(directory); }
  Result<bool> exists(const std::string& path) override { return files_.exists(path); }
  Result<void> rename(const std::string& from, const std::string& to) override { return files_.rename(from, to); }
  Result<void> unlink(const std::string& path) override { return files_.unlink(path); }
  Result<void> sync_directory(const std::string& path, SyncSite site) override {
    return files_.sync_directory(path, site);
  }
  Result<void> link(const std::string& from, const std::string& to) override { return files_.link(from, to); }
  Result<bool> is_locked(const std::string& path) override { return files_.is_locked(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path, const std::string& owner_note) override {
    return files_.lock(path, owner_note);
  }

 private:
  FileSystem& files_;
  const BadPiece bad_;
};

}  // namespace mneme::sim
