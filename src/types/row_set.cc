#include "types/row_set.h"

#include <algorithm>

namespace mneme {
namespace {

constexpr std::size_t kContainerRows = 65'536;
constexpr std::size_t kContainerWords = kContainerRows / 64;
constexpr std::size_t kFewMax = 4'096;     // u16s up to here are smaller than the bits.
constexpr std::size_t kNodeBytes = 3 * 8;  // Of the map, beside what it holds.

constexpr std::uint64_t high_of(RowId row) noexcept { return static_cast<std::uint64_t>(row) / kContainerRows; }
constexpr std::uint16_t low_of(RowId row) noexcept { return static_cast<std::uint16_t>(row); }

bool has_bit(const std::vector<std::uint64_t>& bits, std::size_t at) noexcept {
  return (bits[at / 64] >> (at % 64) & 1) != 0;
}

// Bytes that `container` holds.
template <typename Container>
std::size_t heap_bytes(const Container& container) noexcept {
  return container.few.capacity() * sizeof(std::uint16_t) + container.bits.capacity() * sizeof(std::uint64_t);
}

}  // namespace

bool RowSet::insert(RowId row) {
  const auto [at, fresh] = containers_.try_emplace(high_of(row));
  Container& container = at->second;
  const std::size_t before = heap_bytes(container);
  const std::uint16_t low = low_of(row);
  if (container.bits.empty()) {
    // Mostly rows come in order.
    const auto place = container.few.empty() || container.few.back() < low
                           ? container.few.end()
                           : std::ranges::lower_bound(container.few, low);
    if (place != container.few.end() && *place == low) return false;
    if (container.few.size() < kFewMax) {
      container.few.insert(place, low);
    } else {
      container.bits.resize(kContainerWords);
      for (const std::uint16_t each : container.few) container.bits[each / 64] |= std::uint64_t{1} << (each % 64);
      std::vector<std::uint16_t>().swap(container.few);
    }
  }
  if (!container.bits.empty()) {
    if (has_bit(container.bits, low)) return false;
    container.bits[low / 64] |= std::uint64_t{1} << (low % 64);
  }
  ++container.count;
  ++count_;
  heap_bytes_ = heap_bytes_ - before + heap_bytes(container);
  return true;
}

bool RowSet::erase(RowId row) {
  const auto at = containers_.find(high_of(row));
  if (at == containers_.end()) return false;
  Container& container = at->second;
  const std::uint16_t low = low_of(row);
  if (container.bits.empty()) {
    const auto place = std::ranges::lower_bound(container.few, low);
    if (place == container.few.end() || *place != low) return false;
    container.few.erase(place);
  } else {
    if (!has_bit(container.bits, low)) return false;
    container.bits[low / 64] &= ~(std::uint64_t{1} << (low % 64));
  }
  --count_;
  if (--container.count > 0) return true;
  heap_bytes_ -= heap_bytes(container);
  containers_.erase(at);
  return true;
}

bool RowSet::contains(RowId row) const noexcept {
  const auto at = containers_.find(high_of(row));
  if (at == containers_.end()) return false;
  const Container& container = at->second;
  return container.bits.empty() ? std::ranges::binary_search(container.few, low_of(row))
                                : has_bit(container.bits, low_of(row));
}

std::size_t RowSet::memory_bytes() const noexcept {
  return heap_bytes_ + containers_.size() * (sizeof(Containers::value_type) + kNodeBytes);
}

RowId RowSet::Iterator::operator*() const noexcept {
  const Container& container = at_->second;
  return RowId{at_->first * kContainerRows + (container.bits.empty() ? container.few[place_] : place_)};
}

RowSet::Iterator& RowSet::Iterator::operator++() noexcept {
  ++place_;
  settle();
  return *this;
}

void RowSet::Iterator::settle() noexcept {
  for (; at_ != end_; ++at_, place_ = 0) {
    const Container& container = at_->second;
    if (container.bits.empty()) {
      if (place_ < container.few.size()) return;
      continue;
    }
    for (std::size_t word = place_ / 64; word < kContainerWords; place_ = ++word * 64) {
      const std::uint64_t left = container.bits[word] >> (place_ % 64);
      if (left == 0) continue;
      place_ += static_cast<unsigned>(std::countr_zero(left));
      return;
    }
  }
}

}  // namespace mneme
