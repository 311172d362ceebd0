#include "storage/encoding_text.h"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "base/assert.h"
#include "storage/encoding_fixed.h"

namespace mneme {
namespace {

constexpr unsigned kOffsetBitsMax = 32;

// Numbers the distinct texts in the order they appear.
struct Dictionary {
  static constexpr std::size_t kSlots = 4 * kDictionaryEntriesMax;
  std::array<std::uint16_t, kSlots> slots{};  // Entry number + 1.
  std::array<std::uint16_t, kBlockRowsMax> numbers{};
  std::vector<std::string_view> entries;
  std::size_t text_bytes = 0;

  bool build(std::span<const std::string_view> values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::size_t slot = std::hash<std::string_view>{}(values[i]) % kSlots;
      while (slots[slot] != 0 && entries[slots[slot] - 1U] != values[i]) slot = (slot + 1) % kSlots;
      if (slots[slot] == 0) {
        if (entries.size() == kDictionaryEntriesMax) return false;
        entries.push_back(values[i]);
        text_bytes += values[i].size();
        slots[slot] = static_cast<std::uint16_t>(entries.size());
      }
      numbers[i] = static_cast<std::uint16_t>(slots[slot] - 1);
    }
    return true;
  }
  [[nodiscard]] unsigned bits() const noexcept { return bits_for(entries.size() - 1); }
  [[nodiscard]] std::size_t body_bytes(std::size_t rows) const noexcept {
    return 12 + text_bytes + packed_bytes(entries.size() + 1, bits_for(text_bytes)) + packed_bytes(rows, bits());
  }
};

std::size_t total_bytes(std::span<const std::string_view> values) noexcept {
  std::size_t total = 0;
  for (const auto value : values) total += value.size();
  return total;
}

void put_texts(std::span<const std::string_view> values, unsigned bits, ByteBuffer& out) {
  for (const auto value : values) Writer(out).put_bytes(as_bytes(value));
  std::uint64_t offset = 0;
  pack_bits(values.size() + 1, bits, out, [&](std::size_t i) {
    const std::uint64_t at = offset;
    if (i < values.size()) offset += values[i].size();
    return at;
  });
}

void encode_plain(std::span<const std::string_view> values, ByteBuffer& out) {
  const std::size_t bytes = total_bytes(values);
  ASSERT(bytes <= 0xffff'ffff);
  out.reserve(out.size() + bytes + 8 + packed_bytes(values.size() + 1, bits_for(bytes)));
  Writer(out).put(static_cast<std::uint32_t>(bits_for(bytes)));
  Writer(out).put(static_cast<std::uint32_t>(bytes));
  put_texts(values, bits_for(bytes), out);
}

bool encode_dictionary(std::span<const std::string_view> values, ByteBuffer& out) {
  Dictionary dictionary;
  if (!dictionary.build(values)) return false;
  ASSERT(dictionary.text_bytes <= 0xffff'ffff);
  const unsigned bits = dictionary.bits(), offset_bits = bits_for(dictionary.text_bytes);
  Writer writer(out);
  writer.put(static_cast<std::uint8_t>(bits));
  writer.put(static_cast<std::uint8_t>(offset_bits));
  writer.put(std::uint16_t{0});
  writer.put(static_cast<std::uint32_t>(dictionary.entries.size()));
  writer.put(static_cast<std::uint32_t>(dictionary.text_bytes));
  put_texts(dictionary.entries, offset_bits, out);
  pack_bits(values.size(), bits, out, [&](std::size_t i) { return std::uint64_t{dictionary.numbers[i]}; });
  return true;
}

bool all_same(std::span<const std::string_view> values) noexcept {
  return std::all_of(values.begin(), values.end(), [&](std::string_view value) { return value == values.front(); });
}

}  // namespace

bool encode_text(Encoding encoding, std::span<const std::string_view> values, ByteBuffer& out) {
  switch (encoding) {
    case Encoding::plain: return encode_plain(values, out), true;
    case Encoding::constant:
      if (!all_same(values)) return false;
      return Writer(out).put_bytes(as_bytes(values.front())), true;
    case Encoding::dictionary: return encode_dictionary(values, out);
    default: return false;
  }
}

Encoding choose_text(std::span<const std::string_view> values) {
  if (all_same(values)) return Encoding::constant;
  const auto same = [values](std::size_t i, std::size_t j) { return values[i] == values[j]; };
  if (!sample_repeats(values.size(), same)) return Encoding::plain;
  Dictionary dictionary;
  if (!dictionary.build(values)) return Encoding::plain;
  const std::size_t bytes = total_bytes(values);
  const std::size_t plain_bytes = 8 + bytes + packed_bytes(values.size() + 1, bits_for(bytes));
  return dictionary.body_bytes(values.size()) < plain_bytes ? Encoding::dictionary : Encoding::plain;
}

bool TextBody::open_dictionary(Reader& reader) noexcept {
  std::uint8_t bits = 0, offset_bits = 0;
  std::uint16_t zero = 0;
  std::uint32_t size = 0;
  if (!reader.get(bits) || !reader.get(offset_bits) || !reader.get(zero) || !reader.get(entries) || !reader.get(size))
    return false;
  if (bits > kOffsetBitsMax || offset_bits > kOffsetBitsMax || zero != 0 || entries == 0 || entries > rows)
    return false;
  Bytes bytes;
  if (!reader.get_bytes(size, text)) return false;
  if (!reader.get_bytes(packed_bytes(std::size_t{entries} + 1, offset_bits), bytes)) return false;
  offsets = {bytes.data(), offset_bits};
  if (!reader.get_bytes(packed_bytes(rows, bits), bytes)) return false;
  numbers = {bytes.data(), bits};
  return reader.at_end();
}

bool TextBody::open(Bytes body) noexcept {
  Reader reader(body);
  if (encoding == Encoding::dictionary) return open_dictionary(reader);
  if (encoding == Encoding::constant) return reader.get_bytes(body.size(), text);
  if (encoding != Encoding::plain) return false;
  std::uint32_t bits = 0, size = 0;
  if (!reader.get(bits) || bits > kOffsetBitsMax || !reader.get(size)) return false;
  Bytes bytes;
  if (!reader.get_bytes(size, text) || !reader.get_bytes(packed_bytes(rows + 1, bits), bytes)) return false;
  offsets = {bytes.data(), bits};
  entries = static_cast<std::uint32_t>(rows);
  return reader.at_end();
}

// Entries [first, first + count), each beginning where the one before ended.
bool TextBody::decode_entries(std::size_t first, std::size_t count, StringRef* to) const noexcept {
  const auto* bytes = reinterpret_cast<const char*>(text.data());
  std::uint64_t begin = count == 0 ? 0 : offsets[first], in_order = 1;
  unpack_bits(offsets, first + 1, count, [&](std::size_t i, std::uint64_t end) {
    in_order &= static_cast<std::uint64_t>(begin <= end);
    to[i] = {bytes + begin, end - begin};
    begin = end;
  });
  return in_order != 0 && begin <= text.size();
}

// Of many rows each entry is looked up once.
bool TextBody::decode_dictionary(std::size_t first, std::size_t count, StringRef* to) const noexcept {
  if (entries > count || entries > kDictionaryEntriesMax) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t number = numbers[first + i];
      if (number >= entries || !entry(static_cast<std::size_t>(number), to[i])) return false;
    }
    return true;
  }
  std::array<StringRef, kDictionaryEntriesMax> texts;
  if (!decode_entries(0, entries, texts.data())) return false;
  std::uint64_t greatest = 0;
  unpack_bits(numbers, first, count, [&](std::size_t i, std::uint64_t number) {
    greatest = std::max(greatest, number);
    to[i] = texts[std::min<std::uint64_t>(number, entries - 1)];
  });
  return greatest < entries;
}

bool TextBody::decode(std::size_t first, std::size_t count, StringRef* to) const noexcept {
  switch (encoding) {
    case Encoding::constant:
      std::fill_n(to, count, StringRef{reinterpret_cast<const char*>(text.data()), text.size()});
      return true;
    case Encoding::dictionary: return decode_dictionary(first, count, to);
    default: return decode_entries(first, count, to);
  }
}

}  // namespace mneme
