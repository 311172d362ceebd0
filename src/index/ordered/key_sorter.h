// KeySorter: sorts (key, ordinal) pairs within a memory budget: runs in memory, and in scratch files when they are
// full.
//
// A run of 65,536 pairs is sorted as soon as it is complete, so that no call takes longer than that sort; the runs are
// merged when they are read. When the budget refuses more, all runs in memory are merged into one scratch file:
//     blocks of u32 bytes | u32 crc of the rest | pairs: u32 ordinal, u32 bytes, key; a pair does not cross blocks
// At most eight files are read at a time, so that reading takes 256 KiB; more of them are merged eight by eight first.
// Keys of one 8-byte column are sorted as words (types/key.h), 16 bytes a pair.
#pragma once

#include <memory>

#include "index/scratch.h"
#include "storage/memory_budget.h"
#include "types/key.h"

namespace mneme::ordered {

class KeySorter {  // One thread at a time.
 public:
  // Spills when `memory` cannot grow, and beyond `aim_bytes`. `scratch` null: never, there is nowhere to go.
  KeySorter(bool words, Reservation memory, std::size_t aim_bytes, ScratchFiles* scratch);
  ~KeySorter();

  // full: neither memory nor scratch.
  Result<void> add(std::span<const Column> columns, std::size_t first, std::size_t count, std::uint32_t first_ordinal);
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

  // After the last add(), until it returns true: bounded work each time, towards what can be read at once.
  Result<bool> prepare_reading();
  // The least pair that is left, until advance(). False: there is none.
  [[nodiscard]] bool at_end() const noexcept { return heap_.empty(); }
  [[nodiscard]] Bytes key() const noexcept;
  [[nodiscard]] std::uint32_t ordinal() const noexcept;
  Result<void> advance();

 private:
  static constexpr std::size_t kRunRows = 65'536;
  static constexpr std::size_t kRunBytes = 8 << 20;
  static constexpr std::size_t kBlockBytes = 32 * 1'024;
  static constexpr std::size_t kFilesMax = 8;  // Read at a time.
  static constexpr int kRowsAtATime = 512;     // Of bounded work.
  class RunReader;
  class MemoryRun;
  class ScratchRun;
  class ScratchWriter;
  struct Pair {
    std::uint64_t word = 0;  // The key word, or the key's first bytes, such that a lesser word is a lesser key.
    std::uint32_t ordinal = 0;
    std::uint32_t at = 0;  // Of the key in `bytes`; of a key word: 1 if it is NULL.
  };
  struct Run {
    std::vector<Pair> pairs;
    ByteBuffer bytes;  // u32 size and key, of pairs that are no key words.
    [[nodiscard]] std::size_t memory_bytes() const noexcept {
      return pairs.capacity() * sizeof(Pair) + bytes.capacity();
    }
  };
  Result<void> reserve(Run& run, std::size_t rows, std::size_t bytes);
  void sort_open_run();
  Result<void> spill();
  Result<void> push(std::unique_ptr<RunReader> reader);
  Result<void> read_memory_runs();
  Result<void> read_files(std::size_t count);
  Result<bool> reduce();
  [[nodiscard]] bool less(std::size_t left, std::size_t right) const noexcept;
  void sift_down(std::size_t at) noexcept;
  [[nodiscard]] std::size_t held_bytes() const noexcept;

  const bool words_;
  Reservation memory_;
  const std::size_t aim_bytes_;
  ScratchFiles* const scratch_;
  std::uint64_t rows_ = 0;
  KeyRun batch_keys_;
  std::vector<std::unique_ptr<Run>> runs_;  // All sorted but the last.
  std::vector<std::unique_ptr<File>> spilled_;
  std::unique_ptr<ScratchWriter> reducing_;       // Takes what the first kFilesMax files hold. Null: not at it.
  std::vector<std::unique_ptr<RunReader>> heap_;  // The least on top.
};

}  // namespace mneme::ordered
