#include "progress.h"

#include <unistd.h>

#include <cstdio>

namespace mneme::cli {

Progress::Progress(std::string what) : what_(std::move(what)), visible_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::show(std::uint64_t done, std::uint64_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (!visible_ || total == 0 || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  shown_ = true;
  constexpr std::uint64_t kWidth = 40;
  const std::uint64_t filled = done >= total ? kWidth : done * kWidth / total;
  std::string bar(filled, '#');
  bar.resize(kWidth, '.');
  std::fprintf(stderr, "\r%s [%s] %3llu %%", what_.c_str(), bar.c_str(),
               static_cast<unsigned long long>(done >= total ? 100 : done * 100 / total));
  std::fflush(stderr);
}

}  // namespace mneme::cli
