// A line that lies whole in the window is not copied.
#include "import/line_reader.h"

#include "import/try.h"

namespace mneme::cli {
namespace {

std::string_view without_cr(std::string_view line) noexcept {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

Result<std::optional<std::string_view>> LineReader::next() {
  pieces_.clear();
  ++line_;
  for (;;) {
    const std::string_view chunk = TRY(window_.peek_all(1));
    if (chunk.empty()) break;
    const std::size_t end = chunk.find('\n');
    const std::string_view piece = chunk.substr(0, end);
    window_.skip(end == std::string_view::npos ? chunk.size() : end + 1);
    if (pieces_.size() + piece.size() > kLineBytesMax) {
      return Error(Code::invalid_argument, "line " + std::to_string(line_) + ", column 1: longer than 16 MiB");
    }
    if (end != std::string_view::npos && pieces_.empty()) return std::optional(without_cr(piece));
    pieces_.append(piece);
    if (end != std::string_view::npos) return std::optional(without_cr(pieces_));
  }
  if (pieces_.empty()) return std::optional<std::string_view>();
  return std::optional(without_cr(pieces_));
}

}  // namespace mneme::cli
