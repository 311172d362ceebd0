#include "index/scratch.h"

namespace mneme {

Result<std::unique_ptr<File>> ScratchFiles::create() {
  const std::string path =
      directory_ + "/sort-" + std::to_string(next_.fetch_add(1, std::memory_order_relaxed)) + ".tmp";
  auto file = files_.open(path, FileSystem::Open::create);
  if (!file && file.error().code() == Code::already_exists) {
    TRY(files_.unlink(path));
    file = files_.open(path, FileSystem::Open::create);
  }
  if (!file) return std::move(file).error().during("scratch file");
  TRY(files_.unlink(path));
  return file;
}

}  // namespace mneme
