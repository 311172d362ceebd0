#include "storage/segment.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/coding.h"
#include "storage/block_slots.h"
#include "storage/segment_format.h"

namespace mneme {

// Two pointers into pinned memory and a copy of 64 bytes: cheap to pass around.
struct Segment::Entry {
  PinnedBytes page;
  BlockEntry block;
};

const SegmentPart& Segment::info() const noexcept { return file_->footer_->parts[part_].part; }
std::uint64_t Segment::rows() const noexcept { return file_->footer_->parts[part_].rows; }

std::size_t Segment::position_or_end(ColumnId id) const noexcept {
  const auto& all = columns();
  // Ids count from 1 in most tables, and column 0 is the RowId.
  const auto likely = static_cast<std::size_t>(id);
  if (likely < all.size() && all[likely].id == id) return likely;
  const auto found =
      std::find_if(all.begin(), all.end(), [id](const SegmentColumn& column) { return column.id == id; });
  return found == all.end() ? kNoPosition : static_cast<std::size_t>(found - all.begin());
}

const ZoneMap& Segment::zone_map(std::size_t column) const noexcept {
  return file_->footer_->parts[part_].columns[column].zone;
}
std::size_t Segment::blocks(std::size_t column) const noexcept {
  return file_->footer_->parts[part_].columns[column].blocks;
}
bool Segment::is_paged(std::size_t column) const noexcept { return is_paged_type(columns()[column].type); }

std::size_t Segment::even_block_rows(std::size_t column) const noexcept {
  const Type& type = columns()[column].type;
  return block_rows_of(type.is_variable() ? 0 : type.width());
}

Result<Segment::Entry> Segment::entry_in(std::size_t column, const IndexPage& at, PinnedBytes page,
                                         std::size_t block) const {
  Entry entry{std::move(page), {}};
  const std::size_t position = (block - at.first_block) * sizeof(BlockEntry);
  entry.block = load<BlockEntry>(entry.page.bytes().data() + position);  // The footer was checked to leave room.
  const BlockEntry& found = entry.block;
  const bool fits = found.rows >= 1 && found.rows <= kBlockRowsMax && found.nulls <= found.rows &&
                    found.first_row < rows() && found.rows <= rows() - found.first_row &&
                    is_paged(column) == (found.encoding == Encoding::paged);
  if (!fits) return file_->corrupt(at.offset + position, "bad entry of a block");
  return entry;
}

Result<Segment::Entry> Segment::entry(std::size_t column, std::size_t block) const {
  ASSERT(block < blocks(column));
  const auto& pages = file_->footer_->parts[part_].columns[column].pages;
  const auto after = std::upper_bound(pages.begin(), pages.end(), block,
                                      [](std::size_t at, const IndexPage& page) { return at < page.first_block; });
  const IndexPage& at = *(after - 1);
  PinnedBytes page = TRY(file_->read(at.offset, at.bytes, at.crc, BlockCache::Priority::entry));
  return entry_in(column, at, std::move(page), block);
}

Result<Segment::Entry> Segment::entry_of(std::size_t column, std::uint64_t ordinal, std::size_t& block) const {
  ASSERT(ordinal < rows());
  const ColumnFooter& footer = file_->footer_->parts[part_].columns[column];
  const auto after = std::upper_bound(footer.pages.begin(), footer.pages.end(), ordinal,
                                      [](std::uint64_t at, const IndexPage& page) { return at < page.first_row; });
  const auto page = static_cast<std::size_t>(after - footer.pages.begin()) - 1;
  const IndexPage& at = footer.pages[page];
  PinnedBytes pinned = TRY(file_->read(at.offset, at.bytes, at.crc, BlockCache::Priority::entry));
  const auto first_row = [&](std::size_t i) {
    return load<std::uint32_t>(pinned.bytes().data() + i * sizeof(BlockEntry) + offsetof(BlockEntry, first_row));
  };
  std::size_t low = 0, high = (page + 1 < footer.pages.size() ? footer.pages[page + 1].first_block : footer.blocks) -
                              at.first_block;
  // Blocks of a fixed-width column are mostly all of one size: look there first.
  const std::size_t even = even_block_rows(column);
  if (const auto guess = static_cast<std::size_t>((ordinal - at.first_row) / even);
      guess < high && first_row(guess) <= ordinal && (guess + 1 == high || ordinal < first_row(guess + 1))) {
    low = guess;
    high = guess + 1;
  }
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (first_row(middle) <= ordinal ? low : high) = middle;
  }
  block = at.first_block + low;
  Entry entry = TRY(entry_in(column, at, std::move(pinned), block));
  const bool holds = entry.block.first_row <= ordinal && ordinal - entry.block.first_row < entry.block.rows;
  if (!holds) return file_->corrupt(at.offset, "blocks do not follow one another");
  return entry;
}

Result<BlockInfo> Segment::block_info(std::size_t column, std::size_t block) const {
  const Entry found = TRY(entry(column, block));
  BlockInfo info{found.block.first_row, found.block.rows, found.block.bytes, found.block.encoding, {}};
  if (is_paged(column)) {
    info.zone.rows = found.block.rows;
    info.zone.nulls = found.block.nulls;
  } else if (!zone_of_entry(found.block, found.page.bytes(), info.zone)) {
    return file_->corrupt(found.block.offset, "bad zone map of a block");
  }
  return info;
}

Result<std::size_t> Segment::block_of(std::size_t column, std::uint64_t ordinal) const {
  std::size_t block = 0;
  TRY(entry_of(column, ordinal, block));
  return block;
}

RowExtent Segment::extent_of(std::size_t column, std::uint64_t ordinal) const {
  std::size_t block = 0;
  const auto found = entry_of(column, ordinal, block);
  if (found) {
    const std::uint64_t first = found->block.first_row;
    return {first, first + found->block.rows, found->block.offset, true};
  }
  const auto& pages = file_->footer_->parts[part_].columns[column].pages;
  const auto after = std::upper_bound(pages.begin(), pages.end(), ordinal,
                                      [](std::uint64_t at, const IndexPage& page) { return at < page.first_row; });
  return {(after - 1)->first_row, after == pages.end() ? rows() : after->first_row, (after - 1)->offset, false};
}

// `cached` (null: not wanted): the block as the cache has it, when there is a cache.
Result<PinnedBlock> Segment::pin(std::size_t column, const Entry& entry,
                                 std::shared_ptr<const CachedBlock>* cached) const {
  const BlockEntry& block = entry.block;
  const Type& type = columns()[column].type;
  const BlockKey key{file_->number_, block.offset, block.bytes};
  if (file_->cache_ != nullptr) {
    auto held = TRY(file_->read_block(key, block.crc, type, block.first_row, block.rows));
    if (cached != nullptr) *cached = held;
    const auto& opened = static_cast<const SegmentBlock&>(*held->opened);
    return PinnedBlock{std::move(held), &opened.view, opened.first_row};
  }
  auto pinned = TRY(file_->read(block.offset, block.bytes, block.crc, BlockCache::Priority::normal));
  auto view = TRY(BlockView::open(type, block.rows, pinned.bytes(), pinned.owner(), {key.file, key.offset}));
  auto own = std::make_shared<const BlockView>(std::move(view));
  return PinnedBlock{own, own.get(), block.first_row};
}

BlockSlots* Segment::column_slots(std::size_t column) const noexcept {
  if (file_->cache_ == nullptr) return nullptr;
  return file_->column_slots(part_, column).get(blocks(column), *file_->cache_);
}

PinnedBlock Segment::block_in(const BlockSlots* slots, std::size_t column, std::uint64_t ordinal) const noexcept {
  if (slots == nullptr) return {};
  // Most columns have blocks of one size.
  const auto guess = static_cast<std::size_t>(ordinal / even_block_rows(column));
  auto held = guess < slots->count() ? slots->find(guess) : nullptr;
  if (held == nullptr) return {};
  PinnedBlock block = block_seen(*held, ordinal);
  if (block.view != nullptr) block.owner = std::move(held);
  return block;
}

PinnedBlock Segment::block_seen(const CachedBlock& block, std::uint64_t ordinal) noexcept {
  const auto& opened = static_cast<const SegmentBlock&>(*block.opened);
  if (ordinal < opened.first_row || ordinal - opened.first_row >= opened.view.rows()) return {};
  block.ask();
  return {nullptr, &opened.view, opened.first_row};
}

Result<PinnedBlock> Segment::block_at(std::size_t column, std::uint64_t ordinal) const {
  ASSERT(!is_paged(column) && ordinal < rows());
  BlockSlots* slots = column_slots(column);
  if (PinnedBlock block = block_in(slots, column, ordinal); block.view != nullptr) return block;
  std::size_t number = 0;
  const Entry found = TRY(entry_of(column, ordinal, number));
  std::shared_ptr<const CachedBlock> held;
  PinnedBlock block = TRY(pin(column, found, &held));
  if (slots != nullptr) slots->put(number, held);
  return block;
}

Result<BlockView> Segment::view(std::size_t column, const Entry& entry) const {
  PinnedBlock block = TRY(pin(column, entry, nullptr));
  return block.view->owned_by(std::move(block.owner));
}

Result<BlockView> Segment::read_block(std::size_t column, std::size_t block) const {
  ASSERT(!is_paged(column));
  const Entry found = TRY(entry(column, block));
  return view(column, found);
}

namespace {

std::optional<Bytes> in_pool(Bytes page, const std::byte* field, std::size_t want_bytes) {
  const PoolRange range = pool_range(field);
  if (range.bytes != want_bytes || range.offset > page.size() || range.bytes > page.size() - range.offset)
    return std::nullopt;
  return page.subspan(range.offset, range.bytes);
}

bool bit_at(Bytes bits, std::size_t at) noexcept { return (static_cast<unsigned>(bits[at / 8]) >> (at % 8) & 1) != 0; }

}  // namespace

// Rows [first_row, first_row + rows) of the block, at the cost of the pages they lie in.
Result<RawValues> Segment::raw(std::size_t column, const Entry& entry, std::uint32_t first_row,
                               std::uint32_t rows) const {
  const BlockEntry& block = entry.block;
  const std::size_t width = columns()[column].type.width();
  const std::uint64_t pages = pages_of(std::uint64_t{block.rows} * width);
  const auto table = in_pool(entry.page.bytes(), block.least, static_cast<std::size_t>(pages * kPageTableEntryBytes));
  const auto validity =
      in_pool(entry.page.bytes(), block.greatest, block.nulls == 0 ? 0 : (block.rows + std::size_t{63}) / 64 * 8);
  if (!table || !validity || block.bytes != pages * kSegmentPageBytes)
    return file_->corrupt(block.offset, "bad entry of a page run");
  const std::size_t first_page = first_row * width / kSegmentPageBytes;
  const auto last_page = static_cast<std::size_t>(pages_of((std::uint64_t{first_row} + rows) * width));
  const Bytes part = table->subspan(first_page * kPageTableEntryBytes, (last_page - first_page) * kPageTableEntryBytes);
  RawValues values;
  if (rows == block.rows && block.nulls == 0) {
    values.pin = TRY(file_->read_block_pages(block.offset, part, {block.first_row, rows}));
  } else {
    values.pin =
        TRY(file_->read_pages(block.offset + first_page * kSegmentPageBytes, part, BlockCache::Priority::normal));
  }
  values.values = values.pin.bytes().data() + (first_row * width - first_page * kSegmentPageBytes);
  values.first_row = block.first_row + first_row;
  values.rows = rows;
  if (block.nulls == 0) return values;
  values.validity.resize((rows + std::size_t{63}) / 64);
  for (std::uint32_t i = 0; i < rows; ++i) {
    values.validity[i / 64] |= std::uint64_t{bit_at(*validity, std::size_t{first_row} + i)} << (i % 64);
  }
  return values;
}

// Blocks of a paged column are all of one size but the last, mostly: a scan finds them without a lock.
std::optional<RawValues> Segment::slotted(std::size_t column, std::uint64_t ordinal) const {
  BlockSlots* slots = column_slots(column);
  const auto guess = static_cast<std::size_t>(ordinal / even_block_rows(column));
  if (slots == nullptr || guess >= slots->count()) return std::nullopt;
  auto held = slots->find(guess);
  if (held == nullptr) return std::nullopt;
  const auto& pages = static_cast<const SegmentPages&>(*held->opened);
  if (ordinal < pages.first_row || ordinal - pages.first_row >= pages.rows) return std::nullopt;
  const auto skipped = static_cast<std::uint32_t>(ordinal - pages.first_row);
  const Bytes bytes = held->bytes();
  RawValues values;
  values.pin = PinnedBytes(std::move(held), bytes);
  values.values = bytes.data() + skipped * columns()[column].type.width();
  values.first_row = pages.first_row + skipped;
  values.rows = pages.rows - skipped;
  return values;
}

Result<RawValues> Segment::raw_from(std::size_t column, std::uint64_t ordinal) const {
  ASSERT(is_paged(column));
  if (auto values = slotted(column, ordinal)) return *std::move(values);
  std::size_t block = 0;
  const Entry found = TRY(entry_of(column, ordinal, block));
  const auto first = static_cast<std::uint32_t>(ordinal - found.block.first_row);
  RawValues values = TRY(raw(column, found, first, found.block.rows - first));
  BlockSlots* slots = column_slots(column);
  if (slots == nullptr) return values;
  auto held = std::static_pointer_cast<const CachedBlock>(values.pin.owner());  // With a cache it is one.
  if (held->opened != nullptr) slots->put(block, std::move(held));
  return values;
}

// `first` counts from the block's start.
Result<void> Segment::decode_block(std::size_t column, const Entry& entry, std::size_t first, std::size_t count,
                                   Column& out) const {
  if (!is_paged(column)) {
    const BlockView block = TRY(view(column, entry));
    return block.decode(first, count, out);
  }
  const RawValues values =
      TRY(raw(column, entry, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count)));
  std::byte* to = out.extend(count, values.validity.empty() ? nullptr : values.validity.data());
  std::memcpy(to, values.values, count * out.type().width());
  return {};
}

Result<void> Segment::decode(std::size_t column, std::uint64_t first, std::size_t count, Column& out) const {
  ASSERT(first <= rows() && count <= rows() - first);
  while (count != 0) {
    std::size_t block = 0;
    const Entry found = TRY(entry_of(column, first, block));
    const auto skip = static_cast<std::size_t>(first - found.block.first_row);
    const std::size_t take = std::min<std::size_t>(count, found.block.rows - skip);
    TRY(decode_block(column, found, skip, take, out));
    first += take;
    count -= take;
  }
  return {};
}

Result<void> Segment::gather_paged(std::size_t column, std::span<const std::uint32_t> ordinals, Column& out) const {
  for (const std::uint32_t ordinal : ordinals) {
    std::size_t block = 0;
    const Entry found = TRY(entry_of(column, ordinal, block));
    TRY(decode_block(column, found, ordinal - found.block.first_row, 1, out));
  }
  return {};
}

Result<void> Segment::gather(std::size_t column, std::span<const std::uint32_t> ordinals, Column& out) const {
  if (is_paged(column)) return gather_paged(column, ordinals, out);
  for (std::size_t i = 0; i < ordinals.size();) {
    const PinnedBlock block = TRY(block_at(column, ordinals[i]));
    for (; i < ordinals.size() && block.holds(ordinals[i]); ++i) {
      TRY(block.view->at(ordinals[i] - block.first_row, out));
    }
  }
  return {};
}

Result<void> Segment::verify_column(std::size_t column) const {
  ZoneMap seen;
  for (std::size_t block = 0; block < blocks(column); ++block) {
    const Entry found = TRY(entry(column, block));
    const BlockInfo info = TRY(block_info(column, block));
    if (info.first_row != seen.rows) return file_->corrupt(found.block.offset, "blocks do not follow one another");
    Column values(columns()[column].type);
    TRY(decode_block(column, found, 0, info.rows, values));
    const ZoneMap actual = zone_map_of(values, 0, info.rows);
    if (actual.nulls != info.zone.nulls) return file_->corrupt(found.block.offset, "the number of NULLs is wrong");
    if (!info.zone.covers(actual)) return file_->corrupt(found.block.offset, "a value is outside its zone map");
    seen.merge(actual);
  }
  if (seen.rows != rows()) return file_->corrupt(file_->footer_offset_, "rows of a column are missing");
  if (seen.nulls != zone_map(column).nulls || !zone_map(column).covers(seen)) {
    return file_->corrupt(file_->footer_offset_, "a column's zone map does not fit its blocks");
  }
  return {};
}

Result<void> Segment::verify() const {
  for (std::size_t column = 0; column < columns().size(); ++column) TRY(verify_column(column));
  for (std::size_t section = 0; section < sections(); ++section) TRY(verify_section(section));
  return {};
}

}  // namespace mneme
