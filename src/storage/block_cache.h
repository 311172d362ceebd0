// BlockCache: encoded blocks of segments in memory, bounded and scan-resistant.
//
// Replacement is S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): a small queue
// takes every new block, a block asked for again while in it moves to the main queue, and a ghost queue remembers the
// keys that left the small one unasked, so that a scan passes through a tenth of the cache. Footers, block index pages
// and other entry points go to a protected queue with a cap of its own. Blocks are immutable and shared: evicting a
// block that is in use only forgets it, its memory is given back with the last handle.
// Nothing enters that was not checked: the loader verifies checksums before it returns bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/scheduler.h"
#include "storage/block_ways.h"
#include "storage/memory_budget.h"

namespace mneme {

// What a block's bytes were found to be when they were loaded, kept with them so that it is found out once. Immutable.
class OpenedBlock {
 public:
  virtual ~OpenedBlock() = default;
};

// Memory that begins a cache line, with whatever was there before: wide loads of vectors would each touch two lines.
class LineBuffer {  // Immutable, but for its bytes.
 public:
  static constexpr std::size_t kLineBytes = 64;
  LineBuffer() = default;
  explicit LineBuffer(std::size_t bytes)
      : memory_(std::make_unique_for_overwrite<std::byte[]>(bytes + kLineBytes - 1)), bytes_(bytes) {
    void* begin = memory_.get();
    std::size_t room = bytes + kLineBytes - 1;
    begin_ = static_cast<std::byte*>(std::align(kLineBytes, bytes, begin, room));
  }
  [[nodiscard]] Bytes bytes() const noexcept { return {begin_, bytes_}; }
  [[nodiscard]] MutableBytes bytes() noexcept { return {begin_, bytes_}; }

 private:
  std::unique_ptr<std::byte[]> memory_;
  std::byte* begin_ = nullptr;
  std::size_t bytes_ = 0;
};

struct CachedBlock {  // Alive as long as one handle to it is. Immutable, but for how it is reached.
  static constexpr std::uint8_t kAskedMax = 3;
  // What every reader looks at comes first, side by side.
  std::unique_ptr<const OpenedBlock> opened;  // Null: the loader makes nothing of them.
  // How often since it was last considered for eviction. Relaxed: a hint, and a lost count does not matter.
  mutable std::atomic<std::uint8_t> asked{0};
  LineBuffer buffer;
  Reservation memory;
  [[nodiscard]] Bytes bytes() const noexcept { return buffer.bytes(); }
  // These are BlockWays's, under its lock.
  mutable BlockWay* way = nullptr;  // That leads here.
  mutable bool in_cache = false;    // From when the cache took it, before anybody else saw it, until it is retired.
  mutable std::shared_ptr<const CachedBlock> next_held;
  void ask() const noexcept {
    const std::uint8_t so_far = asked.load(std::memory_order_relaxed);
    if (so_far < kAskedMax) asked.store(static_cast<std::uint8_t>(so_far + 1), std::memory_order_relaxed);
  }
};

// Bytes of a block in memory, alive as long as one handle to it is. Immutable.
class PinnedBytes {
 public:
  PinnedBytes() = default;
  PinnedBytes(std::shared_ptr<const void> owner, Bytes bytes) noexcept : owner_(std::move(owner)), bytes_(bytes) {}
  [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }
  [[nodiscard]] const std::shared_ptr<const void>& owner() const noexcept { return owner_; }
  [[nodiscard]] PinnedBytes part(std::size_t offset, std::size_t size) const {
    return {owner_, bytes_.subspan(offset, size)};
  }
  explicit operator bool() const noexcept { return owner_ != nullptr; }

 private:
  std::shared_ptr<const void> owner_;
  Bytes bytes_;
};

// What a cached run of bytes is: a file, never reused while the database is open, and where in it.
struct BlockKey {
  std::uint64_t file = 0;
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;
  friend bool operator==(const BlockKey&, const BlockKey&) = default;
};

class BlockCache final : public MemoryBudget::Reclaimer {  // Thread-safe.
 public:
  enum class Priority : std::uint8_t { normal, entry };  // entry: the protected queue.
  class Loader {  // Fills exactly key.bytes bytes and checks them: corrupt is the loader's to say.
   public:
    virtual ~Loader() = default;
    virtual Result<void> load(const BlockKey& key, MutableBytes into) = 0;
    // Of what was loaded; it stays where it is. A few hundred bytes at most: they are not counted.
    virtual Result<std::unique_ptr<const OpenedBlock>> open(Bytes) { return std::unique_ptr<const OpenedBlock>(); }
  };
  struct Stats {
    std::uint64_t hits = 0, misses = 0, evictions = 0;
    std::size_t bytes = 0;  // Held by the queues; pinned blocks that were evicted are counted by the budget alone.
  };

  // Holds at most `capacity` bytes, all reserved from `budget` (share: cache), and attaches itself as its reclaimer.
  BlockCache(MemoryBudget& budget, Scheduler& scheduler, std::size_t capacity, std::size_t shards = 8);
  ~BlockCache() override;

  // The block, from memory or through `loader` (called without a lock; two threads may load the same block once each).
  // Fails with full when neither the cache's share nor the queries' has room for it.
  Result<PinnedBytes> get(const BlockKey& key, Priority priority, Loader& loader);
  Result<std::shared_ptr<const CachedBlock>> get_block(const BlockKey& key, Priority priority, Loader& loader);
  // For BlockSlots: memory for ways to blocks, a sixteenth of the capacity for all of them together. None: no room
  // left.
  [[nodiscard]] std::optional<Reservation> reserve_for_slots(std::size_t bytes);
  void end_slots(std::size_t bytes) noexcept { slot_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] BlockWays& ways() noexcept { return ways_; }
  void forget_file(std::uint64_t file);  // Before its file is unlinked.
  std::size_t reclaim(std::size_t bytes) noexcept override;
  [[nodiscard]] Stats stats() const;

 private:
  class Shard;
  Shard& shard_of(const BlockKey& key) noexcept;
  Result<Reservation> room_for(std::size_t bytes);

  MemoryBudget& budget_;
  const std::size_t slot_bytes_max_;
  std::atomic<std::size_t> slot_bytes_{0};  // Relaxed: it bounds a sum.
  BlockWays ways_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace mneme
