// One line of JSON lines: an object's members, as values of SQL's kinds.
//
// Numbers that fit are integers; what is nested is kept as its own text, and an array of nothing but numbers also as
// those. Parsing is iterative and nesting at most 64 deep, so that no input exhausts the stack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mneme/result.h"

namespace mneme::cli {

struct JsonMember {
  enum class Kind : std::uint8_t { null, boolean, integer, floating, text, nested };
  std::string name;
  Kind kind = Kind::null;
  bool boolean = false;
  std::int64_t integer = 0;
  std::optional<double> floating;  // Also of an integer that a double holds.
  std::string text;                // Of a string, its characters; of every other kind but null, its JSON.
  std::vector<float> numbers;      // Of an array of nothing but numbers, none of them beyond 2^24.
};

class JsonRecord {  // One thread at a time.
 public:
  static constexpr std::size_t kDepthMax = 64;

  // invalid_argument: not an object; the message begins "column N: ".
  Result<void> parse(std::string_view line);
  [[nodiscard]] const std::vector<JsonMember>& members() const noexcept { return members_; }

 private:
  friend class JsonHandler;
  std::vector<JsonMember> members_;  // In order; of a name that comes twice, both.
};

}  // namespace mneme::cli
