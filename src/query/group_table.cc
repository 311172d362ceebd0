#include "query/group_table.h"

#include <algorithm>
#include <bit>

#include "types/key.h"

namespace mneme::query {
namespace {

constexpr std::size_t kSlotsMin = 64;
constexpr std::size_t kPrefetchRows = 8;

// Multiplying carries upwards only, so the high half is folded down: slots are chosen by low bits, tags by high ones.
std::uint64_t hash_of_word(std::uint64_t word) noexcept {
  word = (word ^ word >> 32) * 0x9E37'79B9'7F4A'7C15;
  word = (word ^ word >> 29) * 0xBF58'476D'1CE4'E5B9;
  return word ^ word >> 32;
}

std::size_t slots_for(std::size_t groups) noexcept {  // At most 2/3 full.
  return std::max(kSlotsMin, std::bit_ceil(groups + groups / 2 + 1));
}

}  // namespace

Selection first_of_each(std::span<const GroupNumber> groups, std::size_t before) {
  Selection first;
  for (std::size_t row = 0; row < groups.size(); ++row) {
    if (groups[row] != before) continue;
    first.push_back(static_cast<RowIndex>(row));
    ++before;
  }
  return first;
}

GroupTable::GroupTable(const std::vector<Type>& key_types) {
  if (is_word_key(key_types)) {
    form_ = Form::word;
  } else if (key_types.size() == 1 && key_types.front().is_variable()) {
    form_ = Form::text;
  }
}

std::size_t GroupTable::memory_bytes() const noexcept {
  return (slots_.capacity() + words_.capacity() + row_words_.capacity() + hashes_.capacity() + ends_.capacity()) * 8 +
         bytes_.memory_bytes() + encoded_.capacity();
}

std::size_t GroupTable::memory_bytes_after(std::size_t rows, std::size_t key_bytes) const noexcept {
  const std::size_t slots = slots_for(count_ + rows);
  const std::size_t grown = slots > slots_.size() ? slots * 8 : 0;  // The old ones live until all are moved.
  // Arrays double; keys are stored once and, of the batch, encoded once.
  return memory_bytes() + grown + 2 * rows * (sizeof(StringRef) + 24) + 3 * key_bytes +
         (count_ + rows > words_.capacity() ? words_.capacity() * 16 : 0) + bytes_.rows() * 2 * sizeof(StringRef);
}

void GroupTable::grow_for(std::size_t more) {
  const std::size_t wanted = slots_for(count_ + more);
  if (wanted <= slots_.size()) return;
  std::vector<std::uint64_t> old(wanted);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const std::uint64_t slot : old) {
    if (slot == 0) continue;
    // Only half of the hash is in the slot, so it is computed again.
    const auto number = static_cast<std::size_t>(slot & 0xFFFF'FFFF) - 1;
    const std::uint64_t hash = form_ == Form::word ? hash_of_word(words_[number]) : key_hash(bytes_.bytes_at(number));
    std::size_t at = hash & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

template <bool kAdd, class Key, class Same, class Append>
GroupNumber GroupTable::probe(std::uint64_t hash, const Key& key, Same same, Append append) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const std::uint64_t slot = slots_[at];
    if (slot == 0) {
      if constexpr (!kAdd) return kNoGroup;
      append(key);
      slots_[at] = (hash >> 32) << 32 | ++count_;
      return static_cast<GroupNumber>(count_ - 1);
    }
    const auto number = static_cast<GroupNumber>(slot & 0xFFFF'FFFF) - 1;
    if (slot >> 32 == hash >> 32 && same(number, key)) return number;
  }
}

template <bool kAdd>
GroupNumber GroupTable::null_group() {
  if (kAdd && null_group_ == kNoGroup) {
    null_group_ = static_cast<GroupNumber>(count_++);
    if (form_ == Form::word) words_.push_back(0);  // Keeps the arrays in step with the numbers; in no slot.
    if (form_ == Form::text) bytes_.append_bytes({});
  }
  return null_group_;
}

void GroupTable::hash_rows(std::span<const Column* const> keys, std::size_t rows) {
  hashes_.resize(rows);
  if (form_ == Form::word) {
    row_words_.resize(rows);
    for (std::size_t row = 0; row < rows; ++row) row_words_[row] = key_word(*keys.front(), row);
    for (std::size_t row = 0; row < rows; ++row) hashes_[row] = hash_of_word(row_words_[row]);
    return;
  }
  if (form_ == Form::text) {
    const auto* refs = keys.front()->values<StringRef>();
    for (std::size_t row = 0; row < rows; ++row) hashes_[row] = key_hash(as_bytes(refs[row].view()));
    return;
  }
  encoded_.clear();
  ends_.clear();
  std::size_t begin = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    for (const Column* key : keys) encode_key_column(*key, row, encoded_);
    hashes_[row] = key_hash(Bytes(encoded_).subspan(begin));
    begin = encoded_.size();
    ends_.push_back(begin);
  }
}

template <bool kAdd>
void GroupTable::look_up(std::span<const Column* const> keys, std::size_t rows, std::vector<GroupNumber>& groups) {
  grow_for(kAdd ? rows : 0);
  hash_rows(keys, rows);
  groups.resize(rows);
  const std::size_t mask = slots_.size() - 1;
  const auto same_bytes = [&](GroupNumber number, Bytes key) {
    return bytes_.values<StringRef>()[number].view() == as_text(key);
  };
  const auto append_bytes = [&](Bytes key) { bytes_.append_bytes(key); };
  std::size_t begin = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    if (row + kPrefetchRows < rows) __builtin_prefetch(&slots_[hashes_[row + kPrefetchRows] & mask]);
    if (form_ == Form::encoded) {
      const Bytes key = Bytes(encoded_).subspan(begin, ends_[row] - begin);
      begin = ends_[row];
      groups[row] = probe<kAdd>(hashes_[row], key, same_bytes, append_bytes);
    } else if (keys.front()->is_null(row)) {
      groups[row] = null_group<kAdd>();
    } else if (form_ == Form::word) {
      groups[row] = probe<kAdd>(
          hashes_[row], row_words_[row], [&](GroupNumber number, std::uint64_t word) { return words_[number] == word; },
          [&](std::uint64_t word) { words_.push_back(word); });
    } else {
      groups[row] = probe<kAdd>(hashes_[row], keys.front()->bytes_at(row), same_bytes, append_bytes);
    }
  }
}

void GroupTable::find_or_add(std::span<const Column* const> keys, std::size_t rows, std::vector<GroupNumber>& groups) {
  look_up<true>(keys, rows, groups);
}

void GroupTable::find(std::span<const Column* const> keys, std::size_t rows, std::vector<GroupNumber>& groups) {
  look_up<false>(keys, rows, groups);
}

}  // namespace mneme::query
