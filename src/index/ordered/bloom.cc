#include "index/ordered/bloom.h"

#include <array>

#include "base/coding.h"

namespace mneme {
namespace {

constexpr std::array<std::uint32_t, 8> kSalts{0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                              0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

std::uint32_t bit_in_word(std::uint64_t hash, std::size_t word) noexcept {
  return std::uint32_t{1} << (static_cast<std::uint32_t>(hash) * kSalts[word] >> 27);
}

}  // namespace

std::size_t bloom_blocks(std::size_t keys) noexcept { return keys / kBloomKeysPerBlock + 1; }

void bloom_add(MutableBytes block, std::uint64_t hash) noexcept {
  for (std::size_t i = 0; i < kSalts.size(); ++i) {
    std::byte* word = block.data() + i * sizeof(std::uint32_t);
    store(word, load<std::uint32_t>(word) | bit_in_word(hash, i));
  }
}

bool bloom_may_have(Bytes block, std::uint64_t hash) noexcept {
  std::uint32_t missing = 0;
  for (std::size_t i = 0; i < kSalts.size(); ++i) {
    missing |= bit_in_word(hash, i) & ~load<std::uint32_t>(block.data() + i * sizeof(std::uint32_t));
  }
  return missing == 0;
}

void build_bloom(const std::vector<std::uint64_t>& hashes, ByteBuffer& out) {
  const std::size_t at = out.size();
  const std::size_t blocks = bloom_blocks(hashes.size());
  out.resize(at + blocks * kBloomBlockBytes);
  const MutableBytes filter = MutableBytes(out).subspan(at);
  for (const std::uint64_t hash : hashes) {
    const std::size_t block = bloom_block_of(hash, static_cast<std::uint32_t>(blocks));
    bloom_add(filter.subspan(block * kBloomBlockBytes, kBloomBlockBytes), hash);
  }
}

}  // namespace mneme
