#include "salvage/bad_sectors.h"

namespace mneme::sim {
namespace {

class BadFile final : public File {  // As thread-safe as `file`. Is only read.
 public:
  BadFile(std::unique_ptr<File> file, const BadPiece& bad) : file_(std::move(file)), bad_(bad) {}
  Result<std::size_t> read(std::uint64_t offset, MutableBytes into) override {
    if (offset < bad_.offset + bad_.bytes && bad_.offset < offset + into.size()) {
      return Error(Code::io, "read '" + bad_.path + "': a bad sector");
    }
    return file_->read(offset, into);
  }
  Result<std::uint64_t> size() override { return file_->size(); }
  Result<void> write(std::uint64_t offset, Bytes bytes) override { return file_->write(offset, bytes); }
  Result<void> allocate(std::uint64_t bytes) override { return file_->allocate(bytes); }
  Result<void> truncate(std::uint64_t bytes) override { return file_->truncate(bytes); }
  Result<void> sync(SyncSite site) override { return file_->sync(site); }
  void forget_cached() noexcept override { file_->forget_cached(); }
  Result<bool> try_lock(std::uint64_t offset) override { return file_->try_lock(offset); }
  Result<bool> is_locked(std::uint64_t offset, std::uint64_t count) override { return file_->is_locked(offset, count); }

 private:
  const std::unique_ptr<File> file_;
  const BadPiece& bad_;
};

}  // namespace

Result<std::unique_ptr<File>> BadSectors::open(const std::string& path, Open mode) {
  auto file = TRY(ForwardingFiles::open(path, mode));
  if (path != bad_.path) return file;
  return std::unique_ptr<File>(std::make_unique<BadFile>(std::move(file), bad_));
}

}  // namespace mneme::sim
