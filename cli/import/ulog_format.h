// The formats a ULog file defines, and the flat layout a topic's messages have by them.
//
//     "name:type field;type[count] field;..."         type: a basic one or another format's name
// Flattening makes one column of each scalar: `esc_report[8] esc` gives esc_0_timestamp, esc_0_esc_rpm ...,
// `float[3] vibe` gives vibe_0 .. vibe_2. char[n] is one TEXT column. Arrays of more than 64 float, int8_t or uint8_t
// are one VECTOR column instead. Names are folded to lower case, as SQL folds an unquoted name; a name taken twice
// gets underscores. Fields named _padding... count bytes and make no column.
// A hostile file cannot make this large: formats are at most 8 MiB of text, a message at most 64 KiB, a table at
// most 900 columns, nesting at most 16 deep, and sizes are computed once per format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mneme/result.h"
#include "mneme/type.h"

namespace mneme::cli {

enum class UlogType : std::uint8_t { i8, u8, i16, u16, i32, u32, i64, u64, f32, f64, boolean, character };

std::size_t ulog_type_bytes(UlogType type) noexcept;
std::optional<UlogType> ulog_type(std::string_view name) noexcept;  // "uint8_t"; nothing for other names.

// "float[3] vibe": of a format's field or of an info message's key. Only a key may have an array of 0 elements.
struct UlogField {
  std::string type;
  std::string name;
  bool is_array = false;
  std::uint32_t count = 1;

  [[nodiscard]] bool is_padding() const noexcept { return name.starts_with("_padding"); }
};
Result<UlogField> parse_ulog_field(std::string_view text);

// One column of a topic's table.
struct UlogLeaf {
  std::string name;
  Type column;
  UlogType type = UlogType::u8;
  std::uint32_t offset = 0;  // In a message's data.
  std::uint32_t count = 1;   // Characters of a text, elements of a vector; else 1.
};

struct UlogLayout {
  std::vector<UlogLeaf> leaves;  // Without the timestamp, which becomes the columns t_us and ts.
  std::uint32_t bytes_min = 0;   // Padding at the end is not logged.
  std::uint32_t bytes_max = 0;
  std::uint32_t timestamp_offset = 0;
  UlogType timestamp_type = UlogType::u64;
};

class UlogFormats {  // One thread at a time.
 public:
  static constexpr std::uint32_t kMessageBytesMax = 65'535 - 2;
  static constexpr std::uint32_t kColumnsMax = 900;
  static constexpr std::uint32_t kDepthMax = 16;
  static constexpr std::size_t kTextBytesMax = 8 * 1024 * 1024;

  // The payload of a format message.
  Result<void> add(std::string_view text);
  [[nodiscard]] bool has(std::string_view name) const { return formats_.find(name) != formats_.end(); }
  // Where a field of the top level lies; nothing if there is none of that name and type.
  Result<std::optional<std::uint32_t>> offset_of(std::string_view topic, std::string_view field, UlogType type);
  // unsupported: more than kColumnsMax columns. corrupt: unknown types, cycles, no timestamp.
  Result<UlogLayout> layout(std::string_view topic);

 private:
  struct Extent {
    std::uint32_t bytes = 0;    // With all padding; 1 .. kMessageBytesMax.
    std::uint32_t columns = 0;  // At most kColumnsMax + 1, which stands for more.
    std::uint32_t depth = 0;    // Levels of formats within.
  };
  struct Format {
    std::string text;
    std::vector<UlogField> fields;
    std::optional<Extent> extent;  // Once measured.
  };
  Result<Extent> measure(std::string_view name, std::uint32_t depth);
  Result<Extent> measure_element(const UlogField& field, std::uint32_t depth);
  Result<void> flatten(const Format& format, const std::string& prefix, std::uint32_t offset, UlogLayout& layout);
  Result<void> find_timestamp(std::string_view topic, UlogLayout& layout);

  std::map<std::string, Format, std::less<>> formats_;
  std::size_t text_bytes_ = 0;
};

}  // namespace mneme::cli
