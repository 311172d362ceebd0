// DeleteSet: which rows of one table's part of a segment are dead, and since when.
//
// A delete is (ordinal, end sequence): the row is invisible to snapshots at or above that sequence. Deletes older than
// every live snapshot need no sequence and move to a bitmap, in containers of 65,536 ordinals (none, sorted u16s, or
// bits, whichever is smaller); the younger ones are sorted pairs. The file <n>-<seq>.del is docs/format.md, "deletes".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "types/schema.h"

namespace mneme {

constexpr std::uint64_t kSequenceMax = ~std::uint64_t{0};

class DeleteSet {  // One thread at a time while it changes; then it may be read by many.
 public:
  struct Pair {
    std::uint32_t ordinal = 0;
    std::uint64_t end_sequence = 0;
    friend bool operator==(const Pair&, const Pair&) = default;
  };

  [[nodiscard]] bool empty() const noexcept { return old_count_ == 0 && young_.empty(); }
  [[nodiscard]] std::uint64_t count() const noexcept { return old_count_ + young_.size(); }
  // A row dies once: false, and nothing changes, when it is dead already.
  bool add(std::uint32_t ordinal, std::uint64_t end_sequence);
  bool add_old(std::uint32_t ordinal);  // Dead for every snapshot.
  // Visible to a snapshot at `sequence`? True while sequence < end sequence.
  [[nodiscard]] bool is_live(std::uint32_t ordinal, std::uint64_t sequence) const noexcept;
  [[nodiscard]] std::uint64_t end_sequence(std::uint32_t ordinal) const noexcept;  // 0: of the old; kSequenceMax: live.
  // Sets bit i of `bits` for live row first + i; bits past `count` in the last word are 0. Returns how many are live.
  std::size_t live_mask(std::uint64_t first, std::size_t count, std::uint64_t sequence,
                        std::uint64_t* bits) const noexcept;
  // Forgets the sequences of deletes at or below `oldest_snapshot`: every snapshot from now on sees them dead.
  void age(std::uint64_t oldest_snapshot);
  [[nodiscard]] const std::vector<Pair>& young() const noexcept { return young_; }

  // The whole .del file, checksummed. `number` and `table` say whose deletes they are; decode() insists on them.
  void encode(std::uint64_t number, TableId table, ByteBuffer& out) const;
  static Result<DeleteSet> decode(Bytes file, const std::string& path, std::uint64_t number, TableId table);

 private:
  struct Container {
    std::uint32_t high = 0;           // Of ordinals high * 65,536 and on.
    std::vector<std::uint16_t> few;   // Sorted; used while bits is empty.
    std::vector<std::uint64_t> bits;  // 1,024 words.
    [[nodiscard]] bool contains(std::uint16_t low) const noexcept;
    [[nodiscard]] std::uint64_t base() const noexcept { return std::uint64_t{high} * 65'536; }
    // Clears bit ordinal - first of `mask` for each of its ordinals in [first, end).
    void clear_dead(std::uint64_t first, std::uint64_t end, std::uint64_t* mask) const noexcept;
    bool insert(std::uint16_t low);
  };
  [[nodiscard]] std::vector<Container>::const_iterator container_from(std::uint64_t high) const noexcept;

  std::vector<Container> old_;  // By ordinal / 65,536.
  std::uint64_t old_count_ = 0;
  std::vector<Pair> young_;  // By ordinal.
};

}  // namespace mneme
