#include "storage/encoding_fixed.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace mneme {
namespace {

bool same(const std::byte* values, std::size_t width, std::size_t i, std::size_t j) noexcept {
  return std::memcmp(values + i * width, values + j * width, width) == 0;
}

std::uint64_t hash_value(const std::byte* value, std::size_t width) noexcept {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < width; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, value + i, std::min<std::size_t>(8, width - i));
    hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 32;
  }
  return hash;
}

// Numbers the distinct values in the order they appear.
struct Dictionary {
  static constexpr std::size_t kSlots = 4 * kDictionaryEntriesMax;
  std::array<std::uint16_t, kSlots> slots{};                // Entry number + 1.
  std::array<std::uint16_t, kDictionaryEntriesMax> rows{};  // The row each entry appeared in first.
  std::array<std::uint16_t, kBlockRowsMax> numbers{};
  std::size_t entries = 0;

  bool build(const std::byte* values, std::size_t count, std::size_t width) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t slot = hash_value(values + i * width, width) % kSlots;
      while (slots[slot] != 0 && !same(values, width, i, rows[slots[slot] - 1U])) slot = (slot + 1) % kSlots;
      if (slots[slot] == 0) {
        if (entries == kDictionaryEntriesMax) return false;
        rows[entries] = static_cast<std::uint16_t>(i);
        slots[slot] = static_cast<std::uint16_t>(++entries);
      }
      numbers[i] = static_cast<std::uint16_t>(slots[slot] - 1);
    }
    return true;
  }
  [[nodiscard]] unsigned bits() const noexcept { return bits_for(entries - 1); }
  [[nodiscard]] std::size_t body_bytes(std::size_t count, std::size_t width) const noexcept {
    return 8 + entries * width + packed_bytes(count, bits());
  }
};

std::size_t count_runs(const std::byte* values, std::size_t count, std::size_t width) noexcept {
  std::size_t runs = 1;
  for (std::size_t i = 1; i < count; ++i) runs += same(values, width, i, i - 1) ? 0 : 1;
  return runs;
}

bool encode_runs(const std::byte* values, std::size_t count, std::size_t width, ByteBuffer& out) {
  const std::size_t runs = count_runs(values, count, width);
  Writer writer(out);
  writer.put(static_cast<std::uint32_t>(runs));
  for (std::size_t i = 0; i < count; ++i) {
    if (i == 0 || !same(values, width, i, i - 1)) writer.put_bytes({values + i * width, width});
  }
  for (std::size_t i = 1; i <= count; ++i) {
    if (i == count || !same(values, width, i, i - 1)) writer.put(static_cast<std::uint32_t>(i));
  }
  return true;
}

bool encode_dictionary(const std::byte* values, std::size_t count, std::size_t width, ByteBuffer& out) {
  Dictionary dictionary;
  if (!dictionary.build(values, count, width)) return false;
  Writer writer(out);
  writer.put(static_cast<std::uint32_t>(dictionary.bits()));
  writer.put(static_cast<std::uint32_t>(dictionary.entries));
  for (std::size_t i = 0; i < dictionary.entries; ++i) writer.put_bytes({values + dictionary.rows[i] * width, width});
  pack_bits(count, dictionary.bits(), out, [&](std::size_t i) { return std::uint64_t{dictionary.numbers[i]}; });
  return true;
}

// Copies with the width known to the compiler where it is a common one.
template <class Pick>
void copy_values(std::size_t width, std::size_t count, std::byte* to, const Pick& pick) noexcept {
  const auto copy = [&](auto fixed_width) {
    for (std::size_t i = 0; i < count; ++i) std::memcpy(to + i * fixed_width(), pick(i), fixed_width());
  };
  switch (width) {
    case 1: return copy([] { return std::size_t{1}; });
    case 4: return copy([] { return std::size_t{4}; });
    case 8: return copy([] { return std::size_t{8}; });
    case 16: return copy([] { return std::size_t{16}; });
    default: return copy([width] { return width; });
  }
}

}  // namespace

bool encode_fixed(Encoding encoding, const std::byte* values, std::size_t count, std::size_t width, ByteBuffer& out) {
  switch (encoding) {
    case Encoding::plain: return Writer(out).put_bytes({values, count * width}), true;
    case Encoding::constant:
      if (count_runs(values, count, width) != 1) return false;
      return Writer(out).put_bytes({values, width}), true;
    case Encoding::run_length: return encode_runs(values, count, width, out);
    case Encoding::dictionary: return encode_dictionary(values, count, width, out);
    default: return false;
  }
}

Encoding choose_fixed(const std::byte* values, std::size_t count, std::size_t width) {
  const std::size_t runs = count_runs(values, count, width);
  if (runs == 1) return Encoding::constant;
  Encoding best = Encoding::plain;
  std::size_t best_bytes = count * width;
  if (const std::size_t bytes = 4 + runs * (width + 4); bytes < best_bytes) {
    best = Encoding::run_length;
    best_bytes = bytes;
  }
  if (width > 1 && sample_repeats(count, [&](std::size_t i, std::size_t j) { return same(values, width, i, j); })) {
    Dictionary dictionary;
    if (dictionary.build(values, count, width) && dictionary.body_bytes(count, width) < best_bytes)
      best = Encoding::dictionary;
  }
  return best;
}

bool FixedBody::open(Bytes body) noexcept {
  Reader reader(body);
  Bytes bytes;
  std::uint32_t bits = 0;
  switch (encoding) {
    case Encoding::plain: count = static_cast<std::uint32_t>(rows); break;
    case Encoding::constant: count = 1; break;
    case Encoding::run_length:
      if (!reader.get(count) || count == 0 || count > rows) return false;
      break;
    case Encoding::dictionary:
      if (!reader.get(bits) || bits > kPackedBitsMax || !reader.get(count) || count == 0 || count > rows) return false;
      break;
    default: return false;
  }
  if (!reader.get_bytes(std::size_t{count} * width, bytes)) return false;
  values = bytes.data();
  if (encoding == Encoding::run_length) {
    if (!reader.get_bytes(std::size_t{count} * 4, bytes)) return false;
    ends = bytes.data();
  } else if (encoding == Encoding::dictionary) {
    if (!reader.get_bytes(packed_bytes(rows, bits), bytes)) return false;
    numbers = {bytes.data(), bits};
  }
  return reader.at_end();
}

std::size_t FixedBody::run_of(std::size_t row) const noexcept {
  std::size_t low = 0, high = count;  // The first run that ends after the row.
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (load<std::uint32_t>(ends + middle * 4) > row) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

bool FixedBody::decode_runs(std::size_t first, std::size_t last, std::byte* to) const noexcept {
  for (std::size_t run = run_of(first); first < last; ++run) {
    if (run >= count) return false;
    const std::size_t end = std::min<std::size_t>(load<std::uint32_t>(ends + run * 4), last);
    if (end <= first) return false;
    const std::byte* value = values + run * width;
    copy_values(width, end - first, to, [value](std::size_t) { return value; });
    to += (end - first) * width;
    first = end;
  }
  return true;
}

bool FixedBody::decode(std::size_t first, std::size_t count_of, std::byte* to) const noexcept {
  if (encoding == Encoding::plain) {
    if (count_of != 0) std::memcpy(to, values + first * width, count_of * width);
    return true;
  }
  if (encoding == Encoding::run_length) return decode_runs(first, first + count_of, to);
  if (encoding == Encoding::constant) {
    copy_values(width, count_of, to, [this](std::size_t) { return values; });
    return true;
  }
  std::uint64_t greatest = 0;
  copy_values(width, count_of, to, [&](std::size_t i) {
    const std::uint64_t number = numbers[first + i];
    greatest = std::max(greatest, number);
    return values + std::min<std::uint64_t>(number, count - 1) * width;
  });
  return greatest < count;
}

}  // namespace mneme
