// A folder for one test, gone at its end.
#pragma once

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace mneme::support {

class ScratchDirectory {  // One thread at a time.
 public:
  ScratchDirectory() : ScratchDirectory(usual_root()) {}
  explicit ScratchDirectory(const std::string& root) : path_(root + "/mneme-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) ::abort();
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { ::nftw(path_.c_str(), remove_one, 16, FTW_DEPTH | FTW_PHYS); }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // A folder in memory where there is one: for tests that ask nothing of the disk, whose syncs would take all the time.
  static ScratchDirectory in_memory() {
    return ::access("/dev/shm", W_OK) == 0 ? ScratchDirectory("/dev/shm") : ScratchDirectory();
  }
  // Writes a file and returns its path.
  [[nodiscard]] std::string file(const std::string& name, const std::string& bytes) const {
    std::string path = *this / name;
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) ::abort();
    std::fclose(file);
    return path;
  }

 private:
  static std::string usual_root() {
    const char* root = ::getenv("TMPDIR");
    return root != nullptr ? root : "/tmp";
  }
  static int remove_one(const char* path, const struct stat*, int, struct FTW*) { return std::remove(path); }
  std::string path_;
};

}  // namespace mneme::support
