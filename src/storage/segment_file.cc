// SegmentFile: opening a file from its end, and reading checked bytes of it through the cache.
#include <algorithm>

#include "base/coding.h"
#include "base/crc32c.h"
#include "storage/block_slots.h"
#include "storage/segment.h"
#include "storage/segment_format.h"

namespace mneme {
namespace {

constexpr std::size_t kEndReadBytes = 16 * 1024;  // The trailer and, mostly, the whole footer in one read.

Result<void> read_exactly(File& file, std::uint64_t offset, MutableBytes into) {
  const std::size_t got = TRY(file.read(offset, into));
  if (got != into.size()) return Error(Code::corrupt, "the file ends too early");
  return {};
}

class BlockLoader final : public BlockCache::Loader {
 public:
  BlockLoader(File& file, std::uint32_t crc) : file_(file), crc_(crc) {}
  Result<void> load(const BlockKey& key, MutableBytes into) override {
    TRY(read_exactly(file_, key.offset, into));
    if (crc32c(into) != crc_) return Error(Code::corrupt, "checksum does not match");
    return {};
  }

 private:
  File& file_;
  std::uint32_t crc_;
};

// A block of a column, which it opens as well.
class ColumnBlockLoader final : public BlockCache::Loader {
 public:
  ColumnBlockLoader(BlockLoader loader, const Type& type, std::uint32_t first_row, std::uint32_t rows,
                    BlockOrigin origin)
      : loader_(loader), type_(type), first_row_(first_row), rows_(rows), origin_(origin) {}
  Result<void> load(const BlockKey& key, MutableBytes into) override { return loader_.load(key, into); }
  Result<std::unique_ptr<const OpenedBlock>> open(Bytes bytes) override {
    BlockView view = TRY(BlockView::open(type_, rows_, bytes, nullptr, origin_));
    return std::unique_ptr<const OpenedBlock>(std::make_unique<SegmentBlock>(std::move(view), first_row_));
  }

 private:
  BlockLoader loader_;
  const Type& type_;
  const std::uint32_t first_row_;
  const std::uint32_t rows_;
  const BlockOrigin origin_;
};

class PageLoader : public BlockCache::Loader {
 public:
  PageLoader(File& file, Bytes table) : file_(file), table_(table) {}
  Result<void> load(const BlockKey& key, MutableBytes into) override {
    TRY(read_exactly(file_, key.offset, into));
    for (std::size_t page = 0; page * kSegmentPageBytes < into.size(); ++page) {
      const Bytes bytes = Bytes(into).subspan(page * kSegmentPageBytes, kSegmentPageBytes);
      if (crc32c(bytes) == mneme::load<std::uint32_t>(table_.data() + page * kPageTableEntryBytes)) continue;
      return Error(Code::corrupt, "checksum of page " + std::to_string(page) + " does not match");
    }
    return {};
  }

 private:
  File& file_;
  Bytes table_;
};

// The pages of a whole block.
class BlockPagesLoader final : public PageLoader {
 public:
  BlockPagesLoader(File& file, Bytes table, SegmentPages pages) : PageLoader(file, table), pages_(pages) {}
  Result<std::unique_ptr<const OpenedBlock>> open(Bytes) override {
    return std::unique_ptr<const OpenedBlock>(std::make_unique<SegmentPages>(pages_));
  }

 private:
  const SegmentPages pages_;
};

// What a read costs when nothing caches it.
struct Owned {
  ByteBuffer bytes;
  Reservation memory;
};

}  // namespace

SegmentFile::~SegmentFile() {
  for (std::size_t part = 0; part < sections_.size(); ++part) {
    for (std::size_t i = 0; i < footer_->parts[part].sections.size(); ++i) delete sections_[part][i].load();
  }
}

Error SegmentFile::corrupt(std::uint64_t offset, const std::string& what) const {
  return Error(Code::corrupt, "'" + path_ + "' at offset " + std::to_string(offset) + ": " + what);
}

Result<std::shared_ptr<SegmentFile>> SegmentFile::open_uncached(FileSystem& files, const std::string& path,
                                                                std::uint64_t number, MemoryBudget& budget) {
  auto segment = std::shared_ptr<SegmentFile>(new SegmentFile());
  segment->path_ = path;
  segment->number_ = number;
  segment->files_ = &files;
  segment->budget_ = &budget;
  segment->file_ = TRY(files.open(path, FileSystem::Open::read_only));
  segment->size_ = TRY(segment->file_->size());
  TRY(segment->read_header_and_footer());
  for (PartFooter& part : segment->footer_->parts) {
    ByteBuffer().swap(part.part.schema);
    std::vector<std::uint64_t>().swap(part.part.merged);
  }
  return segment;
}

Result<std::shared_ptr<SegmentFile>> SegmentFile::open_damaged(FileSystem& files, const std::string& path,
                                                               std::uint64_t number, BlockCache& cache,
                                                               MemoryBudget& budget) {
  auto segment = std::shared_ptr<SegmentFile>(new SegmentFile());
  segment->path_ = path;
  segment->number_ = number;
  segment->files_ = &files;
  segment->budget_ = &budget;
  segment->cache_ = &cache;
  segment->file_ = TRY(files.open(path, FileSystem::Open::read_only));
  segment->size_ = TRY(segment->file_->size());
  if (segment->size_ < kSegmentHeaderBytes + kSegmentTrailerBytes) {
    return segment->corrupt(segment->size_, "too short for a segment");
  }
  TRY(segment->read_footer(true));
  return segment;
}

Result<std::shared_ptr<SegmentFile>> SegmentFile::open(FileSystem& files, const std::string& path, std::uint64_t number,
                                                       BlockCache& cache, MemoryBudget& budget) {
  auto segment = TRY(open_uncached(files, path, number, budget));
  segment->cache_ = &cache;
  return segment;
}

Result<void> SegmentFile::read_header_and_footer() {
  if (size_ < kSegmentHeaderBytes + kSegmentTrailerBytes) return corrupt(size_, "too short for a segment");
  ByteBuffer head(kSegmentHeaderBytes);
  TRY(read_exactly(*file_, 0, head));
  auto header = decode_segment_header(head);
  if (!header) return std::move(header).error().during("'" + path_ + "' at offset 0");
  if (header->number != number_) return corrupt(32, "the header is of segment " + std::to_string(header->number));
  return read_footer(false);
}

// `damaged`: the checksum of the footer, as the trailer has it, proves both, whatever else of the trailer is gone.
Result<void> SegmentFile::read_footer(bool damaged) {
  // A sector that cannot be read may lie before the footer: then it is read alone.
  ByteBuffer end(
      static_cast<std::size_t>(damaged ? kSegmentTrailerBytes : std::min<std::uint64_t>(size_, kEndReadBytes)));
  TRY(read_exactly(*file_, size_ - end.size(), end));
  const std::uint64_t trailer_offset = size_ - kSegmentTrailerBytes;
  const Bytes trailer_bytes = Bytes(end).last(kSegmentTrailerBytes);
  auto trailer = damaged ? unchecked_segment_trailer(trailer_bytes) : decode_segment_trailer(trailer_bytes);
  if (!trailer) return corrupt(trailer_offset, trailer.error().message());
  footer_offset_ = trailer->footer_offset;
  const std::uint32_t bytes = trailer->footer_bytes;
  if (footer_offset_ < kSegmentHeaderBytes || footer_offset_ > trailer_offset ||
      trailer_offset - footer_offset_ != bytes) {
    return corrupt(trailer_offset, "the footer is out of place");
  }
  // Decoded it takes a small multiple of its bytes on disk; settled to what it is below.
  footer_memory_ = TRY(budget_->reserve(std::size_t{bytes} * 4, MemoryShare::cache, "footer of a segment"));
  if (bytes > end.size() - kSegmentTrailerBytes) {
    end.resize(std::size_t{bytes} + kSegmentTrailerBytes);
    TRY(read_exactly(*file_, footer_offset_, end));
  }
  const Bytes footer_bytes = Bytes(end).subspan(end.size() - kSegmentTrailerBytes - bytes, bytes);
  if (crc32c(footer_bytes) != trailer->footer_crc)
    return corrupt(footer_offset_, "the footer's checksum does not match");
  auto footer = decode_segment_footer(footer_bytes, footer_offset_);
  if (!footer) return corrupt(footer_offset_, footer.error().message());
  footer_ = std::make_unique<SegmentFooter>(std::move(*footer));
  TRY(footer_memory_.grow_to(footer_->memory_bytes()));
  footer_memory_.shrink(footer_memory_.bytes() - footer_->memory_bytes());
  for (const PartFooter& part : footer_->parts) {
    slots_.push_back(std::make_unique<LazyBlockSlots[]>(part.columns.size()));
    sections_.push_back(std::make_unique<std::atomic<const Section*>[]>(part.sections.size()));
  }
  return {};
}

std::size_t SegmentFile::parts() const noexcept { return footer_->parts.size(); }

Segment SegmentFile::part(std::size_t index) const { return Segment(shared_from_this(), index); }

std::optional<Segment> SegmentFile::find(TableId table) const {
  for (std::size_t i = 0; i < parts(); ++i) {
    if (footer_->parts[i].part.table == table) return part(i);
  }
  return std::nullopt;
}

LazyBlockSlots& SegmentFile::column_slots(std::size_t part, std::size_t column) const noexcept {
  return slots_[part][column];
}

Result<std::shared_ptr<const CachedBlock>> SegmentFile::read_block(const BlockKey& key, std::uint32_t crc,
                                                                   const Type& type, std::uint32_t first_row,
                                                                   std::uint32_t rows) const {
  if (key.offset > footer_offset_ || key.bytes > footer_offset_ - key.offset)
    return corrupt(key.offset, "a block reaches into the footer");
  ColumnBlockLoader loader(BlockLoader(*file_, crc), type, first_row, rows, {number_, key.offset});
  auto block = cache_->get_block(key, BlockCache::Priority::normal, loader);
  if (!block) {
    return std::move(block).error().during("'" + path_ + "' at offset " + std::to_string(key.offset));
  }
  return block;
}

Result<PinnedBytes> SegmentFile::load(std::uint64_t offset, std::uint32_t bytes, BlockCache::Priority priority,
                                      BlockCache::Loader& loader) const {
  if (offset > footer_offset_ || bytes > footer_offset_ - offset)
    return corrupt(offset, "a block reaches into the footer");
  const BlockKey key{number_, offset, bytes};
  const auto located = [&](Error error) {
    return std::move(error).during("'" + path_ + "' at offset " + std::to_string(offset));
  };
  if (cache_ != nullptr) {
    auto pinned = cache_->get(key, priority, loader);
    if (!pinned) return located(std::move(pinned).error());
    return pinned;
  }
  auto owned = std::make_shared<Owned>();
  owned->memory = TRY(budget_->reserve(bytes, MemoryShare::maintenance, "verifying a segment"));
  owned->bytes.resize(bytes);
  if (auto loaded = loader.load(key, owned->bytes); !loaded) return located(std::move(loaded).error());
  const Bytes view = owned->bytes;
  return PinnedBytes(std::move(owned), view);
}

Result<PinnedBytes> SegmentFile::read(std::uint64_t offset, std::uint32_t bytes, std::uint32_t crc,
                                      BlockCache::Priority priority) const {
  BlockLoader loader(*file_, crc);
  return load(offset, bytes, priority, loader);
}

Result<PinnedBytes> SegmentFile::load_pages(std::uint64_t offset, Bytes table, BlockCache::Priority priority,
                                            BlockCache::Loader& loader) const {
  const std::size_t bytes = table.size() / kPageTableEntryBytes * kSegmentPageBytes;
  if (bytes > 0xffff'ffffU) return Error(Code::full, "a run of pages over 4 GiB is read in parts");
  return load(offset, static_cast<std::uint32_t>(bytes), priority, loader);
}

Result<PinnedBytes> SegmentFile::read_pages(std::uint64_t offset, Bytes table, BlockCache::Priority priority) const {
  PageLoader loader(*file_, table);
  return load_pages(offset, table, priority, loader);
}

Result<PinnedBytes> SegmentFile::read_block_pages(std::uint64_t offset, Bytes table, const SegmentPages& pages) const {
  BlockPagesLoader loader(*file_, table, pages);
  return load_pages(offset, table, BlockCache::Priority::normal, loader);
}

Result<std::shared_ptr<const CachedBlock>> SegmentFile::read_page(std::uint64_t offset, Bytes table,
                                                                  BlockCache::Priority priority) const {
  PageLoader loader(*file_, table);
  auto page = cache_->get_block({number_, offset, kSegmentPageBytes}, priority, loader);
  if (!page) return std::move(page).error().during("'" + path_ + "' at offset " + std::to_string(offset));
  return page;
}

Result<void> SegmentFile::verify() const {
  auto uncached = TRY(open_uncached(*files_, path_, number_, *budget_));
  for (std::size_t i = 0; i < uncached->parts(); ++i) TRY(uncached->part(i).verify());
  return {};
}

}  // namespace mneme
