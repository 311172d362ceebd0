// Files over POSIX calls. Short transfers and EINTR end here; ENOSPC and EDQUOT become full, everything else io.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "os/posix.h"
#include "os/process.h"

namespace mneme {
namespace {

// One read or write call moves at most this: Linux stops a little below 2 GiB anyhow.
constexpr std::size_t kTransferBytesMax = std::size_t{1} << 30;

Error os_error(std::string_view what, const std::string& path, int number) {
  const bool no_room = number == ENOSPC || number == EDQUOT;
  const Code code = no_room            ? Code::full
                    : number == ENOENT ? Code::not_found
                    : number == EEXIST ? Code::already_exists
                    : number == EMFILE ? Code::full
                    : number == ENFILE ? Code::full
                                       : Code::io;
  std::array<char, 128> text{};
  return Error(code, std::string(what) + " '" + path + "': " + strerror_r(number, text.data(), text.size()));
}

// A call that a signal may interrupt, until it was not.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

class Descriptor {  // Owns one; 0 to 2 are never ours: a stray printf must not write into a database.
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

Result<Descriptor> open_descriptor(const std::string& path, int flags) {
  const int fd = uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); });
  if (fd < 0) return os_error("open", path, errno);
  if (fd > 2) return Descriptor(fd);
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  const int number = errno;
  ::close(fd);
  if (moved < 0) return os_error("open", path, number);
  return Descriptor(moved);
}

// OFD locks: they belong to the open file, so that closing another descriptor of the file does not drop them.
struct flock byte_lock(off_t byte) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return lock;
}

// False: another one has it.
Result<bool> try_lock_byte(const Descriptor& fd, off_t byte, const std::string& path) {
  struct flock wish = byte_lock(byte);
  if (::fcntl(fd.get(), F_OFD_SETLK, &wish) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return os_error("lock", path, errno);
}

Result<bool> are_locked(const Descriptor& fd, off_t from, off_t count, const std::string& path) {
  struct flock wish = byte_lock(from);
  wish.l_len = count;
  if (::fcntl(fd.get(), F_OFD_GETLK, &wish) != 0) return os_error("look at the lock of", path, errno);
  return wish.l_type != F_UNLCK;
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read(std::uint64_t offset, MutableBytes into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const std::size_t want = std::min(into.size() - done, kTransferBytesMax);
      const auto got = uninterrupted(
          [&] { return ::pread(fd_.get(), into.data() + done, want, static_cast<off_t>(offset + done)); });
      if (got < 0) return os_error("read", path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<void> write(std::uint64_t offset, Bytes bytes) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const std::size_t want = std::min(bytes.size() - done, kTransferBytesMax);
      const auto put = uninterrupted(
          [&] { return ::pwrite(fd_.get(), bytes.data() + done, want, static_cast<off_t>(offset + done)); });
      if (put < 0) return os_error("write", path_, errno);
      if (put == 0) return Error(Code::io, "write '" + path_ + "': the system took none of it");  // Nor will it later.
      done += static_cast<std::size_t>(put);
    }
    return {};
  }

  Result<void> allocate(std::uint64_t bytes) override {
    const std::uint64_t has = TRY(size());
    if (bytes <= has) return {};
    const auto from = static_cast<off_t>(has);
    const auto more = static_cast<off_t>(bytes - has);
    if (uninterrupted([&] { return ::fallocate(fd_.get(), 0, from, more); }) == 0) return {};
    if (errno != EOPNOTSUPP && errno != ENOSYS) return os_error("allocate", path_, errno);
    return fill_with_zeros(has, bytes);
  }

  Result<void> truncate(std::uint64_t bytes) override {
    if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(bytes)); }) == 0) return {};
    return os_error("truncate", path_, errno);
  }

  // EINTR is an answer here like any other failure: a sync is never tried again.
  Result<void> sync(SyncSite) override {
    if (::fdatasync(fd_.get()) == 0) return {};
    return Error(Code::io, os_error("sync", path_, errno).message());
  }

  Result<std::uint64_t> size() override {
    struct stat status{};
    if (::fstat(fd_.get(), &status) != 0) return os_error("stat", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  // Drops clean pages, which is what a failed writeback makes of dirty ones.
  void forget_cached() noexcept override { ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED); }

  Result<bool> try_lock(std::uint64_t offset) override { return try_lock_byte(fd_, static_cast<off_t>(offset), path_); }
  Result<bool> is_locked(std::uint64_t offset, std::uint64_t count) override {
    return are_locked(fd_, static_cast<off_t>(offset), static_cast<off_t>(count), path_);
  }

 private:
  // For file systems without fallocate: writing is the only promise of room they give.
  Result<void> fill_with_zeros(std::uint64_t from, std::uint64_t to) {
    const ByteBuffer zeros(64 * 1024);
    while (from < to) {
      const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), to - from));
      TRY(write(from, Bytes(zeros).first(count)));
      from += count;
    }
    return {};
  }

  const Descriptor fd_;
  const std::string path_;
};

// A lock is on two bytes of its file: the first makes its holder the owner, who writes the note and then locks the
// second. So a note is the present owner's as long as the second is locked, and an earlier one's before. Both are OFD
// locks, of which F_GETLK tells that they are there, but not whose.
constexpr off_t kOwnerByte = 0;
constexpr off_t kNoteByte = 1;
constexpr int kNoteTries = 200;                // Then the owner was stopped between the two.
constexpr std::int64_t kNoteWaitNs = 100'000;  // Between tries: writing a note takes microseconds.

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;  // The lock belongs to the open file: closing it lets go.
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override {
    const int flags = mode == Open::read_only    ? O_RDONLY
                      : mode == Open::read_write ? O_RDWR
                                                 : O_RDWR | O_CREAT | O_EXCL;
    return std::unique_ptr<File>(std::make_unique<PosixFile>(TRY(open_descriptor(path, flags)), path));
  }

  Result<void> create_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0755) == 0) return {};
    const int number = errno;
    struct stat status{};
    if (number == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return os_error("create directory", path, number);
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    DIR* stream = ::opendir(directory.c_str());
    if (stream == nullptr) return os_error("list", directory, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    const int number = errno;
    ::closedir(stream);
    if (number != 0) return os_error("list", directory, number);
    std::ranges::sort(names);
    return names;
  }

  Result<bool> exists(const std::string& path) override {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return os_error("stat", path, errno);
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return os_error("rename", from, errno);
  }

  Result<void> unlink(const std::string& path) override {
    if (::unlink(path.c_str()) == 0) return {};
    return os_error("unlink", path, errno);
  }

  Result<void> sync_directory(const std::string& path, SyncSite) override {
    const Descriptor fd = TRY(open_descriptor(path, O_RDONLY | O_DIRECTORY));
    if (::fsync(fd.get()) == 0) return {};
    return Error(Code::io, os_error("sync directory", path, errno).message());
  }

  Result<void> link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    const int number = errno;
    if (number == EPERM || number == EXDEV || number == EMLINK || number == EOPNOTSUPP) {
      return Error(Code::unsupported, os_error("link", from, number).message());
    }
    return os_error("link", from, number);
  }

  Result<bool> is_locked(const std::string& path) override {
    const Descriptor fd = TRY(open_descriptor(path, O_RDONLY));
    return are_locked(fd, kOwnerByte, 1, path);
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path, const std::string& owner_note) override {
    Descriptor fd = TRY(open_descriptor(path, O_RDWR | O_CREAT));
    for (int tries = 1; !TRY(try_lock_byte(fd, kOwnerByte, path)); ++tries) {
      const bool has_note = TRY(are_locked(fd, kNoteByte, 1, path));
      if (!has_note && tries < kNoteTries) {
        wait_for_note();
        continue;  // The owner may have gone as well.
      }
      return Error(Code::busy, "'" + path + "' is locked by another writer: " +
                                   (has_note ? owner_of(fd) : "it has not said yet which"));
    }
    PosixFile file(Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)), path);
    // Over the last owner's note: to truncate a file first costs some file systems 5 ms of every opening.
    TRY(file.write(0, as_bytes(owner_note + ", process " + std::to_string(::getpid()) + boot_note() + "\n")));
    if (!TRY(try_lock_byte(fd, kNoteByte, path))) return os_error("lock", path, EAGAIN);  // Only an owner locks it.
    return std::unique_ptr<FileLock>(std::make_unique<PosixFileLock>(std::move(fd)));
  }

 private:
  static void wait_for_note() {
    const timespec time{0, kNoteWaitNs};
    ::nanosleep(&time, nullptr);
  }
  // A process number means nothing after the machine was started anew.
  static std::string boot_note() {
    const std::string boot = boot_text();
    return boot.empty() ? boot : " of boot " + boot;
  }
  static std::string owner_of(const Descriptor& fd) {
    std::array<char, 256> note{};
    const auto size = ::pread(fd.get(), note.data(), note.size(), 0);
    if (size <= 0) return "owner unknown";
    const std::string_view read(note.data(), static_cast<std::size_t>(size));
    return std::string(read.substr(0, read.find('\n')));  // Behind it may be the end of a longer note.
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace mneme
