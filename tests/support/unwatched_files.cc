#include "support/unwatched_files.h"

#include "support/allocations.h"

namespace mneme::support {
namespace {

class UnwatchedFile final : public File {  // As thread-safe as `file`.
 public:
  explicit UnwatchedFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
  Result<std::size_t> read(std::uint64_t offset, MutableBytes into) override {
    const AllocationPause pause;
    return file_->read(offset, into);
  }
  Result<void> write(std::uint64_t offset, Bytes bytes) override {
    const AllocationPause pause;
    return file_->write(offset, bytes);
  }
  Result<void> allocate(std::uint64_t bytes) override {
    const AllocationPause pause;
    return file_->allocate(bytes);
  }
  Result<void> truncate(std::uint64_t bytes) override {
    const AllocationPause pause;
    return file_->truncate(bytes);
  }
  Result<void> sync(SyncSite site) override {
    const AllocationPause pause;
    return file_->sync(site);
  }
  Result<std::uint64_t> size() override {
    const AllocationPause pause;
    return file_->size();
  }
  void forget_cached() noexcept override { file_->forget_cached(); }
  Result<bool> try_lock(std::uint64_t offset) override {
    const AllocationPause pause;
    return file_->try_lock(offset);
  }
  Result<bool> is_locked(std::uint64_t offset, std::uint64_t count) override {
    const AllocationPause pause;
    return file_->is_locked(offset, count);
  }

 private:
  const std::unique_ptr<File> file_;
};

}  // namespace

Result<std::unique_ptr<File>> UnwatchedFiles::open(const std::string& path, Open mode) {
  const AllocationPause pause;
  auto file = TRY(files_.open(path, mode));
  return std::unique_ptr<File>(std::make_unique<UnwatchedFile>(std::move(file)));
}
Result<void> UnwatchedFiles::create_directory(const std::string& path) {
  const AllocationPause pause;
  return files_.create_directory(path);
}
Result<std::vector<std::string>> UnwatchedFiles::list(const std::string& directory) {
  const AllocationPause pause;
  return files_.list(directory);
}
Result<bool> UnwatchedFiles::exists(const std::string& path) {
  const AllocationPause pause;
  return files_.exists(path);
}
Result<void> UnwatchedFiles::rename(const std::string& from, const std::string& to) {
  const AllocationPause pause;
  return files_.rename(from, to);
}
Result<void> UnwatchedFiles::unlink(const std::string& path) {
  const AllocationPause pause;
  return files_.unlink(path);
}
Result<void> UnwatchedFiles::sync_directory(const std::string& path, SyncSite site) {
  const AllocationPause pause;
  return files_.sync_directory(path, site);
}
Result<void> UnwatchedFiles::link(const std::string& from, const std::string& to) {
  const AllocationPause pause;
  return files_.link(from, to);
}
Result<bool> UnwatchedFiles::is_locked(const std::string& path) {
  const AllocationPause pause;
  return files_.is_locked(path);
}
Result<std::unique_ptr<FileLock>> UnwatchedFiles::lock(const std::string& path, const std::string& owner_note) {
  const AllocationPause pause;
  return files_.lock(path, owner_note);
}

}  // namespace mneme::support
