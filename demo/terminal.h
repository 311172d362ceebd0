// Terminal: what the demo prints: facts in two columns, checks with their outcome, tables of a few rows. Colour only
// when standard output is a terminal. Counts the checks, so that the program's exit status is theirs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mneme/value.h"

namespace mneme::demo {

class Terminal {  // One thread at a time.
 public:
  enum class Voice { loud, quiet };  // quiet: only failed checks are printed.
  explicit Terminal(Voice voice);

  void title(std::string_view text);
  void blank();
  void fact(std::string_view name, const std::string& text);
  // A fact that must be true. Returns `holds`.
  bool check(bool holds, std::string_view name, const std::string& text);
  void heading(std::size_t number, std::string_view question);
  void code(std::string_view text);  // Dimmed, indented, line by line.
  void table(const std::vector<std::string>& names, const std::vector<std::vector<Value>>& rows);

  [[nodiscard]] std::size_t checks() const noexcept { return checks_; }
  [[nodiscard]] std::size_t failed() const noexcept { return failed_; }

 private:
  [[nodiscard]] std::string styled(std::string_view style, std::string_view text) const;
  bool loud_;
  bool colour_;
  std::size_t checks_ = 0;
  std::size_t failed_ = 0;
};

// "1,234,567".
std::string grouped(std::uint64_t number);
// Of at most three significant figures with its unit: "812 us", "1.24 ms", "3.1 s".
std::string duration_text(double seconds);
std::string bytes_text(std::uint64_t bytes);  // "83.0 KB".
// As SQL prints it, but bytes and vectors as their size.
std::string shown(const Value& value);

}  // namespace mneme::demo
