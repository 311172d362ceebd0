#include "storage/segment_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "storage/segment_format.h"

namespace mneme {
namespace {

constexpr std::size_t kWriteBufferBytes = 64 * 1024;
// As much again as there is, within these: a small segment asks a nearly full disk for little.
constexpr std::uint64_t kAllocateStepBytesMin = 16 << 10;
constexpr std::uint64_t kAllocateStepBytesMax = 1 << 20;

// The end of the file being written: buffered, allocated ahead.
class Tail {
 public:
  Tail(std::unique_ptr<File> file, std::uint64_t allocated) : file_(std::move(file)), allocated_(allocated) {}
  [[nodiscard]] std::uint64_t offset() const noexcept { return flushed_ + buffer_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return buffer_.capacity(); }
  File& file() noexcept { return *file_; }

  Result<void> write(Bytes bytes) {
    if (bytes.size() >= kWriteBufferBytes) {  // The buffer would keep the size of it.
      TRY(flush());
      return write_through(bytes);
    }
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return buffer_.size() < kWriteBufferBytes ? Result<void>{} : flush();
  }
  Result<void> align() {
    const std::uint64_t gap = pages_of(offset()) * kSegmentPageBytes - offset();
    buffer_.resize(buffer_.size() + static_cast<std::size_t>(gap));
    return {};
  }
  Result<void> flush() {
    if (buffer_.empty()) return {};
    TRY(write_through(buffer_));
    buffer_.clear();
    return {};
  }

 private:
  Result<void> write_through(Bytes bytes) {
    const std::uint64_t end = flushed_ + bytes.size();
    if (end > allocated_) TRY(allocate_ahead(end));
    TRY(file_->write(flushed_, bytes));
    flushed_ = end;
    return {};
  }
  // Where there is no room for a step there may be for what is to be written.
  Result<void> allocate_ahead(std::uint64_t end) {
    auto done = allocate(end + std::clamp(end, kAllocateStepBytesMin, kAllocateStepBytesMax));
    return !done && done.error().code() == Code::full ? allocate(end) : std::move(done);
  }
  Result<void> allocate(std::uint64_t bytes) {
    TRY(file_->allocate(bytes));
    allocated_ = bytes;
    return {};
  }

  std::unique_ptr<File> file_;
  std::uint64_t allocated_;
  std::uint64_t flushed_ = 0;
  ByteBuffer buffer_;
};

// Checksums of a page run as it is written.
class PageTable {
 public:
  void add(Bytes page) {
    Writer(bytes_).put(crc32c(page));
    bytes_.resize(bytes_.size() + kPageTableEntryBytes - 4);
  }
  ByteBuffer& bytes() noexcept { return bytes_; }

 private:
  ByteBuffer bytes_;
};

// The blocks' entries of one column, gathered into index pages.
class IndexBuilder {
 public:
  void add(BlockEntry entry, const ZoneMap& zone) {
    entry.nulls = static_cast<std::uint32_t>(zone.nulls);
    entry.zone_kind = zone.kind;
    entry.flags = zone.max_open ? kZoneMaxOpen : std::uint8_t{0};
    switch (zone.kind) {
      case ZoneMap::Kind::none: break;
      case ZoneMap::Kind::integer:
        store(entry.least, zone.integer_min);
        store(entry.greatest, zone.integer_max);
        break;
      case ZoneMap::Kind::floating:
        store(entry.least, zone.floating_min);
        store(entry.greatest, zone.floating_max);
        break;
      case ZoneMap::Kind::bytes:
        put_pool(entry.least, as_bytes(zone.bytes_min));
        put_pool(entry.greatest, as_bytes(zone.bytes_max));
        break;
    }
    entries_.push_back(entry);
  }
  void add_paged(BlockEntry entry, std::uint64_t nulls, Bytes table, Bytes validity) {
    entry.nulls = static_cast<std::uint32_t>(nulls);
    put_pool(entry.least, table);
    put_pool(entry.greatest, validity);
    entries_.push_back(entry);
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return entries_.size() * sizeof(BlockEntry) + pool_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  Result<void> flush(Tail& tail, ColumnFooter& footer) {
    ByteBuffer page(entries_.size() * sizeof(BlockEntry));
    const auto pool_at = static_cast<std::uint32_t>(page.size());
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      BlockEntry entry = entries_[i];
      if (entry.encoding == Encoding::paged || entry.zone_kind == ZoneMap::Kind::bytes) {
        store(entry.least, pool_range(entry.least).offset + pool_at);
        store(entry.greatest, pool_range(entry.greatest).offset + pool_at);
      }
      store(page.data() + i * sizeof entry, entry);
    }
    page.insert(page.end(), pool_.begin(), pool_.end());
    page.resize(page.size() + kSegmentSpareBytes);
    footer.pages.push_back({tail.offset(), static_cast<std::uint32_t>(page.size()), crc32c(page), footer.blocks,
                            entries_.front().first_row});
    footer.blocks += static_cast<std::uint32_t>(entries_.size());
    entries_.clear();
    pool_.clear();
    return tail.write(page);
  }

 private:
  // Offsets are within the pool until the page is put together.
  void put_pool(std::byte* field, Bytes bytes) {
    store(field, static_cast<std::uint32_t>(pool_.size()));
    store(field + 4, static_cast<std::uint32_t>(bytes.size()));
    pool_.insert(pool_.end(), bytes.begin(), bytes.end());
  }
  std::vector<BlockEntry> entries_;
  ByteBuffer pool_;
};

// One column of the part being written: rows that wait for their block to fill, and the index so far.
class ColumnWriter {
 public:
  explicit ColumnWriter(const Type& type)
      : pending_(type), block_rows_(block_rows_of(type.is_variable() ? 0 : type.width())) {}

  Result<void> append(const Column& from, Tail& tail) {
    for (std::size_t first = 0; first < from.rows();) {
      const std::size_t count = fitting(from, first);
      if (count == 0) {
        TRY(cut(tail));
      } else if (pending_.rows() == 0 &&
                 (count == block_rows_ || count < from.rows() - first || pending_bytes_ >= kBlockInputBytesMax)) {
        TRY(put_block(from, first, count, tail));  // Whole, and nothing waits: no copy.
        pending_bytes_ = 0;
        first += count;
      } else {
        pending_.append_run(from, first, count);
        first += count;
        if (pending_.rows() == block_rows_) TRY(cut(tail));
      }
    }
    return {};
  }
  // Ends the block that waits, full or not.
  Result<void> cut(Tail& tail) {
    if (pending_.rows() == 0) return {};
    TRY(put_block(pending_, 0, pending_.rows(), tail));
    pending_bytes_ = 0;
    pending_.clear();
    return {};
  }
  Result<ColumnFooter> finish(Tail& tail) {
    TRY(cut(tail));
    if (!index_.empty()) TRY(index_.flush(tail, footer_));
    return std::move(footer_);
  }
  void release_memory() { pending_ = Column(pending_.type()); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return pending_.memory_bytes() + index_.bytes(); }

 private:
  // How many rows from `first` on still go into the block that waits.
  std::size_t fitting(const Column& from, std::size_t first) {
    const std::size_t most = std::min(from.rows() - first, block_rows_ - pending_.rows());
    if (!from.type().is_variable()) return most;
    std::size_t count = 0;
    for (; count < most; ++count) {
      const std::size_t bytes = from.is_null(first + count) ? 0 : from.bytes_at(first + count).size();
      if (pending_bytes_ + bytes > kBlockInputBytesMax && pending_.rows() + count > 0) break;
      pending_bytes_ += bytes;
    }
    return count;
  }
  Result<void> put_block(const Column& from, std::size_t first, std::size_t count, Tail& tail) {
    const ZoneMap zone = zone_map_of(from, first, count);
    footer_.zone.merge(zone);
    BlockEntry entry;
    entry.first_row = static_cast<std::uint32_t>(rows_);
    entry.rows = static_cast<std::uint32_t>(count);
    rows_ += count;
    if (is_paged_type(from.type())) {
      TRY(put_pages(from, first, entry, zone, tail));
    } else {
      ByteBuffer block;
      entry.encoding = encode_block(from, first, count, block);
      entry.offset = tail.offset();
      entry.bytes = static_cast<std::uint32_t>(block.size());
      entry.crc = crc32c(block);
      index_.add(entry, zone);
      TRY(tail.write(block));
    }
    return index_.bytes() < kIndexPageBytesAim ? Result<void>{} : index_.flush(tail, footer_);
  }
  Result<void> put_pages(const Column& from, std::size_t first, BlockEntry entry, const ZoneMap& zone, Tail& tail) {
    const std::size_t width = from.type().width();
    ByteBuffer raw(static_cast<std::size_t>(pages_of(entry.rows * width)) * kSegmentPageBytes);
    ByteBuffer validity(zone.nulls == 0 ? 0 : (entry.rows + std::size_t{63}) / 64 * 8);
    std::memcpy(raw.data(), from.data() + first * width, entry.rows * width);
    for (std::size_t i = 0; zone.nulls != 0 && i < entry.rows; ++i) {
      if (from.is_null(first + i)) {
        std::memset(raw.data() + i * width, 0, width);
      } else {
        validity[i / 8] |= static_cast<std::byte>(1U << (i % 8));
      }
    }
    PageTable table;
    for (std::size_t at = 0; at < raw.size(); at += kSegmentPageBytes)
      table.add(Bytes(raw).subspan(at, kSegmentPageBytes));
    TRY(tail.align());
    entry.encoding = Encoding::paged;
    entry.offset = tail.offset();
    entry.bytes = static_cast<std::uint32_t>(raw.size());
    index_.add_paged(entry, zone.nulls, table.bytes(), validity);
    return tail.write(raw);
  }

  Column pending_;
  std::size_t block_rows_;
  std::size_t pending_bytes_ = 0;  // Of text.
  std::uint64_t rows_ = 0;         // In blocks.
  IndexBuilder index_;
  ColumnFooter footer_;
};

// A section being written: whole pages leave as they fill.
class SectionWriter final : public SectionSink {
 public:
  SectionWriter(SectionName name, Tail& tail) : tail_(tail) {
    footer_.name = std::move(name);
    footer_.offset = tail.offset();
  }
  Result<void> append(Bytes bytes) override {
    footer_.bytes += bytes.size();
    while (!bytes.empty()) {
      const std::size_t take = std::min(bytes.size(), kSegmentPageBytes - page_.size());
      page_.insert(page_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(take));
      bytes = bytes.subspan(take);
      if (page_.size() == kSegmentPageBytes) TRY(put_page());
    }
    return {};
  }
  Result<SectionFooter> finish() {
    if (!page_.empty()) {
      page_.resize(kSegmentPageBytes);
      TRY(put_page());
    }
    table_.bytes().resize(table_.bytes().size() + kSegmentSpareBytes);
    footer_.table_offset = tail_.offset();
    footer_.table_crc = crc32c(table_.bytes());
    TRY(tail_.write(table_.bytes()));
    return std::move(footer_);
  }

 private:
  Result<void> put_page() {
    table_.add(page_);
    TRY(tail_.write(page_));
    page_.clear();
    return {};
  }
  Tail& tail_;
  SectionFooter footer_;
  ByteBuffer page_;
  PageTable table_;
};

}  // namespace

class SegmentWriter::State {
 public:
  State(std::unique_ptr<File> file, std::uint64_t allocated, Reservation memory_of_it)
      : tail(std::move(file), allocated), memory(std::move(memory_of_it)) {}

  // Reserves what is held. When the budget refuses, blocks are ended early, so that what waits is little.
  Result<void> account() {
    if (memory_bytes() <= memory.bytes() || memory.grow_to(memory_bytes())) return {};
    for (ColumnWriter& column : columns) {
      TRY(column.cut(tail));
      column.release_memory();
    }
    return memory.grow_to(memory_bytes());
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    std::size_t bytes = tail.memory_bytes() + kWriteBufferBytes;  // And one block being encoded.
    for (const ColumnWriter& column : columns) bytes += column.memory_bytes();
    return bytes;
  }

  Tail tail;
  Reservation memory;
  SegmentFooter footer;
  bool in_part = false;
  bool rows_ended = false;
  PartFooter part;
  BlobTally blobs;
  std::vector<ColumnWriter> columns;
  std::unique_ptr<SectionWriter> section;
};

SegmentWriter::SegmentWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentWriter::~SegmentWriter() = default;

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(FileSystem& files, const std::string& path,
                                                             const Options& options, MemoryBudget& budget) {
  auto memory = TRY(budget.reserve(2 * kWriteBufferBytes, MemoryShare::maintenance, "segment writer"));
  auto file = TRY(files.open(path, FileSystem::Open::create));
  if (options.expected_bytes != 0) TRY(file->allocate(options.expected_bytes));
  auto state = std::make_unique<State>(std::move(file), options.expected_bytes, std::move(memory));
  ByteBuffer header;
  encode_segment_header({options.number, options.origin, options.created_ns}, header);
  TRY(state->tail.write(header));
  return std::unique_ptr<SegmentWriter>(new SegmentWriter(std::move(state)));
}

Result<void> SegmentWriter::begin_part(SegmentPart part) {
  ASSERT(!state_->in_part);
  state_->columns.clear();
  for (const SegmentColumn& column : part.columns) state_->columns.emplace_back(column.type);
  state_->part = PartFooter{};
  state_->part.part = std::move(part);
  state_->blobs.clear();
  state_->in_part = true;
  state_->rows_ended = false;
  return {};
}

Result<void> SegmentWriter::append(const Batch& batch) {
  ASSERT(state_->in_part && !state_->rows_ended && batch.columns.size() == state_->columns.size());
  if (batch.rows() > kSegmentRowsMax - state_->part.rows)
    return Error(Code::full, "a segment holds at most 4,294,967,294 rows");
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    ASSERT(batch.columns[i].rows() == batch.rows());
    TRY(state_->columns[i].append(batch.columns[i], state_->tail));
    state_->blobs.add(state_->part.part.columns[i].id, batch.columns[i], 0, batch.rows());
  }
  state_->part.rows += batch.rows();
  return state_->account();
}

const BlobTally& SegmentWriter::part_blobs() const noexcept { return state_->blobs; }

Result<void> SegmentWriter::end_rows() {
  ASSERT(state_->in_part && !state_->rows_ended);
  for (ColumnWriter& column : state_->columns) state_->part.columns.push_back(TRY(column.finish(state_->tail)));
  state_->columns.clear();
  state_->rows_ended = true;
  return {};
}

Result<SectionSink*> SegmentWriter::begin_section(SectionName name) {
  ASSERT(state_->rows_ended && state_->section == nullptr);
  TRY(state_->tail.align());
  state_->section = std::make_unique<SectionWriter>(std::move(name), state_->tail);
  return static_cast<SectionSink*>(state_->section.get());
}

Result<void> SegmentWriter::end_section() {
  ASSERT(state_->section != nullptr);
  state_->part.sections.push_back(TRY(state_->section->finish()));
  state_->section.reset();
  return {};
}

Result<void> SegmentWriter::end_part() {
  ASSERT(state_->in_part && state_->section == nullptr);
  if (!state_->rows_ended) TRY(end_rows());
  state_->footer.parts.push_back(std::move(state_->part));
  state_->part = PartFooter{};
  state_->in_part = false;
  return {};
}

Result<std::uint64_t> SegmentWriter::finish() {
  ASSERT(!state_->in_part);
  ByteBuffer end;
  encode_segment_footer(state_->footer, end);
  const SegmentTrailer trailer{state_->tail.offset(), static_cast<std::uint32_t>(end.size()), crc32c(end)};
  encode_segment_trailer(trailer, end);
  TRY(state_->tail.write(end));
  TRY(state_->tail.flush());
  TRY(state_->tail.file().truncate(state_->tail.offset()));
  return state_->tail.offset();
}

Result<void> SegmentWriter::sync() { return state_->tail.file().sync(SyncSite::segment_data); }

}  // namespace mneme
