// Messages out of a window; a message is at most 64 KiB, so the window always holds a whole one.
#include "import/ulog_scanner.h"

#include <algorithm>
#include <cstring>

#include "import/try.h"

namespace mneme::cli {
namespace {

constexpr std::string_view kMagic("ULog\x01\x12\x35", 7);
constexpr std::uint8_t kVersionKnown = 1;
constexpr std::size_t kFileHeaderBytes = 16;
constexpr std::size_t kHeaderBytes = 3;
constexpr std::size_t kFlagBytes = 40;  // 8 compatible, 8 incompatible, 3 offsets of 8; later formats may add more.

template <class T>
T load(std::string_view bytes, std::size_t at) noexcept {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

bool is_letter(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

Error corrupt_at(std::uint64_t offset, const std::string& what) {
  return Error(Code::corrupt, "ULog: at offset " + std::to_string(offset) + ": " + what);
}

}  // namespace

std::string describe(const UlogMessage& message) {
  return "message '" + std::string(1, message.type) + "' at offset " + std::to_string(message.offset);
}

Result<UlogScanner> UlogScanner::open(Input& input) {
  UlogScanner scanner(input);
  TRY(scanner.read_header());
  TRY(scanner.read_flags());
  return scanner;
}

Result<void> UlogScanner::read_header() {
  const std::string_view header = TRY(window_.peek(kFileHeaderBytes));
  if (header.substr(0, kMagic.size()) != kMagic.substr(0, header.size())) {
    return corrupt_at(0, "this is not a ULog file: it does not begin with 'ULog' 01 12 35");
  }
  if (header.size() < kFileHeaderBytes) {
    return corrupt_at(0, "the header needs 16 bytes, the file has " + std::to_string(header.size()));
  }
  if (const auto version = load<std::uint8_t>(header, 7); version > kVersionKnown) {
    warnings_.push_back("format version " + std::to_string(version) + " is newer than 1, the newest known here");
  }
  start_us_ = load<std::uint64_t>(header, 8);
  window_.skip(kFileHeaderBytes);
  return {};
}

Result<void> UlogScanner::read_flags() {
  const std::string_view header = TRY(window_.peek(kHeaderBytes));
  if (header.size() < kHeaderBytes || header[2] != 'B') return {};
  const std::size_t bytes = load<std::uint16_t>(header, 0);
  const std::string_view message = TRY(window_.peek(kHeaderBytes + bytes));
  if (message.size() < kHeaderBytes + bytes) return {};  // next() reports the end.
  if (bytes < kFlagBytes) {
    return corrupt_at(window_.position(), "the flag bits need 40 bytes, there are " + std::to_string(bytes));
  }
  TRY(note_appended(message.substr(kHeaderBytes)));
  window_.skip(kHeaderBytes + bytes);
  return {};
}

Result<void> UlogScanner::note_appended(std::string_view flags) {
  const auto incompatible = load<std::uint64_t>(flags, 8);
  constexpr std::uint64_t kAppended = 1;
  if ((incompatible & ~kAppended) != 0) {
    return Error(Code::unsupported,
                 "ULog: the flag bits at offset 16 name features unknown here, without which the "
                 "log cannot be read");
  }
  if ((incompatible & kAppended) == 0) return {};
  std::uint64_t last = kFileHeaderBytes + kHeaderBytes + kFlagBytes;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto offset = load<std::uint64_t>(flags, 16 + 8 * i);
    if (offset == 0) break;
    if (offset < last) return corrupt_at(16, "appended data at offset " + std::to_string(offset) + " overlaps");
    last = offset;
    if (offset > size_) {
      warnings_.push_back("the file ends before the data appended at offset " + std::to_string(offset));
      break;
    }
    later_regions_.push_back(offset);
  }
  std::reverse(later_regions_.begin(), later_regions_.end());
  if (!later_regions_.empty()) region_end_ = later_regions_.back();
  return {};
}

Result<std::optional<UlogMessage>> UlogScanner::next() {
  for (;;) {
    const std::uint64_t offset = window_.position();
    const std::uint64_t left = region_end_ - std::min(offset, region_end_);
    const std::string_view header = TRY(window_.peek(kHeaderBytes));
    const std::size_t bytes = header.size() < kHeaderBytes ? 0 : load<std::uint16_t>(header, 0);
    if (header.size() < kHeaderBytes || left < kHeaderBytes + bytes) {
      if (!TRY(next_region(static_cast<std::size_t>(left)))) return std::optional<UlogMessage>();
      continue;
    }
    const char type = header[2];
    if (!is_letter(type)) {
      if (type == 0 && bytes == 0 && later_regions_.empty()) {
        TRY(skip_zeros());
        continue;
      }
      return corrupt_at(offset, "byte " + std::to_string(static_cast<unsigned char>(type)) + " is no message type");
    }
    const std::string_view message = TRY(window_.peek(kHeaderBytes + bytes));
    if (message.size() < kHeaderBytes + bytes) return corrupt_at(offset, "the file shrank while it was read");
    window_.skip(message.size());
    return std::optional(UlogMessage{type, offset, message.substr(kHeaderBytes)});
  }
}

// Goes to the next appended region; false at the end of the file. `left` bytes before it belong to no whole message.
Result<bool> UlogScanner::next_region(std::size_t left) {
  if (left > 0) {
    warnings_.push_back("the last message, at offset " + std::to_string(window_.position()) + ", is cut off after " +
                        std::to_string(left) + " bytes and was dropped");
  }
  window_.seek(region_end_);
  if (later_regions_.empty()) return false;
  later_regions_.pop_back();
  region_end_ = later_regions_.empty() ? size_ : later_regions_.back();
  return true;
}

// Space that was preallocated and never written. REQUIRES: the last region.
Result<void> UlogScanner::skip_zeros() {
  const std::uint64_t begin = window_.position();
  for (;;) {
    const std::string_view bytes = TRY(window_.peek_all(1));
    const std::size_t zeros = std::min(bytes.find_first_not_of('\0'), bytes.size());
    window_.skip(zeros);
    if (zeros < bytes.size()) return corrupt_at(begin, "zeros are no message, and data follows them");
    if (bytes.empty()) break;
  }
  warnings_.push_back("the file ends in " + std::to_string(size_ - begin) + " zeros, from offset " +
                      std::to_string(begin));
  return {};
}

}  // namespace mneme::cli
