// Bloom: a split-block bloom filter: "is this key certainly absent?" for one cache line.
//
// Blocks of 32 bytes = eight u32 words. The high half h of a key's hash chooses block h * blocks / 2^32, the low half
// l one bit in each word i: bit (l * salt[i] mod 2^32) >> 27. That is the filter of Parquet's format (Putze, Sanders,
// Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007). At 10.24 bits a key about 1 % of absent keys pass.
#pragma once

#include "base/bytes.h"

namespace mneme {

constexpr std::size_t kBloomBlockBytes = 32;
constexpr std::size_t kBloomKeysPerBlock = 25;

[[nodiscard]] std::size_t bloom_blocks(std::size_t keys) noexcept;  // At least 1.
[[nodiscard]] inline std::size_t bloom_block_of(std::uint64_t hash, std::uint32_t blocks) noexcept {
  return static_cast<std::size_t>((hash >> 32) * blocks >> 32);
}
void bloom_add(MutableBytes block, std::uint64_t hash) noexcept;              // REQUIRES: kBloomBlockBytes bytes.
[[nodiscard]] bool bloom_may_have(Bytes block, std::uint64_t hash) noexcept;  // REQUIRES: kBloomBlockBytes bytes.
// The whole filter of these hashes, appended to `out`.
void build_bloom(const std::vector<std::uint64_t>& hashes, ByteBuffer& out);

}  // namespace mneme
