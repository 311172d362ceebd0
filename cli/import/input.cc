// Files by pread, so that a window can jump; memory for tests and fuzzers.
#include "import/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "import/try.h"

namespace mneme::cli {
namespace {

Error failed(const std::string& path, int number) {
  const Code code = number == ENOENT ? Code::not_found : Code::io;
  return Error(code, path + ": " + std::strerror(number));
}

class FileInput final : public Input {
 public:
  FileInput(int descriptor, std::uint64_t size, std::string path)
      : descriptor_(descriptor), size_(size), path_(std::move(path)) {}
  FileInput(const FileInput&) = delete;
  FileInput& operator=(const FileInput&) = delete;
  ~FileInput() override { ::close(descriptor_); }

  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t bytes) override {
    std::size_t done = 0;
    while (done < bytes) {
      const ssize_t got = ::pread(descriptor_, into + done, bytes - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed(path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

 private:
  const int descriptor_;
  const std::uint64_t size_;
  const std::string path_;
};

class MemoryInput final : public Input {
 public:
  explicit MemoryInput(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t bytes) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    return bytes_.copy(into, bytes, static_cast<std::size_t>(offset));
  }

 private:
  const std::string bytes_;
};

}  // namespace

Result<std::unique_ptr<Input>> open_input(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failed(path, errno);
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) {
    const int number = errno;
    ::close(descriptor);
    return failed(path, number);
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return Error(Code::invalid_argument, path + ": not a regular file");
  }
  return std::unique_ptr<Input>(new FileInput(descriptor, static_cast<std::uint64_t>(status.st_size), path));
}

std::unique_ptr<Input> memory_input(std::string_view bytes) { return std::make_unique<MemoryInput>(bytes); }

Result<void> Window::refill() {
  std::copy(buffer_.data() + at_, buffer_.data() + filled_, buffer_.data());
  base_ += at_;
  filled_ -= at_;
  at_ = 0;
  filled_ += TRY(input_.read(base_ + filled_, buffer_.data() + filled_, buffer_.size() - filled_));
  return {};
}

}  // namespace mneme::cli
