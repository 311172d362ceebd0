// The lines of a text file, of any length up to a bound, numbered from 1. LF or CRLF ends one; the last needs none.
#pragma once

#include <optional>

#include "import/input.h"

namespace mneme::cli {

class LineReader {  // One thread at a time.
 public:
  static constexpr std::size_t kLineBytesMax = 16 * 1024 * 1024;

  explicit LineReader(Input& input) : window_(input) {}
  // The next line without its end, good until the next call; nothing at the end. invalid_argument: a line too long.
  Result<std::optional<std::string_view>> next();
  [[nodiscard]] std::uint64_t line() const noexcept { return line_; }  // Of the line last read.
  [[nodiscard]] std::uint64_t position() const noexcept { return window_.position(); }

 private:
  Window window_;
  std::string pieces_;  // Of a line that the window cut.
  std::uint64_t line_ = 0;
};

}  // namespace mneme::cli
