#include "storage/ordinal_map.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"

namespace mneme {

OrdinalMap::OrdinalMap(std::span<const std::uint64_t> input_rows) {
  ASSERT(input_rows.size() <= kInputsMax);
  std::uint64_t all = 0;
  for (const std::uint64_t rows : input_rows) {
    Kept& kept = kept_.emplace_back();
    kept.bits.resize(static_cast<std::size_t>((rows + 63) / 64));
    kept.before.reserve(static_cast<std::size_t>(rows / kSampleRows) + 2);
    all += rows;
  }
  inputs_.resize(static_cast<std::size_t>((all + 1) / 2));
  samples_.reserve(static_cast<std::size_t>(all / kSampleRows + 1) * kept_.size());
}

std::size_t OrdinalMap::memory_bytes(std::span<const std::uint64_t> input_rows) noexcept {
  std::uint64_t all = 0;
  for (const std::uint64_t rows : input_rows) all += rows;
  const std::uint64_t samples = all / kSampleRows + input_rows.size() + 1;
  return static_cast<std::size_t>(all / 2 + all / 8 + samples * sizeof(std::uint32_t) * (input_rows.size() + 1));
}

void OrdinalMap::keep(std::size_t input, std::uint32_t old) {
  if (rows_ % kSampleRows == 0) {
    for (const Kept& kept : kept_) samples_.push_back(kept.count);
  }
  inputs_[static_cast<std::size_t>(rows_ / 2)] |= static_cast<std::uint8_t>(input << (rows_ % 2 * 4));
  ++rows_;
  Kept& kept = kept_[input];
  while (kept.before.size() <= old / kSampleRows) kept.before.push_back(kept.count);
  kept.bits[old / 64] |= std::uint64_t{1} << (old % 64);
  ++kept.count;
}

void OrdinalMap::keep_run(std::size_t input, std::uint32_t first, std::size_t count) {
  const auto pair = static_cast<std::uint8_t>(input << 4 | input);
  for (std::size_t done = 0; done < count;) {
    const std::uint64_t old = first + done;
    // 64 rows of both sides at once, where they begin a word and no count falls due among them but at their start.
    if (old % 64 != 0 || rows_ % 2 != 0 || rows_ % kSampleRows > kSampleRows - 64 || count - done < 64) {
      keep(input, static_cast<std::uint32_t>(old));
      ++done;
      continue;
    }
    keep(input, static_cast<std::uint32_t>(old));  // Makes the counts.
    Kept& kept = kept_[input];
    std::fill_n(inputs_.begin() + static_cast<std::ptrdiff_t>(rows_ / 2), 32, pair);
    kept.bits[static_cast<std::size_t>(old / 64)] = ~std::uint64_t{0};
    kept.count += 63;
    rows_ += 63;
    done += 64;
  }
}

// Kept rows of the input before one of them.
std::uint32_t OrdinalMap::rank(const Kept& kept, std::uint32_t old) const noexcept {
  std::uint32_t count = kept.before[old / kSampleRows];
  for (std::size_t word = old / kSampleRows * (kSampleRows / 64); word < old / 64; ++word) {
    count += static_cast<std::uint32_t>(std::popcount(kept.bits[word]));
  }
  const std::uint64_t below = kept.bits[old / 64] & ((std::uint64_t{1} << (old % 64)) - 1);
  return count + static_cast<std::uint32_t>(std::popcount(below));
}

std::optional<std::uint32_t> OrdinalMap::find(std::size_t input, std::uint32_t old) const noexcept {
  const Kept& kept = kept_[input];
  if (old / 64 >= kept.bits.size() || (kept.bits[old / 64] >> (old % 64) & 1) == 0) return std::nullopt;
  const std::uint32_t wanted = rank(kept, old);
  std::size_t low = 0, high = samples_.size() / kept_.size();  // The last sample with no more rows than wanted.
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (samples_[middle * kept_.size() + input] <= wanted ? low : high) = middle;
  }
  std::uint32_t seen = samples_[low * kept_.size() + input];
  for (std::size_t row = low * kSampleRows;; ++row) {
    if (input_of(row) != input) continue;
    if (seen++ == wanted) return static_cast<std::uint32_t>(row);
  }
}

}  // namespace mneme
