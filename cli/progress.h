// A progress bar on standard error, when that is a terminal; nothing otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mneme::cli {

class Progress {  // One thread at a time.
 public:
  explicit Progress(std::string what);
  ~Progress();  // Clears the line.
  void show(std::uint64_t done, std::uint64_t total);

 private:
  const std::string what_;
  const bool visible_;
  std::chrono::steady_clock::time_point next_;  // No more than ten a second.
  bool shown_ = false;
};

}  // namespace mneme::cli
