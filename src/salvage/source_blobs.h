// Values that lie in the blob files of a damaged database. A value is proven by the checksum that its row has of it: so
// a damaged header, or the checksum of a frame, costs nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "os/file.h"
#include "salvage/destination.h"
#include "storage/blob_file.h"

namespace mneme {

class SourceBlobs {  // One thread at a time.
 public:
  SourceBlobs(FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}
  // None: it cannot be read, and `why`. Errors are the destination's.
  Result<std::optional<BlobRef>> copy(const BlobRef& from, Destination& to, std::string& why);

 private:
  Result<void> open(std::uint64_t number);
  [[nodiscard]] Result<void> check_extent(const BlobRef& from) const;

  FileSystem& files_;
  const std::string directory_;
  std::uint64_t number_ = 0;  // Of the file at hand.
  std::unique_ptr<File> file_;
  std::uint64_t size_ = 0;
};

}  // namespace mneme
