// GroupTable: gives every distinct key the next number, 0, 1, 2 ..., in the order of first appearance.
//
// Keys are rows of one or several columns; NULLs equal each other, and so do values SQL calls equal (0 and -0, 1 month
// and 30 days). Open addressing with linear probing; a slot holds 32 bits of the hash beside the number, so that most
// misses never touch a key. Keys are compared as one word (a single 8-byte column), as raw text (a single text column)
// or as encoded bytes (types/key.h).
#pragma once

#include <span>
#include <vector>

#include "query/selection.h"

namespace mneme::query {

using GroupNumber = std::uint32_t;
constexpr GroupNumber kNoGroup = ~GroupNumber{0};

// The first row of each group that was not there when the table had `before` groups. Numbers grow with first
// appearance, so that a row is its group's first when its number is the next new one.
Selection first_of_each(std::span<const GroupNumber> groups, std::size_t before);

class GroupTable {  // One thread at a time.
 public:
  explicit GroupTable(const std::vector<Type>& key_types);

  // groups[i] is the number of row i's key. REQUIRES: fewer than 2^32 - 1 keys in all.
  void find_or_add(std::span<const Column* const> keys, std::size_t rows, std::vector<GroupNumber>& groups);
  // kNoGroup where the key is not there.
  void find(std::span<const Column* const> keys, std::size_t rows, std::vector<GroupNumber>& groups);

  [[nodiscard]] std::size_t groups() const noexcept { return count_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  // Memory it may take at most once `rows` more rows with keys of `key_bytes` in all were added.
  [[nodiscard]] std::size_t memory_bytes_after(std::size_t rows, std::size_t key_bytes) const noexcept;

 private:
  enum class Form : std::uint8_t { word, text, encoded };
  void hash_rows(std::span<const Column* const> keys, std::size_t rows);
  template <bool kAdd>
  void look_up(std::span<const Column* const> keys, std::size_t rows, std::vector<GroupNumber>& groups);
  template <bool kAdd, class Key, class Same, class Append>
  GroupNumber probe(std::uint64_t hash, const Key& key, Same same, Append append);
  template <bool kAdd>
  GroupNumber null_group();
  void grow_for(std::size_t more);

  Form form_ = Form::encoded;
  std::size_t count_ = 0;
  GroupNumber null_group_ = kNoGroup;           // Encoded keys carry their NULLs.
  std::vector<std::uint64_t> slots_;            // High: 32 bits of the hash; low: number + 1. 0: free.
  std::vector<std::uint64_t> words_;            // By number; for the form `word`.
  Column bytes_{Type{.kind = TypeKind::blob}};  // By number; for the others.

  // Of the batch at hand.
  std::vector<std::uint64_t> row_words_;
  std::vector<std::uint64_t> hashes_;
  ByteBuffer encoded_;
  std::vector<std::size_t> ends_;
};

}  // namespace mneme::query
