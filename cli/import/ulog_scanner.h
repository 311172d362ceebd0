// The framing of a PX4 ULog file: header, messages, appended regions, and how a file that stops short ends.
//
//     header 16 bytes: "ULog" 01 12 35 | u8 version | u64 start of logging, microseconds since boot
//     message:         u16 bytes | u8 type | payload u8[bytes]                        all little-endian
// If the flag bits say so (message 'B', which must come first), data was appended at up to three offsets: the region
// before each may end within a message, which is dropped. So is an unfinished message at the end of the file, and
// zeros there (space that was preallocated and never written): each is a warning. Bytes that are no message anywhere
// else are `corrupt`, naming the offset.
#pragma once

#include <optional>

#include "import/input.h"

namespace mneme::cli {

struct UlogMessage {
  char type = 0;
  std::uint64_t offset = 0;  // Of the message's header in the file.
  std::string_view payload;  // Good until the next call of next().
};

class UlogScanner {  // One thread at a time.
 public:
  // Reads the header and the flag bits. corrupt: not a ULog file. unsupported: flags we do not know.
  static Result<UlogScanner> open(Input& input);

  // The next message, flag bits excepted; nothing at the end.
  Result<std::optional<UlogMessage>> next();

  [[nodiscard]] std::uint64_t start_us() const noexcept { return start_us_; }
  [[nodiscard]] std::uint64_t position() const noexcept { return window_.position(); }
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  explicit UlogScanner(Input& input) : window_(input), size_(input.size()), region_end_(input.size()) {}
  Result<void> read_header();
  Result<void> read_flags();
  Result<void> note_appended(std::string_view flags);
  Result<bool> next_region(std::size_t left);
  Result<void> skip_zeros();

  Window window_;
  std::uint64_t size_;
  std::uint64_t start_us_ = 0;
  std::uint64_t region_end_;                  // Where the region being read ends.
  std::vector<std::uint64_t> later_regions_;  // Offsets of the appended regions to come, descending.
  std::vector<std::string> warnings_;
};

// "message 'D' at offset 1234": how errors name a message.
std::string describe(const UlogMessage& message);

}  // namespace mneme::cli
