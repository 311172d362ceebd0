// Sections of a segment: page runs found through their page tables.
#include <algorithm>

#include "base/coding.h"
#include "storage/block_slots.h"
#include "storage/segment.h"
#include "storage/segment_format.h"

namespace mneme {

class SegmentSection final : public Section {
 public:
  SegmentSection(const SegmentFile& file, const SectionFooter& footer, PinnedBytes table)
      : file_(file), footer_(footer), table_(std::move(table)) {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return footer_.bytes; }

  Result<PinnedBytes> read(std::uint64_t offset, std::size_t size, BlockCache::Priority priority) const override {
    if (offset > footer_.bytes || size > footer_.bytes - offset) {
      return file_.corrupt(footer_.offset, "a read of " + std::to_string(size) + " bytes at " + std::to_string(offset) +
                                               " leaves the section of " + std::to_string(footer_.bytes));
    }
    if (size == 0) return PinnedBytes(table_.owner(), {});
    const std::uint64_t first = offset / kSegmentPageBytes, last = pages_of(offset + size);
    const Bytes table = table_.bytes().subspan(static_cast<std::size_t>(first * kPageTableEntryBytes),
                                               static_cast<std::size_t>((last - first) * kPageTableEntryBytes));
    const auto skip = static_cast<std::size_t>(offset - first * kSegmentPageBytes);
    const std::uint64_t at = footer_.offset + first * kSegmentPageBytes;
    if (last - first == 1 && file_.cache_ != nullptr) {
      const auto page = TRY(read_page(static_cast<std::size_t>(first), at, table, priority));
      return PinnedBytes(page, Bytes(page->bytes()).subspan(skip, size));
    }
    const PinnedBytes pages = TRY(file_.read_pages(at, table, priority));
    return pages.part(skip, size);
  }

 private:
  Result<std::shared_ptr<const CachedBlock>> read_page(std::size_t page, std::uint64_t at, Bytes table,
                                                       BlockCache::Priority priority) const {
    BlockSlots* slots = slots_.get(static_cast<std::size_t>(pages_of(footer_.bytes)), *file_.cache_);
    if (auto held = slots == nullptr ? nullptr : slots->find(page)) return held;
    auto held = TRY(file_.read_page(at, table, priority));
    if (slots != nullptr) slots->put(page, held);
    return held;
  }

  const SegmentFile& file_;  // It owns this.
  const SectionFooter& footer_;
  const PinnedBytes table_;
  mutable LazyBlockSlots slots_;  // Of single pages.
};

std::size_t Segment::sections() const noexcept { return file_->footer_->parts[part_].sections.size(); }

const SectionName& Segment::section_name(std::size_t section) const noexcept {
  return file_->footer_->parts[part_].sections[section].name;
}

std::optional<std::size_t> Segment::find_section(IndexId index) const noexcept {
  for (std::size_t i = 0; i < sections(); ++i) {
    if (section_name(i).index == index) return i;
  }
  return std::nullopt;
}

Result<std::shared_ptr<const Section>> Segment::open_section(std::size_t section) const {
  std::atomic<const Section*>& kept = file_->sections_[part_][section];
  if (const Section* opened = kept.load(std::memory_order_acquire))
    return std::shared_ptr<const Section>(file_, opened);
  const SectionFooter& footer = file_->footer_->parts[part_].sections[section];
  const auto bytes = static_cast<std::uint32_t>(pages_of(footer.bytes) * kPageTableEntryBytes + kSegmentSpareBytes);
  auto table = TRY(file_->read(footer.table_offset, bytes, footer.table_crc, BlockCache::Priority::entry));
  std::unique_ptr<const Section> made = std::make_unique<SegmentSection>(*file_, footer, std::move(table));
  const Section* first = nullptr;
  if (kept.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) first = made.release();
  return std::shared_ptr<const Section>(file_, first);
}

Result<void> Segment::verify_section(std::size_t section) const {
  const auto opened = TRY(open_section(section));
  for (std::uint64_t at = 0; at < opened->size(); at += kBlockInputBytesMax) {
    TRY(opened->read(at, static_cast<std::size_t>(std::min<std::uint64_t>(kBlockInputBytesMax, opened->size() - at))));
  }
  return {};
}

}  // namespace mneme
