#include "types/key.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/coding.h"

namespace mneme {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;
constexpr std::uint64_t kHashFactor = 0x9E37'79B9'7F4A'7C15;

constexpr std::uint64_t big_endian(std::uint64_t value) noexcept { return __builtin_bswap64(value); }

template <class T>
T value_at(const Column& column, std::size_t row) noexcept {
  return load<T>(column.data() + row * sizeof(T));
}

// Float and its bits, such that the order of the bits is PostgreSQL's order of floats.
template <class Float, class Bits>
Bits ordered_float(Float value) noexcept {
  constexpr Bits kSign = Bits{1} << (sizeof(Bits) * 8 - 1);
  if (std::isnan(value)) value = std::numeric_limits<Float>::quiet_NaN();
  if (value == 0) value = 0;  // -0 is 0.
  const auto bits = std::bit_cast<Bits>(value);
  return (bits & kSign) != 0 ? static_cast<Bits>(~bits) : bits | kSign;
}

template <class T>
void append(ByteBuffer& out, const T& bytes) {
  const auto* from = reinterpret_cast<const std::byte*>(&bytes);
  out.insert(out.end(), from, from + sizeof bytes);
}

void append_text(Bytes text, ByteBuffer& out) {
  for (;;) {
    const auto zero = std::ranges::find(text, std::byte{0});
    out.insert(out.end(), text.begin(), zero);
    out.push_back(std::byte{0});
    if (zero == text.end()) break;
    out.push_back(std::byte{0xFF});
    text = text.subspan(static_cast<std::size_t>(zero - text.begin()) + 1);
  }
  out.push_back(std::byte{0});
}

// Months are 30 days, days 24 hours, as PostgreSQL compares intervals. Nothing can overflow: days are below 2^37.
void append_interval(const Interval& interval, ByteBuffer& out) {
  std::int64_t days = std::int64_t{interval.months} * 30 + interval.days + interval.ns / kDayNs;
  std::int64_t ns = interval.ns % kDayNs;
  if (ns < 0) {
    ns += kDayNs;
    days -= 1;
  }
  append(out, big_endian(integer_key_word(days)));
  append(out, big_endian(static_cast<std::uint64_t>(ns)));
}

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) noexcept {
  hash = (hash ^ word) * kHashFactor;
  return hash ^ hash >> 32;
}
std::uint64_t finished(std::uint64_t hash) noexcept {
  hash = (hash ^ hash >> 29) * 0xBF58'476D'1CE4'E5B9;
  return hash ^ hash >> 32;
}

}  // namespace

bool is_key_type(const Type& type) noexcept {
  return type.kind != TypeKind::vector && type.kind != TypeKind::point && type.kind != TypeKind::point3;
}

std::uint64_t key_word(const Column& column, std::size_t row) noexcept {
  if (column.type().kind == TypeKind::floating) {
    return ordered_float<double, std::uint64_t>(value_at<double>(column, row));
  }
  return integer_key_word(value_at<std::int64_t>(column, row));
}

void encode_key_column(const Column& column, std::size_t row, ByteBuffer& out) {
  if (column.is_null(row)) return out.push_back(kKeyNull);
  out.push_back(kKeyValue);
  switch (column.type().kind) {
    case TypeKind::boolean: return out.push_back(column.data()[row]);
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::decimal:
    case TypeKind::floating: return append(out, big_endian(key_word(column, row)));
    case TypeKind::date: {
      const auto days = static_cast<std::uint32_t>(value_at<std::int32_t>(column, row)) ^ std::uint32_t{1} << 31;
      return append(out, __builtin_bswap32(days));
    }
    case TypeKind::real:
      return append(out, __builtin_bswap32(ordered_float<float, std::uint32_t>(value_at<float>(column, row))));
    case TypeKind::interval: return append_interval(value_at<Interval>(column, row), out);
    case TypeKind::text:
    case TypeKind::blob:
    case TypeKind::json: return append_text(column.bytes_at(row), out);
    case TypeKind::uuid:
    case TypeKind::vector:
    case TypeKind::point:
    case TypeKind::point3: break;
  }
  const Bytes bytes = column.bytes_at(row);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void encode_key(std::span<const Column> columns, std::size_t row, ByteBuffer& out) {
  for (const Column& column : columns) encode_key_column(column, row, out);
}

void KeyRun::add_rows(std::span<const Column> columns, std::size_t first, std::size_t count) {
  ends_.reserve(ends_.size() + count);
  for (std::size_t row = first; row < first + count; ++row) {
    encode_key(columns, row, bytes_);
    ends_.push_back(bytes_.size());
  }
}

bool is_word_key(std::span<const Type> types) noexcept {
  if (types.size() != 1) return false;
  switch (types.front().kind) {
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::decimal:
    case TypeKind::floating: return true;
    default: return false;
  }
}

void put_key_word(std::uint64_t word, ByteBuffer& out) {
  out.push_back(kKeyValue);
  append(out, big_endian(word));
}

KeyWordBytes key_word_bytes(std::uint64_t word) noexcept {
  KeyWordBytes bytes;
  bytes[0] = kKeyValue;
  store(bytes.data() + 1, big_endian(word));
  return bytes;
}

std::uint64_t key_word_of(Bytes key) noexcept { return big_endian(load<std::uint64_t>(key.data() + 1)); }

ByteBuffer key_after_prefix(Bytes prefix) {
  ByteBuffer after(prefix.begin(), prefix.end());
  while (after.back() == std::byte{0xFF}) after.pop_back();  // Ends: a marker is not FF.
  after.back() = static_cast<std::byte>(static_cast<unsigned>(after.back()) + 1);
  return after;
}

int compare_keys(Bytes left, Bytes right) noexcept {
  const std::size_t shared = std::min(left.size(), right.size());
  const int order = shared == 0 ? 0 : std::memcmp(left.data(), right.data(), shared);
  if (order != 0) return order;
  return left.size() < right.size() ? -1 : left.size() > right.size() ? 1 : 0;
}

std::uint64_t key_hash(Bytes key) noexcept {
  std::uint64_t hash = key.size();
  std::size_t at = 0;
  for (; at + 8 <= key.size(); at += 8) hash = mixed(hash, load<std::uint64_t>(key.data() + at));
  std::uint64_t rest = 0;
  if (at < key.size()) std::memcpy(&rest, key.data() + at, key.size() - at);
  return finished(mixed(hash, rest));
}

std::uint64_t key_hash_of_word(std::uint64_t word) noexcept {
  const std::uint64_t bytes = big_endian(word);  // Marker and the first seven bytes; then the eighth.
  const std::uint64_t first = bytes << 8 | static_cast<std::uint64_t>(kKeyValue);
  return finished(mixed(mixed(kKeyWordBytes, first), bytes >> 56));
}

}  // namespace mneme
