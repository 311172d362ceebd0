// One loop per column and type. Values keep their meaning: what an INT cannot hold is NULL, never another number.
#include "import/ulog_rows.h"

#include <algorithm>

#include "import/utf8.h"

namespace mneme::cli {
namespace {

constexpr std::size_t kTimeBytes = sizeof(std::int64_t);

// A column of one field in rows of `stride` bytes.
struct Strided {
  const char* at;
  std::size_t stride;
  std::size_t rows;
};

template <class From>
From load_at(const Strided& from, std::size_t row) noexcept {
  From value;
  std::memcpy(&value, from.at + row * from.stride, sizeof value);
  return value;
}

template <class From, class To>
void gather(const Strided& from, ColumnBatch& column) {
  std::byte* into = column.extend(from.rows);
  for (std::size_t row = 0; row < from.rows; ++row) {
    const To value = static_cast<To>(load_at<From>(from, row));
    std::memcpy(into + row * sizeof(To), &value, sizeof value);
  }
}

std::size_t gather_u64(const Strided& from, ColumnBatch& column) {
  gather<std::uint64_t, std::int64_t>(from, column);
  std::size_t refused = 0;
  for (std::size_t row = 0; row < from.rows; ++row) {
    if (load_at<std::uint64_t>(from, row) >> 63 == 0) continue;
    column.set_null(row);
    ++refused;
  }
  return refused;
}

void gather_bool(const Strided& from, ColumnBatch& column) {
  std::byte* into = column.extend(from.rows);
  for (std::size_t row = 0; row < from.rows; ++row) {
    into[row] = load_at<std::uint8_t>(from, row) != 0 ? std::byte{1} : std::byte{0};
  }
}

void gather_bytes(const Strided& from, std::size_t width, ColumnBatch& column) {
  std::byte* into = column.extend(from.rows);
  for (std::size_t row = 0; row < from.rows; ++row) {
    std::memcpy(into + row * width, from.at + row * from.stride, width);
  }
}

void gather_text(const Strided& from, std::size_t characters, ColumnBatch& column) {
  for (std::size_t row = 0; row < from.rows; ++row) {
    const std::string_view all(from.at + row * from.stride, characters);
    const std::string_view text = all.substr(0, all.find('\0'));
    if (is_utf8(text)) {
      column.append_text(text);
    } else {
      column.append_text(clean_utf8(text));
    }
  }
}

std::size_t gather_leaf(const UlogLeaf& leaf, const Strided& from, ColumnBatch& column) {
  if (leaf.column.kind == TypeKind::vector || leaf.type == UlogType::f32 || leaf.type == UlogType::f64) {
    gather_bytes(from, leaf.column.width(), column);
    return 0;
  }
  switch (leaf.type) {
    case UlogType::i8: gather<std::int8_t, std::int64_t>(from, column); break;
    case UlogType::u8: gather<std::uint8_t, std::int64_t>(from, column); break;
    case UlogType::i16: gather<std::int16_t, std::int64_t>(from, column); break;
    case UlogType::u16: gather<std::uint16_t, std::int64_t>(from, column); break;
    case UlogType::i32: gather<std::int32_t, std::int64_t>(from, column); break;
    case UlogType::u32: gather<std::uint32_t, std::int64_t>(from, column); break;
    case UlogType::i64: gather<std::int64_t, std::int64_t>(from, column); break;
    case UlogType::u64: return gather_u64(from, column);
    case UlogType::boolean: gather_bool(from, column); break;
    case UlogType::character: gather_text(from, leaf.count, column); break;
    case UlogType::f32:
    case UlogType::f64: break;
  }
  return 0;
}

std::size_t rows_per_batch(const UlogLayout& layout) {
  std::size_t bytes = 2 * kTimeBytes;
  for (const UlogLeaf& leaf : layout.leaves) bytes += std::max<std::size_t>(leaf.column.width(), leaf.count);
  return std::clamp<std::size_t>(kBatchBytes / bytes, 1, kBatchRows);
}

}  // namespace

ImportTable ulog_table(const UlogLayout& layout, std::string name) {
  ImportTable table{std::move(name), {{"t_us", {.kind = TypeKind::integer}}, {"ts", {.kind = TypeKind::timestamp}}}};
  for (const UlogLeaf& leaf : layout.leaves) table.columns.push_back({leaf.name, leaf.column});
  return table;
}

std::optional<std::int64_t> ulog_wall_ns(std::int64_t t_us, std::int64_t utc_offset_us) noexcept {
  std::int64_t ns = 0;
  if (__builtin_add_overflow(t_us, utc_offset_us, &ns) || __builtin_mul_overflow(ns, 1'000, &ns)) return std::nullopt;
  return ns;
}

UlogRows::UlogRows(const UlogLayout& layout, std::optional<std::int64_t> utc_offset_us)
    : layout_(layout),
      utc_offset_us_(utc_offset_us),
      stride_(kTimeBytes + layout.bytes_min),
      rows_max_(rows_per_batch(layout)) {}

void UlogRows::add(std::int64_t t_us, std::string_view data) {
  const auto* time = reinterpret_cast<const char*>(&t_us);
  raw_.insert(raw_.end(), time, time + kTimeBytes);
  raw_.insert(raw_.end(), data.begin(), data.begin() + layout_.bytes_min);
  ++rows_;
}

void UlogRows::take_times(TableBatch& batch) const {
  const Strided times{raw_.data(), stride_, rows_};
  gather<std::int64_t, std::int64_t>(times, batch.columns[0]);
  for (std::size_t row = 0; row < rows_; ++row) {
    const auto t_us = load_at<std::int64_t>(times, row);
    const auto ns = utc_offset_us_ ? ulog_wall_ns(t_us, *utc_offset_us_) : std::nullopt;
    if (ns) {
      batch.columns[1].append(*ns);
    } else {
      batch.columns[1].append_null();
    }
  }
}

std::size_t UlogRows::take(TableBatch& batch) {
  batch.clear();
  take_times(batch);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < layout_.leaves.size(); ++i) {
    const UlogLeaf& leaf = layout_.leaves[i];
    const Strided from{raw_.data() + kTimeBytes + leaf.offset, stride_, rows_};
    refused += gather_leaf(leaf, from, batch.columns[2 + i]);
  }
  raw_.clear();
  rows_ = 0;
  return refused;
}

}  // namespace mneme::cli
