// The two ends of <db>/READERS: the writer posts its mark there and asks what is pinned, a reader pins and reads the
// mark.
//
// Neither waits for the other. What cannot be read counts as pinning everything; what cannot be written is left
// alone: readers then see what the log's own records say is durable.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "os/thread.h"
#include "os/world.h"
#include "storage/readers_file.h"

namespace mneme {

struct PinnedFiles {  // Of all readers together.
  ManifestPoint point = kNoManifestPoint;
  FileNumber log_from = kNoLogFile;
};

// What the readers of a database keep from going. Asked anew each time: a reader may come at any moment.
Result<std::vector<ReaderPin>> list_readers(File& readers);
PinnedFiles pinned_by(const std::vector<ReaderPin>& pins);

class WriterBoard {  // Thread-safe.
 public:
  WriterBoard(const World& world, const std::string& directory)
      : files_(world.files), path_(directory + "/READERS"), mutex_(world.scheduler) {}
  // From now on there is a writer. Nothing is posted before, or where the file cannot be made.
  void begin(const ReadersMark& first) LOCK_NOT_HELD(mutex_);
  void post_durable(Lsn lsn) LOCK_NOT_HELD(mutex_);
  void post_edit(const ManifestPoint& point, std::uint32_t epoch) LOCK_NOT_HELD(mutex_);
  // Nothing that it does not name is in use by a reader that has not read a manifest from after this call.
  [[nodiscard]] Result<PinnedFiles> pinned() LOCK_NOT_HELD(mutex_);
  [[nodiscard]] Result<std::vector<ReaderPin>> readers() LOCK_NOT_HELD(mutex_);

 private:
  Result<void> open() LOCK_HELD(mutex_);
  void post() LOCK_HELD(mutex_);

  FileSystem& files_;
  const std::string path_;
  Mutex mutex_;
  std::unique_ptr<File> file_ GUARDED_BY(mutex_);  // Null: there is none.
  ReadersMark mark_ GUARDED_BY(mutex_);
};

class ReaderSlot {  // One thread at a time.
 public:
  // Takes a slot that keeps everything. io: the directory or the file may not be written to. full: all are taken.
  static Result<std::unique_ptr<ReaderSlot>> take(const World& world, const std::string& directory);
  Result<void> pin(const ManifestPoint& point, FileNumber log_from);  // Nothing if it says so already.
  [[nodiscard]] Result<std::optional<ReadersMark>> mark();  // Nothing: no writer has posted one since the boot.
  [[nodiscard]] Result<std::vector<ReaderPin>> readers();   // The others.

 private:
  ReaderSlot(std::unique_ptr<File> file, std::size_t slot) : file_(std::move(file)), slot_(slot) {}
  Result<void> write();

  const std::unique_ptr<File> file_;  // Whose lock on the slot goes with it.
  const std::size_t slot_;
  ReaderPin pin_;
};

}  // namespace mneme
