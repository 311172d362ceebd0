// TextCursor: steps through the text of one value, ASCII only.
#pragma once

#include <cstdint>
#include <string_view>

namespace mneme {

inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
inline bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
inline bool is_letter(char c) noexcept { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; }

class TextCursor {  // One thread at a time.
 public:
  explicit TextCursor(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept { return ahead < rest_.size() ? rest_[ahead] : '\0'; }
  [[nodiscard]] bool at_digit() const noexcept { return is_digit(peek()); }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

  bool accept(char c) noexcept {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool skip_spaces() noexcept { return !take_while(is_space).empty(); }
  std::string_view digits() noexcept { return take_while(is_digit); }
  std::string_view letters() noexcept { return take_while(is_letter); }
  std::string_view take(std::size_t count) noexcept {  // REQUIRES: that many are left.
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

 private:
  std::string_view take_while(bool (*wanted)(char) noexcept) noexcept {
    std::size_t size = 0;
    while (size < rest_.size() && wanted(rest_[size])) ++size;
    return take(size);
  }
  std::string_view rest_;
};

// The number that digits say, or `most` + 1 when it is more than `most`.
inline std::int64_t number_of(std::string_view digits, std::int64_t most) noexcept {
  std::int64_t value = 0;
  for (const char c : digits) {
    if (value > (most - (c - '0')) / 10) return most + 1;  // REQUIRES: most < INT64_MAX.
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace mneme
