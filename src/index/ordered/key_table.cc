#include "index/ordered/key_table.h"

#include <algorithm>

namespace mneme {
namespace {

constexpr std::uint32_t row_in(std::uint64_t slot) noexcept { return static_cast<std::uint32_t>(slot) - 1; }
constexpr std::uint32_t tag_in(std::uint64_t slot) noexcept { return static_cast<std::uint32_t>(slot >> 32); }
constexpr std::uint64_t slot_with(std::uint32_t tag, std::uint32_t row) noexcept {
  return std::uint64_t{tag} << 32 | (row + 1);
}

}  // namespace

// The slot that holds the key, or the empty one where it belongs.
template <class Same>
std::uint64_t* KeyTable::slot_of(Bucket& bucket, std::uint32_t tag, const Same& same) const {
  for (std::uint32_t at = tag & bucket.mask;; at = (at + 1) & bucket.mask) {
    std::uint64_t& slot = bucket.slots[at];
    if (slot == 0 || (tag_in(slot) == tag && same(row_in(slot)))) return &slot;
  }
}

template <class Same>
std::uint32_t KeyTable::newest(std::uint32_t tag, const Same& same) const {
  if (directory_.empty()) return kNone;
  const std::uint64_t slot = *slot_of(*directory_[position_of(tag)], tag, same);
  return slot == 0 ? kNone : row_in(slot);
}

std::uint32_t KeyTable::find(Bytes key, std::uint64_t hash) const {
  return newest(tag_of(hash), [&](std::uint32_t row) { return log_.view().compare(row, key) == 0; });
}

std::uint32_t KeyTable::find_word(std::uint64_t word) const noexcept {
  const KeyLog::View& keys = log_.view();
  // NULL's word is 0.
  return newest(tag_of(key_hash_of_word(word)),
                [&](std::uint32_t row) { return keys.word(row) == word && (word != 0 || !keys.is_null(row)); });
}

std::size_t KeyTable::growth_bytes(std::size_t rows) const noexcept {
  const std::size_t buckets = 2 + 4 * rows / kSlotsMax;  // Each of twice the slots, before the old one goes.
  const std::size_t slots = std::min<std::size_t>(kSlotsMax, std::bit_ceil((rows_ + rows) * 2 + kSlotsMin));
  return buckets * (2 * slots * sizeof(std::uint64_t) + sizeof(Bucket)) + (rows / kOlderRows + 1) * kOlderRows * 4 +
         directory_.size() * sizeof(Bucket*);
}

std::unique_ptr<KeyTable::Bucket> KeyTable::make_bucket(std::uint32_t slots, std::uint32_t depth,
                                                        std::uint32_t number) {
  std::unique_ptr<std::uint64_t[]> empty(new std::uint64_t[slots]());
  std::unique_ptr<Bucket> made(new Bucket{std::move(empty), slots - 1, 0, depth, number});
  memory_bytes_ += sizeof(Bucket) + slots * sizeof(std::uint64_t);
  return made;
}

void KeyTable::drop(std::unique_ptr<Bucket> old) noexcept {
  memory_bytes_ -= sizeof(Bucket) + (old->mask + std::size_t{1}) * sizeof(std::uint64_t);
}

void KeyTable::put(Bucket& bucket, std::uint64_t slot) noexcept {
  std::uint32_t at = tag_in(slot) & bucket.mask;
  while (bucket.slots[at] != 0) at = (at + 1) & bucket.mask;
  bucket.slots[at] = slot;
  ++bucket.used;
}

void KeyTable::grow(std::size_t position) {
  const Bucket* small = directory_[position];
  auto large = make_bucket((small->mask + 1) * 2, small->depth, small->number);
  for (std::uint32_t at = 0; at <= small->mask; ++at) {
    if (small->slots[at] != 0) put(*large, small->slots[at]);
  }
  const std::size_t sharers = std::size_t{1} << (depth_ - small->depth);
  std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(position / sharers * sharers), sharers, large.get());
  std::swap(buckets_[small->number], large);
  drop(std::move(large));
}

void KeyTable::split(std::size_t position) {
  if (directory_[position]->depth == depth_) {  // Each pointer becomes two.
    std::vector<Bucket*> wider(directory_.size() * 2);
    for (std::size_t i = 0; i < wider.size(); ++i) wider[i] = directory_[i / 2];
    memory_bytes_ += directory_.size() * sizeof(Bucket*);
    directory_ = std::move(wider);
    ++depth_;
    position *= 2;
  }
  // All that may be refused comes before anything points at a new bucket.
  if (buckets_.size() == buckets_.capacity()) buckets_.reserve(buckets_.size() * 2);
  const Bucket* whole = directory_[position];
  auto low = make_bucket(whole->mask + 1, whole->depth + 1, whole->number);
  auto high = make_bucket(whole->mask + 1, whole->depth + 1, static_cast<std::uint32_t>(buckets_.size()));
  for (std::uint32_t at = 0; at <= whole->mask; ++at) {
    const std::uint64_t slot = whole->slots[at];
    if (slot != 0) put((tag_in(slot) >> (31 - whole->depth) & 1) != 0 ? *high : *low, slot);
  }
  const std::size_t sharers = std::size_t{1} << (depth_ - whole->depth);
  const auto first = directory_.begin() + static_cast<std::ptrdiff_t>(position / sharers * sharers);
  std::fill_n(first, sharers / 2, low.get());
  std::fill_n(first + static_cast<std::ptrdiff_t>(sharers / 2), sharers / 2, high.get());
  std::swap(buckets_[whole->number], low);
  buckets_.push_back(std::move(high));
  drop(std::move(low));
}

KeyTable::Bucket& KeyTable::with_room(std::uint32_t tag) {
  if (directory_.empty()) {
    directory_.reserve(1);
    buckets_.push_back(make_bucket(kSlotsMin, 0, 0));
    directory_.push_back(buckets_.back().get());
  }
  for (;;) {
    const std::size_t position = position_of(tag);
    Bucket& bucket = *directory_[position];
    if ((bucket.used + 1) * 4 <= (bucket.mask + 1) * 3) return bucket;
    if (bucket.mask + 1 < kSlotsMax || bucket.depth == kDepthMax) {
      grow(position);
    } else {
      split(position);
    }
  }
}

void KeyTable::insert(std::uint32_t row) {
  if (rows_ == 0) first_ = row;
  ASSERT(row == first_ + rows_);
  if (rows_ / kOlderRows == older_.size()) {
    older_.push_back(std::unique_ptr<std::uint32_t[]>(new std::uint32_t[kOlderRows]));
    memory_bytes_ += kOlderRows * sizeof(std::uint32_t);
  }
  const KeyLog::View& keys = log_.view();
  const std::uint32_t tag = tag_of(keys.hash(row));
  Bucket& bucket = with_room(tag);
  std::uint64_t* slot = slot_of(bucket, tag, [&](std::uint32_t other) { return keys.compare(other, row) == 0; });
  older_[rows_ / kOlderRows][rows_ % kOlderRows] = *slot == 0 ? kNone : row_in(*slot);
  if (*slot == 0) ++bucket.used;
  *slot = slot_with(tag, row);
  ++rows_;
}

// Moves later slots of the same run back over the one that goes, so that no probe ends early.
void KeyTable::erase(Bucket& bucket, std::uint64_t* slot) noexcept {
  auto hole = static_cast<std::uint32_t>(slot - bucket.slots.get());
  for (std::uint32_t at = (hole + 1) & bucket.mask; bucket.slots[at] != 0; at = (at + 1) & bucket.mask) {
    const std::uint32_t home = tag_in(bucket.slots[at]) & bucket.mask;
    if (((at - home) & bucket.mask) < ((at - hole) & bucket.mask)) continue;  // It lies between hole and home.
    bucket.slots[hole] = bucket.slots[at];
    hole = at;
  }
  bucket.slots[hole] = 0;
  --bucket.used;
}

void KeyTable::forget_from(std::uint32_t row) noexcept {
  const KeyLog::View& keys = log_.view();
  while (rows_ > 0 && first_ + rows_ > row) {
    const std::uint32_t last = first_ + --rows_;
    const std::uint32_t tag = tag_of(keys.hash(last));
    Bucket& bucket = *directory_[position_of(tag)];
    std::uint64_t* slot = slot_of(bucket, tag, [&](std::uint32_t other) { return other == last; });
    const std::uint32_t before = older(last);
    if (before == kNone) {
      erase(bucket, slot);
    } else {
      *slot = slot_with(tag, before);
    }
  }
}

}  // namespace mneme
