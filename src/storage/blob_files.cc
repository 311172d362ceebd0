#include "storage/blob_files.h"

#include <algorithm>

namespace mneme {

Result<std::shared_ptr<const BlobFileReader>> BlobFile::open() {
  Lock lock(mutex_);
  if (auto open = reader_.lock()) return open;
  std::shared_ptr<const BlobFileReader> opened = TRY(BlobFileReader::open(files_, path_, number_));
  reader_ = opened;
  return opened;
}

Result<std::uint64_t> BlobFile::size() {
  const auto file = TRY(files_.open(path_, FileSystem::Open::read_only));
  return file->size();
}

void BlobFiles::start(FileNumber next, std::uint64_t origin, std::uint32_t epoch) {
  Lock lock(mutex_);
  next_ = std::max(next_, next);
  origin_ = origin;
  epoch_ = epoch;
}

FileNumber BlobFiles::next_number() const {
  Lock lock(mutex_);
  return next_;
}

std::string BlobFiles::path_of(FileNumber number) const {
  return directory_ + "/" + std::to_string(raw(number)) + ".blob";
}

std::shared_ptr<BlobFile> BlobFiles::make(FileNumber number) {
  auto file = std::make_shared<BlobFile>(files_, scheduler_, path_of(number), number);
  known_[number] = file;
  return file;
}

std::shared_ptr<BlobFile> BlobFiles::find(FileNumber number) {
  Lock lock(mutex_);
  const auto found = known_.find(number);
  return found == known_.end() ? nullptr : found->second.lock();
}

std::shared_ptr<BlobFile> BlobFiles::adopt(FileNumber number) {
  Lock lock(mutex_);
  next_ = std::max(next_, next(number));
  if (const auto found = known_.find(number); found != known_.end()) {
    if (auto file = found->second.lock()) return file;
  }
  return make(number);
}

Result<OpenBlobFile> BlobFiles::take() {
  FileHeader header;
  OpenBlobFile taken;
  {
    Lock lock(mutex_);
    if (!waiting_.empty()) {
      taken = std::move(waiting_.back());
      waiting_.pop_back();
      return taken;
    }
    header.number = next_;
    header.origin = origin_;
    header.epoch = epoch_;
    next_ = next(next_);
    taken.file = make(header.number);
    taken.file->set_complete(false);
  }
  taken.writer = TRY(BlobFileWriter::create(files_, taken.file->path(), header, options_.bytes_max));
  return taken;
}

void BlobFiles::give_back(OpenBlobFile file) {
  if (file.writer->failed() || file.writer->end_bytes() >= options_.file_bytes) return file.file->set_complete(true);
  Lock lock(mutex_);
  waiting_.push_back(std::move(file));
}

void BlobFiles::abandon(OpenBlobFile file) noexcept {
  if (!file.writer) return;
  if (auto done = file.writer->abandon(); !done) {
    // Debris then, which goes with the file.
  }
  file.file->set_complete(true);
}

Result<void> BlobFiles::make_durable(OpenBlobFile& file) {
  TRY(file.writer->sync());
  if (file.named) return {};
  TRY(files_.sync_directory(directory_, SyncSite::blob_directory));
  file.named = true;
  return {};
}

std::vector<std::string> BlobFiles::take_obsolete() {
  Lock lock(mutex_);
  // One that only waits to be appended to holds nothing that is wanted.
  std::erase_if(waiting_, [](const OpenBlobFile& file) {
    return file.file.use_count() == 1 && file.writer->end_bytes() > kFileBodyOffset;
  });
  std::vector<std::string> paths;
  for (auto file = known_.begin(); file != known_.end();) {
    if (!file->second.expired()) {
      ++file;
      continue;
    }
    paths.push_back(path_of(file->first));
    file = known_.erase(file);
  }
  return paths;
}

std::vector<std::shared_ptr<BlobFile>> BlobFiles::held() {
  Lock lock(mutex_);
  std::vector<std::shared_ptr<BlobFile>> files;
  for (const auto& [number, file] : known_) {
    if (auto held = file.lock()) files.push_back(std::move(held));
  }
  return files;
}

}  // namespace mneme
