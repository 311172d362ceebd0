// Formats are measured bottom-up once; only then are they walked, so that a walk is never longer than its columns.
#include "import/ulog_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "import/names.h"
#include "import/try.h"

namespace mneme::cli {
namespace {

constexpr std::uint32_t kFlatArrayMax = 64;  // Longer arrays of small numbers become vectors.

constexpr std::array<std::pair<std::string_view, UlogType>, 12> kTypes{{{"int8_t", UlogType::i8},
                                                                        {"uint8_t", UlogType::u8},
                                                                        {"int16_t", UlogType::i16},
                                                                        {"uint16_t", UlogType::u16},
                                                                        {"int32_t", UlogType::i32},
                                                                        {"uint32_t", UlogType::u32},
                                                                        {"int64_t", UlogType::i64},
                                                                        {"uint64_t", UlogType::u64},
                                                                        {"float", UlogType::f32},
                                                                        {"double", UlogType::f64},
                                                                        {"bool", UlogType::boolean},
                                                                        {"char", UlogType::character}}};

Error corrupt(std::string message) { return Error(Code::corrupt, "ULog: " + std::move(message)); }

bool is_identifier(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kNameBytesMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '/' || c == '.';
  });
}

// Whether an array becomes one column rather than one a number.
bool is_one_column(UlogType type, std::uint32_t count) noexcept {
  if (type == UlogType::character) return true;
  if (count <= kFlatArrayMax || count > kVectorDimensionMax) return false;
  return type == UlogType::f32 || type == UlogType::i8 || type == UlogType::u8;
}

Type column_type(UlogType type, std::uint32_t count) noexcept {
  const auto vector = [count](VectorElement element) {
    return Type{.kind = TypeKind::vector, .element = element, .dimension = static_cast<std::uint16_t>(count)};
  };
  if (count > 1 && type == UlogType::f32) return vector(VectorElement::f32);
  if (count > 1 && type == UlogType::i8) return vector(VectorElement::i8);
  if (count > 1 && type == UlogType::u8) return vector(VectorElement::u8);
  switch (type) {
    case UlogType::f32: return {.kind = TypeKind::real};
    case UlogType::f64: return {.kind = TypeKind::floating};
    case UlogType::boolean: return {.kind = TypeKind::boolean};
    case UlogType::character: return {.kind = TypeKind::text};
    default: return {.kind = TypeKind::integer};
  }
}

// The columns of one field of a basic type, the first at `offset`.
void add_leaves(const UlogField& field, UlogType type, const std::string& name, std::uint32_t offset,
                std::vector<UlogLeaf>& leaves) {
  if (!field.is_array || is_one_column(type, field.count)) {
    leaves.push_back({name, column_type(type, type == UlogType::character ? 1 : field.count), type, offset,
                      field.is_array ? field.count : 1});
    return;
  }
  for (std::uint32_t i = 0; i < field.count; ++i) {
    const auto at = offset + i * static_cast<std::uint32_t>(ulog_type_bytes(type));
    leaves.push_back({name + "_" + std::to_string(i), column_type(type, 1), type, at, 1});
  }
}

}  // namespace

std::size_t ulog_type_bytes(UlogType type) noexcept {
  switch (type) {
    case UlogType::i8:
    case UlogType::u8:
    case UlogType::boolean:
    case UlogType::character: return 1;
    case UlogType::i16:
    case UlogType::u16: return 2;
    case UlogType::i32:
    case UlogType::u32:
    case UlogType::f32: return 4;
    case UlogType::i64:
    case UlogType::u64:
    case UlogType::f64: return 8;
  }
  return 0;
}

std::optional<UlogType> ulog_type(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kTypes, name, &std::pair<std::string_view, UlogType>::first);
  if (found == kTypes.end()) return std::nullopt;
  return found->second;
}

Result<UlogField> parse_ulog_field(std::string_view text) {
  const auto wrong = [text](const char* what) {
    return corrupt("field '" + std::string(text.substr(0, 80)) + "': " + what);
  };
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return wrong("no space between type and name");
  UlogField field;
  std::string_view type = text.substr(0, space);
  const std::string_view name = text.substr(space + 1);
  if (const std::size_t open = type.find('['); open != std::string_view::npos) {
    const std::string_view count = type.substr(open + 1);
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), field.count);
    if (error != std::errc() || std::string_view(end, count.data() + count.size()) != "]") {
      return wrong("the array's length is not a number");
    }
    field.is_array = true;
    type = type.substr(0, open);
  }
  if (!is_identifier(type) || !is_identifier(name)) return wrong("type or name is not an identifier");
  field.type = type;
  field.name = name;
  return field;
}

Result<void> UlogFormats::add(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_identifier(text.substr(0, colon))) {
    return corrupt("a format needs a name and a colon: '" + std::string(text.substr(0, 80)) + "'");
  }
  const std::string name(text.substr(0, colon));
  if (const auto old = formats_.find(name); old != formats_.end()) {
    if (old->second.text == text) return {};
    return corrupt("format '" + name + "' is defined twice, differently");
  }
  text_bytes_ += text.size();
  if (text_bytes_ > kTextBytesMax) return Error(Code::unsupported, "ULog: more than 8 MiB of formats");
  Format format;
  format.text = text;
  for (std::string_view rest = text.substr(colon + 1); !rest.empty();) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    if (end > 0) {
      format.fields.push_back(TRY(parse_ulog_field(rest.substr(0, end))));
      if (format.fields.back().count == 0) return corrupt("format '" + name + "' has an array of no elements");
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (format.fields.empty()) return corrupt("format '" + name + "' has no field");
  formats_.emplace(name, std::move(format));
  return {};
}

Result<UlogFormats::Extent> UlogFormats::measure_element(const UlogField& field, std::uint32_t depth) {
  if (const auto type = ulog_type(field.type)) {
    return Extent{static_cast<std::uint32_t>(ulog_type_bytes(*type)), 1, 0};
  }
  return measure(field.type, depth + 1);
}

Result<UlogFormats::Extent> UlogFormats::measure(std::string_view name, std::uint32_t depth) {
  const auto found = formats_.find(name);
  if (found == formats_.end()) return corrupt("type '" + std::string(name) + "' is not defined");
  Format& format = found->second;
  if (format.extent) return *format.extent;
  std::uint32_t levels = 0;
  std::uint64_t bytes = 0;
  std::uint64_t columns = 0;
  for (const UlogField& field : format.fields) {
    const Extent one = depth < kDepthMax ? TRY(measure_element(field, depth)) : Extent{.depth = kDepthMax};
    if (levels = std::max(levels, one.depth + 1); levels > kDepthMax) {
      return corrupt("format '" + std::string(name) + "' is nested deeper than 16, or in itself");
    }
    bytes += std::uint64_t{one.bytes} * field.count;
    const auto type = ulog_type(field.type);
    const bool single = type && field.is_array && is_one_column(*type, field.count);
    if (!field.is_padding()) columns += single ? 1 : std::uint64_t{one.columns} * field.count;
    columns = std::min<std::uint64_t>(columns, kColumnsMax + 1);
    if (bytes > kMessageBytesMax) return corrupt("format '" + std::string(name) + "' is larger than a message can be");
  }
  format.extent = Extent{static_cast<std::uint32_t>(bytes), static_cast<std::uint32_t>(columns), levels};
  return *format.extent;
}

// REQUIRES: format measured, so that its nesting is bounded. Elements without a column are stepped over as a whole.
Result<void> UlogFormats::flatten(const Format& format, const std::string& prefix, std::uint32_t offset,
                                  UlogLayout& layout) {
  for (const UlogField& field : format.fields) {
    const Extent one = TRY(measure_element(field, 0));
    const auto type = ulog_type(field.type);
    const std::string name = prefix + field.name;
    if (!field.is_padding() && type) {
      add_leaves(field, *type, name, offset, layout.leaves);
    } else if (!field.is_padding() && one.columns > 0) {
      for (std::uint32_t i = 0; i < field.count; ++i) {
        const std::string inner = name + (field.is_array ? "_" + std::to_string(i) + "_" : "_");
        TRY(flatten(formats_.find(field.type)->second, inner, offset + i * one.bytes, layout));
      }
    }
    offset += one.bytes * field.count;
  }
  return {};
}

Result<std::optional<std::uint32_t>> UlogFormats::offset_of(std::string_view topic, std::string_view name,
                                                            UlogType type) {
  TRY(measure(topic, 0));
  std::uint32_t offset = 0;
  for (const UlogField& field : formats_.find(topic)->second.fields) {
    if (field.name == name && !field.is_array && ulog_type(field.type) == type) return std::optional(offset);
    offset += TRY(measure_element(field, 0)).bytes * field.count;
  }
  return std::optional<std::uint32_t>();
}

Result<void> UlogFormats::find_timestamp(std::string_view topic, UlogLayout& layout) {
  const auto found = std::ranges::find(layout.leaves, "timestamp", &UlogLeaf::name);
  if (found == layout.leaves.end()) return corrupt("topic '" + std::string(topic) + "' has no timestamp");
  using enum UlogType;
  if (found->type != u8 && found->type != u16 && found->type != u32 && found->type != u64) {
    return corrupt("topic '" + std::string(topic) + "': the timestamp is not an unsigned integer");
  }
  layout.timestamp_offset = found->offset;
  layout.timestamp_type = found->type;
  layout.leaves.erase(found);
  return {};
}

Result<UlogLayout> UlogFormats::layout(std::string_view topic) {
  const Extent extent = TRY(measure(topic, 0));
  if (extent.columns > kColumnsMax) {
    return Error(Code::unsupported, "topic '" + std::string(topic) + "' has more than 900 columns");
  }
  UlogLayout layout;
  layout.bytes_max = extent.bytes;
  TRY(flatten(formats_.find(topic)->second, "", 0, layout));
  for (const UlogLeaf& leaf : layout.leaves) {
    const auto bytes = static_cast<std::uint32_t>(ulog_type_bytes(leaf.type)) * leaf.count;
    layout.bytes_min = std::max(layout.bytes_min, leaf.offset + bytes);
  }
  TRY(find_timestamp(topic, layout));
  std::set<std::string> taken{"t_us", "ts"};
  for (UlogLeaf& leaf : layout.leaves) leaf.name = free_name(column_name(leaf.name), taken);
  return layout;
}

}  // namespace mneme::cli
