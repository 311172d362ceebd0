// A file system that hands every call on to another: the base of those that watch, or spoil, some of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "os/file.h"

namespace mneme::sim {

class ForwardingFiles : public FileSystem {  // As thread-safe as `files`, which it borrows.
 public:
  explicit ForwardingFiles(FileSystem& files) : files_(files) {}
  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override { return files_.open(path, mode); }
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
};

}  // namespace mneme::sim
