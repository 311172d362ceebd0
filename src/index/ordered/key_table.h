// KeyTable: which row holds a key: a hash table over the rows of a KeyLog that grows a little at a time.
//
// Extendible hashing: a directory of 2^depth pointers, taken by the highest bits of the hash, to buckets of at most
// 2,048 slots. A full bucket is doubled up to that size and split in two from then on, so that no insert ever moves
// more than one bucket's rows, whatever the table has grown to. Rows with one key form a chain, newest first.
// A slot is 0 or {the high half of the hash, the newest row + 1}; probing is linear within the bucket.
#pragma once

#include <memory>
#include <vector>

#include "index/ordered/key_log.h"

namespace mneme {

class KeyTable {  // One thread at a time.
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  explicit KeyTable(const KeyLog& log) : log_(log) {}

  // What inserting `rows` more rows may allocate at most, splits of ordinary hashes included.
  [[nodiscard]] std::size_t growth_bytes(std::size_t rows) const noexcept;
  // REQUIRES: the log's key of `row`. The first may be any; from then on each is the one after the last.
  void insert(std::uint32_t row);
  void forget_from(std::uint32_t row) noexcept;  // REQUIRES: the log still has their keys.
  [[nodiscard]] bool empty() const noexcept { return rows_ == 0; }
  // The newest row with this key; kNone: there is none.
  [[nodiscard]] std::uint32_t find(Bytes key, std::uint64_t hash) const;
  [[nodiscard]] std::uint32_t find_word(std::uint64_t word) const noexcept;  // REQUIRES: a log of words.
  // The row before it with the same key; kNone: it was the oldest.
  [[nodiscard]] std::uint32_t older(std::uint32_t row) const noexcept {
    return older_[(row - first_) / kOlderRows][(row - first_) % kOlderRows];
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return memory_bytes_; }

 private:
  static constexpr std::uint32_t kSlotsMin = 16;
  static constexpr std::uint32_t kSlotsMax = 2'048;
  static constexpr std::uint32_t kDepthMax = 20;  // Beyond it buckets double again: 20 + 11 bits of the hash's 32.
  static constexpr std::uint32_t kOlderRows = 1'024;
  struct Bucket {
    std::unique_ptr<std::uint64_t[]> slots;
    std::uint32_t mask;
    std::uint32_t used = 0;
    std::uint32_t depth;   // How many high bits of the hash its rows share.
    std::uint32_t number;  // Its place in buckets_.
  };

  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }
  [[nodiscard]] std::size_t position_of(std::uint32_t tag) const noexcept {
    return depth_ == 0 ? 0 : tag >> (32 - depth_);
  }
  template <class Same>
  [[nodiscard]] std::uint64_t* slot_of(Bucket& bucket, std::uint32_t tag, const Same& same) const;
  template <class Same>
  [[nodiscard]] std::uint32_t newest(std::uint32_t tag, const Same& same) const;
  Bucket& with_room(std::uint32_t tag);
  std::unique_ptr<Bucket> make_bucket(std::uint32_t slots, std::uint32_t depth, std::uint32_t number);
  static void put(Bucket& bucket, std::uint64_t slot) noexcept;
  void grow(std::size_t position);
  void split(std::size_t position);
  void drop(std::unique_ptr<Bucket> old) noexcept;
  static void erase(Bucket& bucket, std::uint64_t* slot) noexcept;

  const KeyLog& log_;
  std::uint32_t first_ = 0;  // The rows [first_, first_ + rows_) are in here.
  std::uint32_t rows_ = 0;
  std::uint32_t depth_ = 0;
  std::size_t memory_bytes_ = 0;
  std::vector<Bucket*> directory_;
  std::vector<std::unique_ptr<Bucket>> buckets_;
  std::vector<std::unique_ptr<std::uint32_t[]>> older_;
};

}  // namespace mneme
