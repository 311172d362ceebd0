// A disk one piece of which cannot be read: every read that touches it fails, as of a disk that gives up.
#pragma once

#include <memory>
#include <string>

#include "os/sim/forwarding_files.h"

namespace mneme::sim {

struct BadPiece {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

class BadSectors final : public ForwardingFiles {  // As thread-safe as `files`.
 public:
  BadSectors(FileSystem& files, BadPiece bad) : ForwardingFiles(files), bad_(std::move(bad)) {}
  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override;

 private:
  const BadPiece bad_;
};

}  // namespace mneme::sim
