// RowSet: names of row versions, in ascending order, small where they lie close together.
//
// By their upper 48 bits, in containers of 65,536: sorted 16-bit numbers, or one bit each once that is smaller. A
// statement that ends a million neighbours holds 125 KB of them, not 8 MB.
#pragma once

#include <bit>
#include <initializer_list>
#include <map>
#include <span>
#include <vector>

#include "types/schema.h"

namespace mneme {

class RowSet {  // One thread at a time while it changes; then it may be read by many.
  struct Container {
    std::vector<std::uint16_t> few;   // Sorted; used while bits is empty.
    std::vector<std::uint64_t> bits;  // 1,024 words.
    std::size_t count = 0;
  };
  using Containers = std::map<std::uint64_t, Container>;

 public:
  // What an insertion makes memory_bytes() grow by at most, seen over some thousands of them.
  static constexpr std::size_t kInsertBytes = 160;

  RowSet() = default;
  RowSet(std::initializer_list<RowId> rows) : RowSet(std::span(rows.begin(), rows.size())) {}
  RowSet(std::span<const RowId> rows) {  // NOLINT(google-explicit-constructor): rows are a set of rows.
    for (const RowId row : rows) insert(row);
  }

  bool insert(RowId row);  // False: it was there.
  bool erase(RowId row);   // False: it was not.
  [[nodiscard]] bool contains(RowId row) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

  class Iterator {
   public:
    RowId operator*() const noexcept;
    Iterator& operator++() noexcept;
    bool operator==(const Iterator& other) const noexcept { return at_ == other.at_ && place_ == other.place_; }

   private:
    friend class RowSet;
    Iterator(Containers::const_iterator at, Containers::const_iterator end) : at_(at), end_(end) { settle(); }
    void settle() noexcept;  // From place_ on to the next that is in the set.
    Containers::const_iterator at_, end_;
    std::size_t place_ = 0;  // In few, or the bit.
  };
  [[nodiscard]] Iterator begin() const noexcept { return {containers_.begin(), containers_.end()}; }
  [[nodiscard]] Iterator end() const noexcept { return {containers_.end(), containers_.end()}; }

 private:
  Containers containers_;  // None is empty.
  std::size_t count_ = 0;
  std::size_t heap_bytes_ = 0;  // Of what containers hold.
};

}  // namespace mneme
