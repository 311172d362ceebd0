// ScratchFiles: files for what does not fit the memory budget. Nothing in them outlives the process.
//
// A scratch file is unlinked as soon as it is open, so that it goes with its last user, however that one ends. What a
// crash between the two calls leaves behind is replaced by the next life's file of the same name.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "os/file.h"

namespace mneme {

class ScratchFiles {  // Thread-safe.
 public:
  // `directory` must exist.
  ScratchFiles(FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}
  Result<std::unique_ptr<File>> create();

 private:
  FileSystem& files_;
  const std::string directory_;
  std::atomic<std::uint64_t> next_{1};  // Relaxed: only that no two are equal.
};

}  // namespace mneme
