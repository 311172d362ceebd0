// Little-endian coding of integers, and the two classes every format is written and read with.
//
// Writer appends to a ByteBuffer. Reader never reads past its end: every get_ returns false (or an error
// through the Result wrappers of its user) when bytes are missing, and a length is checked against the bytes that
// remain before anything is allocated from it.
#pragma once

#include <bit>
#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace mneme {

static_assert(std::endian::native == std::endian::little, "big-endian machines need byte swaps here");

template <class T>
  requires std::is_trivially_copyable_v<T>
T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class T>
  requires std::is_trivially_copyable_v<T>
void store(std::byte* to, T value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

// Maps signed to unsigned so that small magnitudes stay small: 0, -1, 1, -2 ... -> 0, 1, 2, 3 ...
constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

class Writer {  // One thread at a time. Appends; the buffer is the caller's.
 public:
  explicit Writer(ByteBuffer& out) noexcept : out_(out) {}

  template <class T>
    requires(std::is_trivially_copyable_v<T> && (std::is_arithmetic_v<T> || std::is_enum_v<T>))
  void put(T value) {
    const auto at = out_.size();
    out_.resize(at + sizeof(T));
    store(out_.data() + at, value);
  }
  void put_varint(std::uint64_t value) {  // LEB128, 1-10 bytes.
    while (value >= 0x80) {
      out_.push_back(static_cast<std::byte>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<std::byte>(value));
  }
  void put_bytes(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void put_sized(Bytes bytes) {  // varint length, then the bytes.
    put_varint(bytes.size());
    put_bytes(bytes);
  }
  void put_sized(std::string_view text) { put_sized(as_bytes(text)); }
  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }

 private:
  ByteBuffer& out_;
};

class Reader {  // One thread at a time. Borrows the bytes.
 public:
  explicit Reader(Bytes bytes) noexcept : at_(bytes.data()), end_(bytes.data() + bytes.size()), begin_(at_) {}

  template <class T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] bool get(T& value) noexcept {
    if (remaining() < sizeof(T)) return false;
    value = load<T>(at_);
    at_ += sizeof(T);
    return true;
  }
  [[nodiscard]] bool get_varint(std::uint64_t& value) noexcept {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at_ < end_; shift += 7) {
      const auto byte = static_cast<std::uint64_t>(*at_++);
      if (shift == 63 && byte > 1) return false;  // Does not fit 64 bits.
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  [[nodiscard]] bool get_bytes(std::size_t count, Bytes& bytes) noexcept {
    if (remaining() < count) return false;
    bytes = {at_, count};
    at_ += count;
    return true;
  }
  [[nodiscard]] bool get_sized(Bytes& bytes) noexcept {
    std::uint64_t count = 0;
    return get_varint(count) && count <= remaining() && get_bytes(static_cast<std::size_t>(count), bytes);
  }
  [[nodiscard]] bool get_sized(std::string& text) {
    Bytes bytes;
    if (!get_sized(bytes)) return false;
    text = as_text(bytes);
    return true;
  }
  [[nodiscard]] std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] std::size_t position() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }

 private:
  const std::byte* at_;
  const std::byte* end_;
  const std::byte* begin_;
};

}  // namespace mneme
