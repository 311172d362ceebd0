// UniqueKeys: the keys a transaction's rows have in one unique index, so that it can tell a second one.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "types/key.h"

namespace mneme {

// Rows that come with ascending keys, as loads do, cost one comparison each: the hash map is made when one does not.
class UniqueKeys {  // One thread at a time.
 public:
  // The row, among those added before and not forgotten, that has this key. None: the key is remembered for `row`.
  std::optional<std::size_t> add(Bytes key, std::size_t row) {
    if (takes_in_order(key)) {
      keys_.emplace_back(as_text(key), row);
      text_bytes_ += text_bytes_of(key);
      return std::nullopt;
    }
    make_map();
    const auto [at, added] = map_.emplace(as_text(key), row);
    if (!added) return at->second;
    text_bytes_ += text_bytes_of(key);
    return std::nullopt;
  }
  // The same for a key word above all that were added; false: it is not, and add() is to be asked. REQUIRES: all keys
  // are words.
  bool add_ascending(std::uint64_t word, std::size_t row) {
    if (!map_.empty() || (!words_.empty() && word <= words_.back().first)) return false;
    words_.emplace_back(word, row);
    return true;
  }
  [[nodiscard]] std::optional<std::size_t> find(Bytes key) const {
    if (!map_.empty()) {
      const auto at = map_.find(std::string(as_text(key)));
      return at == map_.end() ? std::nullopt : std::optional(at->second);
    }
    if (!words_.empty()) return find_in(words_, key_word_of(key));
    return find_in(keys_, as_text(key));
  }
  // What `rows` more keys make of it, text aside; `as_map`: should they come out of order.
  [[nodiscard]] std::size_t bytes_after(std::size_t rows, bool as_map) const noexcept {
    if (!map_.empty()) return memory_bytes() + rows * kMapEntryBytes;
    const std::size_t count = rows + std::max(keys_.size(), words_.size());
    if (as_map) return memory_bytes() + count * kMapEntryBytes;
    return text_bytes_ + grown_bytes(keys_, rows) + grown_bytes(words_, rows);
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return keys_.capacity() * sizeof(keys_[0]) + words_.capacity() * sizeof(words_[0]) + map_.size() * kMapEntryBytes +
           text_bytes_;
  }
  // Whether add() would go on without a map.
  [[nodiscard]] bool takes_in_order(Bytes key) const noexcept {
    return map_.empty() && words_.empty() && (keys_.empty() || as_text(key) > keys_.back().first);
  }
  [[nodiscard]] bool is_map() const noexcept { return !map_.empty(); }
  void put(Bytes key, std::size_t row) {  // Instead of the row that had it.
    make_map();
    map_[std::string(as_text(key))] = row;
  }

 private:
  template <class Entries, class Key>
  static std::optional<std::size_t> find_in(const Entries& entries, const Key& key) {
    const auto at = std::ranges::lower_bound(entries, key, {}, [](const auto& entry) { return Key(entry.first); });
    if (at == entries.end() || Key(at->first) != key) return std::nullopt;
    return at->second;
  }
  void make_map() {
    if (!map_.empty()) return;
    map_.insert(keys_.begin(), keys_.end());
    ByteBuffer key;
    for (const auto& [word, row] : words_) {
      key.clear();
      put_key_word(word, key);
      map_.emplace(as_text(key), row);
    }
    keys_ = decltype(keys_)();  // Braces alone would keep their room.
    words_ = decltype(words_)();
  }

  // A vector that grows holds its old room for a while.
  template <class Entry>
  static std::size_t grown_bytes(const std::vector<Entry>& entries, std::size_t rows) noexcept {
    const std::size_t has = entries.capacity(), wants = entries.size() + rows;
    return (wants <= has ? has : has + std::max(2 * has, wants)) * sizeof(Entry);
  }
  static constexpr std::size_t kMapEntryBytes = 104;  // A node, its head in the heap, its share of the buckets.
  static constexpr std::size_t kTextInside = 15;      // Shorter ones are part of the string.
  static std::size_t text_bytes_of(Bytes key) noexcept { return key.size() > kTextInside ? key.size() + 17 : 0; }

  std::size_t text_bytes_ = 0;  // Of keys beside their strings.
  // Ascending; all of them while map_ is empty. One of the two has none.
  std::vector<std::pair<std::string, std::size_t>> keys_;
  std::vector<std::pair<std::uint64_t, std::size_t>> words_;
  std::unordered_map<std::string, std::size_t> map_;
};

}  // namespace mneme
