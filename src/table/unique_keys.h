// UniqueKeys: the keys a transaction's rows have in one unique index, so that it can tell a second one.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"

namespace mneme {

// Rows that come with ascending keys, as loads do, cost one comparison each: the hash map is made when one does not.
class UniqueKeys {  // One thread at a time.
 public:
  // The row, among those added before and not forgotten, that has this key. None: the key is remembered for `row`.
  std::optional<std::size_t> add(Bytes key, std::size_t row) {
    if (map_.empty() && (keys_.empty() || as_text(key) > keys_.back().first)) {
      keys_.emplace_back(as_text(key), row);
      return std::nullopt;
    }
    if (map_.empty()) map_.insert(keys_.begin(), keys_.end());
    const auto [at, added] = map_.emplace(as_text(key), row);
    if (added) return std::nullopt;
    return at->second;
  }
  [[nodiscard]] std::optional<std::size_t> find(Bytes key) const {
    if (map_.empty()) {
      const auto at = std::ranges::lower_bound(keys_, as_text(key), {},
                                               [](const auto& entry) { return std::string_view(entry.first); });
      if (at == keys_.end() || at->first != as_text(key)) return std::nullopt;
      return at->second;
    }
    const auto at = map_.find(std::string(as_text(key)));
    if (at == map_.end()) return std::nullopt;
    return at->second;
  }
  void put(Bytes key, std::size_t row) {  // Instead of the row that had it.
    if (map_.empty()) map_.insert(keys_.begin(), keys_.end());
    map_[std::string(as_text(key))] = row;
  }

 private:
  std::vector<std::pair<std::string, std::size_t>> keys_;  // Ascending; all of them while map_ is empty.
  std::unordered_map<std::string, std::size_t> map_;
};

}  // namespace mneme
