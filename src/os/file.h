// What we ask of a file system. Two worlds implement it: posix (os/posix.h) and the simulated one (os/sim/).
//
// Every call may fail with io (or full, for ENOSPC and EDQUOT); the message names the path. No call retries a
// failed sync. Short reads and writes and EINTR are hidden here: a read returns fewer bytes only at the end of file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/sync_site.h"

namespace mneme {

class File {  // Thread-safe, like the descriptor it stands for.
 public:
  virtual ~File() = default;
  // Reads into.size() bytes at `offset`; returns how many were there (less only at the end of the file).
  virtual Result<std::size_t> read(std::uint64_t offset, MutableBytes into) = 0;
  virtual Result<void> write(std::uint64_t offset, Bytes bytes) = 0;
  // Makes room for [0, bytes) now, so that a full disk shows here and not at a sync; grows the size, new bytes are 0.
  virtual Result<void> allocate(std::uint64_t bytes) = 0;
  virtual Result<void> truncate(std::uint64_t bytes) = 0;
  // Makes what was written durable: data and what is needed to read it back (fdatasync). Never call again after it
  // failed.
  virtual Result<void> sync(SyncSite site) = 0;
  virtual Result<std::uint64_t> size() = 0;
  // Makes later reads show what the device holds, but for writes still on their way to it. After a failed sync the
  // cache shows bytes that never reached the device and never will, and a later sync calls them durable: whoever reads
  // a file to build on it in another life calls this first.
  virtual void forget_cached() noexcept = 0;
  // Locks the byte at `offset` (it need not exist) for as long as this file stays open; false: another open file, in
  // whatever process, has it. REQUIRES: not opened read_only. A process that ends by whatever means lets go of it.
  virtual Result<bool> try_lock(std::uint64_t offset) = 0;
  // Whether another open file has locked one of the bytes [offset, offset + count).
  virtual Result<bool> is_locked(std::uint64_t offset, std::uint64_t count) = 0;
};

// An exclusive lock on a file, held until destroyed (OFD lock: tied to the open file, not to the process).
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {  // Thread-safe.
 public:
  enum class Open : std::uint8_t { read_only, read_write, create };  // create: must not exist yet.
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, Open mode) = 0;  // not_found | already_exists
  virtual Result<void> create_directory(const std::string& path) = 0;                  // Fine if it is there already.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;     // Names, sorted, no "." or "..".
  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;  // Replaces `to` atomically.
  virtual Result<void> unlink(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& path, SyncSite site) = 0;
  // Hard link where possible (backup); unsupported where the file system cannot.
  virtual Result<void> link(const std::string& from, const std::string& to) = 0;
  // Whether somebody holds the lock that lock() takes. not_found: nobody ever did.
  virtual Result<bool> is_locked(const std::string& path) = 0;
  // Takes the lock at once, or fails with busy: the message holds the owner's `owner_note`, process and boot.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path, const std::string& owner_note) = 0;
};

}  // namespace mneme
