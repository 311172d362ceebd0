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
    if (map_.empty() && words_.empty() && (keys_.empty() || as_text(key) > keys_.back().first)) {
      keys_.emplace_back(as_text(key), row);
      return std::nullopt;
    }
    make_map();
    const auto [at, added] = map_.emplace(as_text(key), row);
    if (added) return std::nullopt;
    return at->second;
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
  }

  // Ascending; all of them while map_ is empty. One of the two has none.
  std::vector<std::pair<std::string, std::size_t>> keys_;
  std::vector<std::pair<std::uint64_t, std::size_t>> words_;
  std::unordered_map<std::string, std::size_t> map_;
};

}  // namespace mneme
