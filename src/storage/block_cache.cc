#include "storage/block_cache.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "base/assert.h"
#include "os/thread.h"

namespace mneme {
namespace {

// What a block costs beside its bytes: the map's node, the queue's slot, the control block, what it was opened to,
// where its first line begins.
constexpr std::size_t kBlockOverhead = 384 + LineBuffer::kLineBytes;

std::uint64_t hash_key(const BlockKey& key) noexcept {
  std::uint64_t hash = (key.file * 0x9E3779B97F4A7C15U) ^ (key.offset + key.bytes);
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9U;
  return hash ^ (hash >> 31);
}

struct HashKey {
  std::size_t operator()(const BlockKey& key) const noexcept { return hash_key(key); }
};

}  // namespace

// A part of the cache with its own lock and its own queues. Queues hold keys; a key whose entry is gone or has moved to
// another queue is skipped when it comes up.
class BlockCache::Shard {  // Thread-safe.
 public:
  Shard(Scheduler& scheduler, BlockWays& ways, std::size_t capacity)
      : capacity_(capacity), small_cap_(capacity / 10), entry_cap_(capacity / 4), ways_(ways), mutex_(scheduler) {}

  std::shared_ptr<const CachedBlock> find(const BlockKey& key) LOCK_NOT_HELD(mutex_) {
    Lock lock(mutex_);
    const auto found = blocks_.find(key);
    if (found == blocks_.end()) {
      ++misses_;
      return nullptr;
    }
    ++hits_;
    found->second.held->ask();
    return found->second.held;
  }

  void insert(const BlockKey& key, std::shared_ptr<const CachedBlock> held, Priority priority) LOCK_NOT_HELD(mutex_) {
    Evicted out(ways_);
    Lock lock(mutex_);
    const std::size_t bytes = held->bytes().size() + kBlockOverhead;
    if (bytes > capacity_ || blocks_.contains(key)) return;
    Kind kind = priority == Priority::entry ? Kind::entry : Kind::small;
    if (kind == Kind::small && ghosts_.erase(key) != 0) kind = Kind::main;  // It was missed: it belongs.
    while (bytes_ + bytes > capacity_ && evict_one(out)) {
    }
    while (kind == Kind::entry && queue(Kind::entry).bytes + bytes > entry_cap_ && evict_entry(out)) {
    }
    held->in_cache = true;  // Not of a block that another thread was faster with: nobody would close the way to it.
    blocks_.emplace(key, Block{std::move(held), kind});
    push(kind, key, bytes);
    bytes_ += bytes;
  }

  std::size_t shrink(std::size_t wanted) LOCK_NOT_HELD(mutex_) {
    Evicted out(ways_);
    Lock lock(mutex_);
    const std::size_t before = bytes_;
    while (before - bytes_ < wanted && evict_one(out)) {
    }
    return before - bytes_;
  }

  void forget_file(std::uint64_t file) LOCK_NOT_HELD(mutex_) {
    Evicted out(ways_);
    Lock lock(mutex_);
    for (Queue& each : queues_) {
      std::deque<BlockKey> kept;
      for (const BlockKey& key : each.keys) {
        if (key.file != file) {
          kept.push_back(key);
        } else if (const auto found = blocks_.find(key);
                   found != blocks_.end() && &queue(found->second.kind) == &each) {
          remove(found, out);
        }
      }
      each.keys = std::move(kept);
    }
  }

  void add_to(Stats& stats) const LOCK_NOT_HELD(mutex_) {
    Lock lock(mutex_);
    stats.hits += hits_;
    stats.misses += misses_;
    stats.evictions += evictions_;
    stats.bytes += bytes_;
  }

 private:
  struct Evicted {  // Retired after the lock: made before it.
    explicit Evicted(BlockWays& theirs) : ways(theirs) {}
    Evicted(const Evicted&) = delete;
    Evicted& operator=(const Evicted&) = delete;
    ~Evicted() {
      if (!blocks.empty()) ways.retire(blocks);
    }
    BlockWays& ways;
    std::vector<std::shared_ptr<const CachedBlock>> blocks;
  };
  enum class Kind : std::uint8_t { small = 0, main, entry };
  struct Block {
    std::shared_ptr<const CachedBlock> held;
    Kind kind = Kind::small;
  };
  struct Queue {
    std::deque<BlockKey> keys;
    std::size_t bytes = 0;
  };
  using Map = std::unordered_map<BlockKey, Block, HashKey>;

  Queue& queue(Kind kind) LOCK_HELD(mutex_) { return queues_[static_cast<std::size_t>(kind)]; }
  static std::size_t cost(const Block& block) noexcept { return block.held->bytes().size() + kBlockOverhead; }
  void push(Kind kind, const BlockKey& key, std::size_t bytes) LOCK_HELD(mutex_) {
    queue(kind).keys.push_back(key);
    queue(kind).bytes += bytes;
  }
  void remove(Map::iterator block, Evicted& out) LOCK_HELD(mutex_) {
    out.blocks.emplace_back();  // All that can fail comes first.
    const std::size_t bytes = cost(block->second);
    bytes_ -= bytes;
    queue(block->second.kind).bytes -= bytes;
    out.blocks.back() = std::move(block->second.held);
    blocks_.erase(block);
    ++evictions_;
  }

  // Frees one block, the cheapest to lose; false when there is none.
  bool evict_one(Evicted& out) LOCK_HELD(mutex_) {
    if (queue(Kind::small).bytes > small_cap_ && evict_small(out)) return true;
    return evict_second_chance(Kind::main, out) || evict_small(out) || evict_entry(out);
  }
  bool evict_entry(Evicted& out) LOCK_HELD(mutex_) { return evict_second_chance(Kind::entry, out); }
  // From the small queue: what was asked for again moves to the main queue, the rest leaves its key as a ghost.
  bool evict_small(Evicted& out) LOCK_HELD(mutex_) {
    Queue& from = queue(Kind::small);
    while (!from.keys.empty()) {
      const BlockKey key = from.keys.front();
      from.keys.pop_front();
      const auto found = blocks_.find(key);
      ASSERT(found != blocks_.end());
      if (found->second.held->asked.exchange(0, std::memory_order_relaxed) > 0) {
        const std::size_t bytes = cost(found->second);
        from.bytes -= bytes;
        found->second.kind = Kind::main;
        push(Kind::main, key, bytes);
        continue;
      }
      remove(found, out);
      remember(key);
      return true;
    }
    return false;
  }
  // FIFO with reinsertion: each time it was asked for, up to three, buys a block one more round.
  bool evict_second_chance(Kind kind, Evicted& out) LOCK_HELD(mutex_) {
    Queue& from = queue(kind);
    while (!from.keys.empty()) {
      const BlockKey key = from.keys.front();
      from.keys.pop_front();
      const auto found = blocks_.find(key);
      ASSERT(found != blocks_.end());
      auto& asked = found->second.held->asked;
      if (const std::uint8_t times = asked.load(std::memory_order_relaxed); times > 0) {
        asked.store(static_cast<std::uint8_t>(times - 1), std::memory_order_relaxed);
        from.keys.push_back(key);
        continue;
      }
      remove(found, out);
      return true;
    }
    return false;
  }
  void remember(const BlockKey& key) LOCK_HELD(mutex_) {
    if (ghosts_.emplace(key, ++ghost_clock_).second) ghost_keys_.push_back(key);
    // As many ghosts as blocks, the paper's measure; a key that came back left an empty place in the queue.
    while (ghost_keys_.size() > std::max<std::size_t>(16, blocks_.size())) {
      ghosts_.erase(ghost_keys_.front());
      ghost_keys_.pop_front();
    }
  }

  const std::size_t capacity_;
  const std::size_t small_cap_;
  const std::size_t entry_cap_;
  BlockWays& ways_;
  mutable Mutex mutex_;
  Map blocks_ GUARDED_BY(mutex_);
  Queue queues_[3] GUARDED_BY(mutex_);
  std::unordered_map<BlockKey, std::uint64_t, HashKey> ghosts_ GUARDED_BY(mutex_);
  std::deque<BlockKey> ghost_keys_ GUARDED_BY(mutex_);
  std::uint64_t ghost_clock_ GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t hits_ GUARDED_BY(mutex_) = 0;
  std::uint64_t misses_ GUARDED_BY(mutex_) = 0;
  std::uint64_t evictions_ GUARDED_BY(mutex_) = 0;
};

BlockCache::BlockCache(MemoryBudget& budget, Scheduler& scheduler, std::size_t capacity, std::size_t shards)
    : budget_(budget), slot_bytes_max_(capacity / 16), ways_(scheduler) {
  ASSERT(shards > 0);
  for (std::size_t i = 0; i < shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(scheduler, ways_, capacity / shards));
  }
  budget_.attach(this);
}

BlockCache::~BlockCache() { budget_.attach(nullptr); }

BlockCache::Shard& BlockCache::shard_of(const BlockKey& key) noexcept {
  return *shards_[(hash_key(key) >> 40) % shards_.size()];
}

Result<Reservation> BlockCache::room_for(std::size_t bytes) {
  Reservation memory;
  if (budget_.try_reserve(bytes, MemoryShare::cache, "block cache", memory)) return memory;
  reclaim(bytes);
  if (budget_.try_reserve(bytes, MemoryShare::cache, "block cache", memory)) return memory;
  // Everything cached may be in use: then the block is the query's own.
  return budget_.reserve(bytes, MemoryShare::queries, "a block of a segment");
}

Result<PinnedBytes> BlockCache::get(const BlockKey& key, Priority priority, Loader& loader) {
  std::shared_ptr<const CachedBlock> held = TRY(get_block(key, priority, loader));
  const Bytes bytes = held->bytes();
  return PinnedBytes(std::move(held), bytes);
}

Result<std::shared_ptr<const CachedBlock>> BlockCache::get_block(const BlockKey& key, Priority priority,
                                                                 Loader& loader) {
  Shard& shard = shard_of(key);
  if (auto held = shard.find(key)) return held;
  auto memory = TRY(room_for(key.bytes + kBlockOverhead));
  auto held = std::make_shared<CachedBlock>();
  held->memory = std::move(memory);
  held->buffer = LineBuffer(key.bytes);
  TRY(loader.load(key, held->buffer.bytes()));
  held->opened = TRY(loader.open(held->bytes()));
  shard.insert(key, held, priority);
  return std::shared_ptr<const CachedBlock>(std::move(held));
}

std::optional<Reservation> BlockCache::reserve_for_slots(std::size_t bytes) {
  if (slot_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= slot_bytes_max_) {
    auto memory = budget_.reserve(bytes, MemoryShare::cache, "slots of blocks");
    if (memory) return std::move(*memory);
  }
  end_slots(bytes);
  return std::nullopt;
}

void BlockCache::forget_file(std::uint64_t file) {
  for (auto& shard : shards_) shard->forget_file(file);
}

std::size_t BlockCache::reclaim(std::size_t bytes) noexcept {
  // Evenly first, so that one shard does not pay for all; then whoever has more.
  std::size_t given = 0;
  const std::size_t each = bytes / shards_.size() + 1;
  for (auto& shard : shards_) given += shard->shrink(each);
  for (auto& shard : shards_) {
    if (given < bytes) given += shard->shrink(bytes - given);
  }
  return given;
}

BlockCache::Stats BlockCache::stats() const {
  Stats stats;
  for (const auto& shard : shards_) shard->add_to(stats);
  return stats;
}

}  // namespace mneme
