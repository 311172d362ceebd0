// KeyNode: a run of sorted keys, each with a number, packed: the nodes of an index section's tree.
//
//     u32 bytes of the node | u32 entries | u32 base | u16 prefix bytes P | u16 suffix bytes S, or FFFF: they differ
//     u8 bits b | u8[3] 0
//     the prefix that all keys share, u8[P]
//     suffixes: u8[S] x entries; or where they differ u32 x entries: where each ends, then their bytes
//     packed numbers u[b] x entries: number - base; 8 bytes of padding
// A view is opened from untrusted bytes: open() checks every size, and what it cannot check in constant time (where a
// suffix ends) is clamped when it is read, so that nothing is ever read out of bounds. verify() looks at everything.
#pragma once

#include "base/result.h"
#include "storage/encoding_bits.h"
#include "types/key.h"

namespace mneme {

constexpr std::size_t kKeyNodeHeaderBytes = 20;

class KeyNodeBuilder {  // One thread at a time.
 public:
  // Bytes of the node if this entry joined it. REQUIRES: `key` is not below the last one.
  [[nodiscard]] std::size_t bytes_with(Bytes key, std::uint32_t number) const noexcept;
  void add(Bytes key, std::uint32_t number);
  [[nodiscard]] std::size_t entries() const noexcept { return numbers_.size(); }
  [[nodiscard]] Bytes first_key() const noexcept { return keys_[0]; }  // REQUIRES: entries() > 0.
  void finish(ByteBuffer& out);  // Appends the node and begins another. REQUIRES: entries() > 0.

 private:
  struct Shape {
    std::size_t prefix = 0;
    std::size_t shortest = 0, longest = 0, total = 0;  // Of keys, in bytes.
    std::uint32_t least = 0, greatest = 0;
    [[nodiscard]] bool fixed() const noexcept { return shortest == longest; }
    [[nodiscard]] std::size_t bytes(std::size_t entries) const noexcept;
  };
  [[nodiscard]] Shape shape_with(Bytes key, std::uint32_t number) const noexcept;

  Shape shape_;
  KeyRun keys_;
  std::vector<std::uint32_t> numbers_;
};

class KeyNode {  // Immutable. Borrows the bytes.
 public:
  KeyNode() = default;  // Of no entries, to be replaced.
  static constexpr std::uint16_t kSuffixesDiffer = 0xFFFF;

  // How long the node that begins here says it is. REQUIRES: bytes.size() >= kKeyNodeHeaderBytes.
  [[nodiscard]] static std::uint32_t bytes_of(Bytes bytes) noexcept;
  static Result<KeyNode> open(Bytes bytes);  // corrupt: it is no node. Bytes after the node do not matter.

  [[nodiscard]] std::size_t entries() const noexcept { return entries_; }
  [[nodiscard]] std::uint32_t number(std::size_t entry) const noexcept {
    return base_ + static_cast<std::uint32_t>(numbers_[entry]);
  }
  void append_key(std::size_t entry, ByteBuffer& out) const;
  [[nodiscard]] std::size_t lower_bound(Bytes key) const noexcept;  // The first entry whose key is not below `key`.
  [[nodiscard]] int compare(std::size_t entry, Bytes key) const noexcept;
  Result<void> verify() const;  // corrupt: keys do not ascend.

 private:
  [[nodiscard]] Bytes suffix(std::size_t entry) const noexcept;
  [[nodiscard]] std::size_t lower_bound_of_words(Bytes rest) const noexcept;
  [[nodiscard]] std::uint32_t end(std::size_t entry) const noexcept;

  std::size_t entries_ = 0;
  std::uint32_t base_ = 0;
  std::uint16_t suffix_bytes_ = 0;
  Bytes prefix_;
  Bytes suffixes_;
  const std::byte* ends_ = nullptr;  // Unaligned u32s; null: suffixes of one length.
  PackedBits numbers_;
};

}  // namespace mneme
