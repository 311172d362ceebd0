#include "terminal.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>

namespace mneme::demo {
namespace {

constexpr std::string_view kBold = "1";
constexpr std::string_view kDim = "2";
constexpr std::string_view kGreen = "32";
constexpr std::string_view kRed = "1;31";
constexpr std::string_view kCyan = "36";

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, arguments...);
  return text;
}

// Columns, not bytes: UTF-8's continuation bytes take no place.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(std::string text, std::size_t to) {
  text.append(to - std::min(to, width(text)), ' ');
  return text;
}

}  // namespace

Terminal::Terminal(Voice voice) : loud_(voice == Voice::loud), colour_(isatty(STDOUT_FILENO) == 1) {}

std::string Terminal::styled(std::string_view style, std::string_view text) const {
  if (!colour_) return std::string(text);
  return "\x1b[" + std::string(style) + "m" + std::string(text) + "\x1b[0m";
}

void Terminal::title(std::string_view text) {
  if (loud_) std::printf("\n%s\n\n", styled(kBold, text).c_str());
}

void Terminal::blank() {
  if (loud_) std::printf("\n");
}

void Terminal::fact(std::string_view name, const std::string& text) {
  if (!loud_) return;
  std::printf("%s %s\n", styled(kCyan, padded(std::string(name), 9)).c_str(), text.c_str());
  std::fflush(stdout);
}

bool Terminal::check(bool holds, std::string_view name, const std::string& text) {
  ++checks_;
  failed_ += holds ? 0 : 1;
  if (loud_ || !holds) {
    const std::string outcome = holds ? styled(kGreen, "ok") : styled(kRed, "FAILED");
    std::printf("%s %s  %s\n", styled(kCyan, padded(std::string(name), 9)).c_str(), text.c_str(), outcome.c_str());
    std::fflush(stdout);
  }
  return holds;
}

void Terminal::heading(std::size_t number, std::string_view question) {
  if (loud_) std::printf("\n%s\n", styled(kBold, std::to_string(number) + "  " + std::string(question)).c_str());
}

void Terminal::code(std::string_view text) {
  while (loud_ && !text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::printf("     %s\n", styled(kDim, text.substr(0, end)).c_str());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void Terminal::table(const std::vector<std::string>& names, const std::vector<std::vector<Value>>& rows) {
  if (!loud_) return;
  std::vector<std::vector<std::string>> cells = {names};
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    std::ranges::transform(row, std::back_inserter(line), shown);
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::string line;
    for (std::size_t c = 0; c < names.size(); ++c) {
      std::size_t widest = 0;
      for (const auto& row : cells) widest = std::max(widest, width(row[c]));
      line += padded(cells[i][c], widest) + (c + 1 < names.size() ? "  " : "");
    }
    std::printf("     %s\n", (i == 0 ? styled(kCyan, line) : line).c_str());
  }
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string duration_text(double seconds) {
  if (seconds < 1e-3) return format("%.3g us", seconds * 1e6);
  if (seconds < 1) return format("%.3g ms", seconds * 1e3);
  return format("%.1f s", seconds);
}

std::string bytes_text(std::uint64_t bytes) {
  const auto count = static_cast<double>(bytes);
  if (bytes < 1'000) return std::to_string(bytes) + " B";
  if (bytes < 1'000'000) return format("%.1f KB", count / 1e3);
  return format("%.1f MB", count / 1e6);
}

std::string shown(const Value& value) {
  if (value.is_null()) return "NULL";
  switch (value.type().kind) {
    case TypeKind::blob: return bytes_text(value.bytes().size());
    case TypeKind::vector: return type_name(value.type());
    case TypeKind::floating:
    case TypeKind::real: return format("%.5g", value.as_double());
    case TypeKind::point: {
      const auto [longitude, latitude] = value.load<std::array<double, 2>>();
      return format("%.6f E ", longitude) + format("%.6f N", latitude);
    }
    default: return value.to_text();
  }
}

}  // namespace mneme::demo
