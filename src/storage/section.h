// Sections: opaque bytes that belong to columns of one table's part of a segment; what an index keeps on disk.
//
// storage knows no index. It stores a section as a run of 4 KiB pages, each with a checksum, and reads any range of it
// through the block cache. Index kinds implement SectionBuilder; the flush and the compaction drive it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/clock.h"
#include "storage/block_cache.h"
#include "types/column.h"
#include "types/schema.h"

namespace mneme {

struct SectionName {
  IndexId index{};
  std::string kind;  // "ordered", "vector", "text", "geo"
  std::vector<ColumnId> columns;
  friend bool operator==(const SectionName&, const SectionName&) = default;
};

class SectionSink {  // One thread at a time.
 public:
  virtual ~SectionSink() = default;
  virtual Result<void> append(Bytes bytes) = 0;  // Offsets in the section are sums of what was appended before.
};

// Makes one section. One thread at a time. Memory is reserved by the builder itself, from the budget it was given.
class SectionBuilder {
 public:
  virtual ~SectionBuilder() = default;
  [[nodiscard]] virtual const SectionName& name() const = 0;
  // The next rows of the part, in ordinal order: rows.columns are name().columns in that order.
  virtual Result<void> add(const Batch& rows, std::uint64_t first_ordinal) = 0;
  // Writes until done (true) or until clock.monotonic_ns() passes `deadline_ns`; then it is called again.
  virtual Result<bool> step(SectionSink& sink, Clock& clock, std::int64_t deadline_ns) = 0;
};

// What a kind of index made of a section when it first read it; kept with the section. Immutable.
class OpenedIndex {
 public:
  virtual ~OpenedIndex() = default;
};

class Section {  // Immutable; safe for many threads.
 public:
  Section() = default;
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;
  virtual ~Section() { delete opened_.load(std::memory_order_acquire); }

  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  // The bytes [offset, offset + size): whole pages are read and checked. corrupt when the range leaves the section.
  virtual Result<PinnedBytes> read(std::uint64_t offset, std::size_t size,
                                   BlockCache::Priority priority = BlockCache::Priority::normal) const = 0;

  // Null: nobody has kept anything yet. What was kept first stays as long as the section.
  [[nodiscard]] const OpenedIndex* opened() const noexcept { return opened_.load(std::memory_order_acquire); }
  const OpenedIndex& keep(std::unique_ptr<const OpenedIndex> opened) const noexcept {
    const OpenedIndex* first = nullptr;
    if (opened_.compare_exchange_strong(first, opened.get(), std::memory_order_acq_rel)) return *opened.release();
    return *first;
  }

 private:
  mutable std::atomic<const OpenedIndex*> opened_{nullptr};  // Release/acquire: it is built before it is seen.
};

}  // namespace mneme
