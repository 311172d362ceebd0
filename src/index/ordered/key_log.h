// KeyLog: the keys of a memtable's rows by ordinal, append-only, in arrays that never move.
//
// Keys of one 8-byte column are kept as key words (types/key.h); others as pointers to {u32 bytes, bytes} in an arena.
// The surprising decision: no lock of its own. One thread appends and truncates behind what others may read; others
// read through a View, which is a list of arrays taken under the owner's mutex together with how many rows it may see.
#pragma once

#include <memory>
#include <vector>

#include "types/key.h"

namespace mneme {

class KeyLog {
  struct Chunk {
    Chunk(std::size_t capacity, bool words) : slots(new std::uint64_t[capacity]) {
      if (words) nulls.reset(new std::uint8_t[capacity]);
    }
    std::unique_ptr<std::uint64_t[]> slots;  // Words, or addresses of records.
    std::unique_ptr<std::uint8_t[]> nulls;   // A byte each: bits would share words with rows being appended.
  };

 public:
  static constexpr std::uint32_t kChunkRowsMin = 64;
  static constexpr std::uint32_t kChunkRowsMax = 2'048;

  // Reads keys of rows that were there when it was taken. A copy is a list of the arrays, which the log keeps alive.
  class View {
   public:
    [[nodiscard]] bool words() const noexcept { return words_; }
    [[nodiscard]] bool is_null(std::uint32_t row) const noexcept;        // REQUIRES: words(). NULL's word is 0.
    [[nodiscard]] std::uint64_t word(std::uint32_t row) const noexcept;  // REQUIRES: words().
    [[nodiscard]] Bytes bytes(std::uint32_t row) const noexcept;         // REQUIRES: !words().

    [[nodiscard]] int compare(std::uint32_t left, std::uint32_t right) const noexcept;
    [[nodiscard]] int compare(std::uint32_t row, Bytes key) const;
    [[nodiscard]] std::uint64_t hash(std::uint32_t row) const;
    void append_key(std::uint32_t row, ByteBuffer& out) const;

   private:
    friend class KeyLog;
    bool words_ = false;
    std::vector<const Chunk*> chunks_;
  };

  explicit KeyLog(bool words) { view_.words_ = words; }

  [[nodiscard]] const View& view() const noexcept { return view_; }
  [[nodiscard]] std::uint32_t rows() const noexcept { return rows_; }

  // What appending `rows` keys of `key_bytes` bytes together may allocate at most.
  [[nodiscard]] std::size_t growth_bytes(std::size_t rows, std::size_t key_bytes) const noexcept;
  void append_word(std::uint64_t word);        // REQUIRES: made for words.
  void append_null_word();                     // REQUIRES: made for words.
  void append_bytes(Bytes key);                // REQUIRES: not made for words.
  void truncate(std::uint32_t rows) noexcept;  // Forgets rows from `rows` on.
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return memory_bytes_; }

 private:
  static constexpr std::size_t kArenaBytes = 16 * 1024;
  struct Arena {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
    std::size_t used = 0;
  };
  void put(std::uint64_t slot, bool null);
  std::byte* allocate(std::size_t bytes);

  std::uint32_t rows_ = 0;
  std::size_t memory_bytes_ = 0;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<Arena> arenas_;
  View view_;
};

}  // namespace mneme
