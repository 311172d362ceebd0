// BlobFiles: the blob files of an open database, and who holds each of them.
//
// Whatever refers to values of a file holds its BlobFile: the segments and memtables of a Version, a transaction's
// rows, a writer. So a file that nobody holds is one that no row refers to, in any snapshot and in no log record that
// replay could meet: it is obsolete. There is no count that could drift from the truth. Values are appended to a file
// by one writer at a time; a file that is not full yet waits here for the next one.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "os/thread.h"
#include "storage/blob_file.h"
#include "types/schema.h"

namespace mneme {

class BlobFile {  // Thread-safe.
 public:
  BlobFile(FileSystem& files, Scheduler& scheduler, std::string path, FileNumber number)
      : files_(files), path_(std::move(path)), number_(number), mutex_(scheduler) {}
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] FileNumber number() const noexcept { return number_; }
  // The file stays open as long as somebody has what this returns.
  Result<std::shared_ptr<const BlobFileReader>> open() LOCK_NOT_HELD(mutex_);
  Result<std::uint64_t> size();  // Of the file, now.
  // Nothing will be appended to it any more.
  [[nodiscard]] bool is_complete() const noexcept { return complete_.load(std::memory_order_relaxed); }
  void set_complete(bool complete) noexcept { complete_.store(complete, std::memory_order_relaxed); }

 private:
  FileSystem& files_;
  const std::string path_;
  const FileNumber number_;
  // Relaxed: it only says what is worth a look; no other memory is published through it.
  std::atomic<bool> complete_{true};
  Mutex mutex_;
  std::weak_ptr<const BlobFileReader> reader_ GUARDED_BY(mutex_);
};

// Values that a column refers to, in one file.
struct BlobUse {
  std::shared_ptr<BlobFile> file;
  ColumnId column{};
  std::uint64_t bytes = 0;  // As they are stored.
};
using BlobUses = std::vector<BlobUse>;

// A file to append to, and its hold.
struct OpenBlobFile {
  std::shared_ptr<BlobFile> file;
  std::unique_ptr<BlobFileWriter> writer;
  bool named = false;  // Its name is durable.
};

class BlobFiles {  // Thread-safe.
 public:
  struct Options {
    std::uint64_t file_bytes = 64 << 20;  // A file of so much is not appended to any more.
    std::uint64_t bytes_max = kBlobBytesMax;
  };
  BlobFiles(FileSystem& files, Scheduler& scheduler, std::string directory, const Options& options)
      : files_(files), scheduler_(scheduler), directory_(std::move(directory)), options_(options), mutex_(scheduler) {}

  // Before the first writer. `next`: no file has had this number or a higher one.
  void start(FileNumber next, std::uint64_t origin, std::uint32_t epoch) LOCK_NOT_HELD(mutex_);
  [[nodiscard]] FileNumber next_number() const LOCK_NOT_HELD(mutex_);

  // Null: nobody holds such a file.
  [[nodiscard]] std::shared_ptr<BlobFile> find(FileNumber number) LOCK_NOT_HELD(mutex_);
  // For recovery: a file that something durable names.
  [[nodiscard]] std::shared_ptr<BlobFile> adopt(FileNumber number) LOCK_NOT_HELD(mutex_);

  // A file with room, for nobody else until it is given back; one whose writer failed is not to come back.
  Result<OpenBlobFile> take() LOCK_NOT_HELD(mutex_);
  void give_back(OpenBlobFile file) LOCK_NOT_HELD(mutex_);
  // Instead, when something went wrong in a value: its bytes are given back to the disk, and nobody appends any more.
  void abandon(OpenBlobFile file) noexcept;
  // Makes what was written to it durable, and its name.
  Result<void> make_durable(OpenBlobFile& file);

  // Files that nobody has held since the last call, to be unlinked.
  [[nodiscard]] std::vector<std::string> take_obsolete() LOCK_NOT_HELD(mutex_);
  // Every file that somebody holds.
  [[nodiscard]] std::vector<std::shared_ptr<BlobFile>> held() LOCK_NOT_HELD(mutex_);
  [[nodiscard]] std::string path_of(FileNumber number) const;
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

 private:
  std::shared_ptr<BlobFile> make(FileNumber number) LOCK_HELD(mutex_);

  FileSystem& files_;
  Scheduler& scheduler_;
  const std::string directory_;
  const Options options_;
  mutable Mutex mutex_;
  FileNumber next_ GUARDED_BY(mutex_){1};
  std::uint64_t origin_ GUARDED_BY(mutex_) = 0;
  std::uint32_t epoch_ GUARDED_BY(mutex_) = 0;
  std::map<FileNumber, std::weak_ptr<BlobFile>> known_ GUARDED_BY(mutex_);
  std::vector<OpenBlobFile> waiting_ GUARDED_BY(mutex_);
};

}  // namespace mneme
