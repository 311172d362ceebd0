#include "storage/encoding_integer.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/assert.h"

namespace mneme {
namespace {

constexpr std::size_t kHeadBytes = 16;  // i64 base; u8 bits, u8[7] 0; or two i64.

// Arithmetic modulo 2^64, which signed overflow is not.
std::int64_t subtract(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::uint64_t range(std::int64_t least, std::int64_t greatest) noexcept {
  return static_cast<std::uint64_t>(greatest) - static_cast<std::uint64_t>(least);
}
std::size_t groups_of(std::size_t count) noexcept { return (count + kDeltaGroupRows - 1) / kDeltaGroupRows; }

struct Bounds {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t greatest = std::numeric_limits<std::int64_t>::min();
  void take(std::int64_t value) noexcept {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  void settle() noexcept {
    if (least > greatest) least = greatest = 0;
  }
};

template <class T>
void decode_packed(const IntegerBody& body, std::size_t first, std::size_t count, T* to) noexcept {
  const auto base = static_cast<std::uint64_t>(body.base);
  unpack_bits(body.packed, first, count,
              [to, base](std::size_t i, std::uint64_t field) { to[i] = static_cast<T>(base + field); });
}

template <class T>
void decode_stride(const IntegerBody& body, std::size_t first, std::size_t count, T* to) noexcept {
  const auto step = static_cast<std::uint64_t>(body.step);
  std::uint64_t value = static_cast<std::uint64_t>(body.base) + first * step;
  for (std::size_t i = 0; i < count; ++i, value += step) to[i] = static_cast<T>(value);
}

// Rows [first, last) of one group, counted from its start.
template <class T>
void decode_delta_group(const IntegerBody& body, std::size_t group, std::size_t first, std::size_t last,
                        T* to) noexcept {
  const std::size_t start = group * kDeltaGroupRows;
  const auto step = static_cast<std::uint64_t>(body.base);
  auto value = load<std::uint64_t>(body.heads + group * 8);
  for (std::size_t i = 1; i <= first; ++i) value += step + body.packed[start + i];
  to[0] = static_cast<T>(value);
  unpack_bits(body.packed, start + first + 1, last - first - 1, [&value, step, to](std::size_t i, std::uint64_t field) {
    value += step + field;
    to[i + 1] = static_cast<T>(value);
  });
}

template <class T>
void decode_delta_delta_group(const IntegerBody& body, std::size_t group, std::size_t first, std::size_t last,
                              T* to) noexcept {
  const std::size_t start = group * kDeltaGroupRows;
  const auto step = static_cast<std::uint64_t>(body.base);
  auto value = load<std::uint64_t>(body.heads + group * 16);
  auto delta = load<std::uint64_t>(body.heads + group * 16 + 8);
  for (std::size_t i = 0; i < last; ++i) {
    if (i >= 2) delta += step + body.packed[start + i];
    if (i >= 1) value += delta;
    if (i >= first) to[i - first] = static_cast<T>(value);
  }
}

template <class T>
void decode_as(const IntegerBody& body, std::size_t first, std::size_t count, T* to) noexcept {
  if (body.encoding == Encoding::packed) return decode_packed(body, first, count, to);
  if (body.encoding == Encoding::stride) return decode_stride(body, first, count, to);
  for (const std::size_t end = first + count; first < end;) {
    const std::size_t group = first / kDeltaGroupRows;
    const std::size_t start = group * kDeltaGroupRows;
    const std::size_t last = std::min(end, start + kDeltaGroupRows);
    if (body.encoding == Encoding::delta) {
      decode_delta_group(body, group, first - start, last - start, to);
    } else {
      decode_delta_delta_group(body, group, first - start, last - start, to);
    }
    to += last - first;
    first = last;
  }
}

void put_head(ByteBuffer& out, std::int64_t base, unsigned bits) {
  Writer writer(out);
  writer.put(base);
  writer.put(static_cast<std::uint64_t>(bits));
}

void encode_delta(const std::int64_t* values, std::size_t count, const IntegerShape& shape, ByteBuffer& out) {
  const std::int64_t step = shape.delta_least;
  const unsigned bits = bits_for(range(step, shape.delta_greatest));
  put_head(out, step, bits);
  for (std::size_t i = 0; i < count; i += kDeltaGroupRows) Writer(out).put(values[i]);
  pack_bits(count, bits, out, [values, step](std::size_t i) -> std::uint64_t {
    if (i % kDeltaGroupRows == 0) return 0;
    return range(step, subtract(values[i], values[i - 1]));
  });
}

void encode_delta_delta(const std::int64_t* values, std::size_t count, const IntegerShape& shape, ByteBuffer& out) {
  const std::int64_t step = shape.second_least;
  const unsigned bits = bits_for(range(step, shape.second_greatest));
  put_head(out, step, bits);
  for (std::size_t i = 0; i < count; i += kDeltaGroupRows) {
    Writer(out).put(values[i]);
    Writer(out).put(i + 1 < count ? subtract(values[i + 1], values[i]) : std::int64_t{0});
  }
  pack_bits(count, bits, out, [values, step](std::size_t i) -> std::uint64_t {
    if (i % kDeltaGroupRows < 2) return 0;
    const std::int64_t delta = subtract(values[i], values[i - 1]);
    return range(step, subtract(delta, subtract(values[i - 1], values[i - 2])));
  });
}

}  // namespace

IntegerShape measure_integers(const std::int64_t* values, std::size_t count) noexcept {
  Bounds all, deltas, seconds;
  std::size_t changes = 0;
  for (std::size_t start = 0; start < count; start += kDeltaGroupRows) {
    const std::size_t end = std::min(count, start + kDeltaGroupRows);
    std::int64_t before = values[start], delta_before = 0;
    all.take(before);
    if (start > 0) changes += before != values[start - 1] ? 1 : 0;
    for (std::size_t i = start + 1; i < end; ++i) {
      const std::int64_t value = values[i];
      const std::int64_t delta = subtract(value, before);
      all.take(value);
      deltas.take(delta);
      if (i > start + 1) seconds.take(subtract(delta, delta_before));
      changes += delta != 0 ? 1 : 0;
      before = value;
      delta_before = delta;
    }
  }
  deltas.settle();
  seconds.settle();
  IntegerShape shape{all.least,     all.greatest,     deltas.least, deltas.greatest,
                     seconds.least, seconds.greatest, changes + 1,  false};
  shape.is_stride = deltas.least == deltas.greatest;
  for (std::size_t i = kDeltaGroupRows; i < count && shape.is_stride; i += kDeltaGroupRows) {
    shape.is_stride = subtract(values[i], values[i - 1]) == deltas.least;
  }
  return shape;
}

std::size_t integer_body_bytes(Encoding encoding, const IntegerShape& shape, std::size_t count) noexcept {
  constexpr std::size_t kNever = ~std::size_t{0};
  const auto sized = [count](std::uint64_t greatest, std::size_t head_bytes) {
    const unsigned bits = bits_for(greatest);
    return bits > kPackedBitsMax ? kNever : kHeadBytes + head_bytes + packed_bytes(count, bits);
  };
  switch (encoding) {
    case Encoding::packed: return sized(range(shape.least, shape.greatest), 0);
    case Encoding::delta: return sized(range(shape.delta_least, shape.delta_greatest), groups_of(count) * 8);
    case Encoding::delta_delta: return sized(range(shape.second_least, shape.second_greatest), groups_of(count) * 16);
    case Encoding::stride: return shape.is_stride ? kHeadBytes : kNever;
    default: return kNever;
  }
}

void encode_integers(Encoding encoding, const std::int64_t* values, std::size_t count, const IntegerShape& shape,
                     ByteBuffer& out) {
  ASSERT(integer_body_bytes(encoding, shape, count) != ~std::size_t{0});
  if (encoding == Encoding::delta) return encode_delta(values, count, shape, out);
  if (encoding == Encoding::delta_delta) return encode_delta_delta(values, count, shape, out);
  if (encoding == Encoding::stride) {
    Writer(out).put(values[0]);
    Writer(out).put(count > 1 ? subtract(values[1], values[0]) : std::int64_t{0});
    return;
  }
  const std::int64_t least = shape.least;
  const unsigned bits = bits_for(range(least, shape.greatest));
  put_head(out, least, bits);
  pack_bits(count, bits, out, [values, least](std::size_t i) { return range(least, values[i]); });
}

bool IntegerBody::open(Bytes body) noexcept {
  Reader reader(body);
  if (!reader.get(base)) return false;
  if (encoding == Encoding::stride) return reader.get(step) && reader.at_end();
  std::uint64_t bits = 0;
  if (!reader.get(bits) || bits > kPackedBitsMax) return false;
  packed.bits = static_cast<unsigned>(bits);
  const std::size_t head_bytes = encoding == Encoding::delta ? 8 : encoding == Encoding::delta_delta ? 16 : 0;
  Bytes bytes;
  if (!reader.get_bytes(groups_of(rows) * head_bytes, bytes)) return false;
  heads = bytes.data();
  if (!reader.get_bytes(packed_bytes(rows, packed.bits), bytes)) return false;
  packed.from = bytes.data();
  return reader.at_end();
}

void IntegerBody::decode(std::size_t first, std::size_t count, std::size_t width, std::byte* to) const noexcept {
  if (count == 0) return;
  switch (width) {
    case 1: return decode_as(*this, first, count, reinterpret_cast<std::uint8_t*>(to));
    case 4: return decode_as(*this, first, count, reinterpret_cast<std::int32_t*>(to));
    default: return decode_as(*this, first, count, reinterpret_cast<std::int64_t*>(to));
  }
}

std::int64_t IntegerBody::in_group(std::size_t row) const noexcept {
  std::int64_t value = 0;
  decode_as(*this, row, 1, &value);
  return value;
}

}  // namespace mneme
