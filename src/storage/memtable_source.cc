#include "storage/memtable_source.h"

#include <algorithm>
#include <array>
#include <bit>

namespace mneme {

MemtableSource::MemtableSource(Memtable::VisibleRows rows, std::shared_ptr<const Memtable>&& memtable,
                               std::uint64_t sequence)
    : memtable_(std::move(memtable)),
      sequence_(sequence),
      rows_(static_cast<std::uint32_t>(rows.count)),
      chunks_(std::move(rows.chunks)) {}

const MemtableChunk& MemtableSource::chunk_of(std::uint64_t ordinal) const noexcept {
  return *chunks_[MemtableChunk::index_of(ordinal)];
}

std::size_t MemtableSource::live_mask(std::uint64_t first, std::size_t count, std::uint64_t* bits) const {
  std::fill_n(bits, (count + 63) / 64, std::uint64_t{0});
  std::size_t live = 0;
  for (std::size_t done = 0; done < count;) {
    const MemtableChunk& chunk = chunk_of(first + done);
    const auto from = static_cast<std::size_t>(first + done - chunk.first);
    const std::size_t take = std::min(count - done, chunk.capacity - from);
    for (std::size_t i = 0; i < take; ++i) {
      const bool alive = chunk.ends[from + i].load(std::memory_order_relaxed) > sequence_;
      bits[(done + i) / 64] |= std::uint64_t{alive} << ((done + i) % 64);
      live += alive ? 1 : 0;
    }
    done += take;
  }
  return live;
}

bool MemtableSource::is_live(std::uint32_t ordinal) const {
  const MemtableChunk& chunk = chunk_of(ordinal);
  return chunk.ends[ordinal - chunk.first].load(std::memory_order_relaxed) > sequence_;
}

Result<void> MemtableSource::read(const ColumnSchema& column, std::uint64_t first, std::size_t count,
                                  Column& out) const {
  const auto at = memtable_->schema().ordinal_of(column.id);
  if (!at) return append_missing(column, count, out);
  for (std::size_t done = 0; done < count;) {
    const MemtableChunk& chunk = chunk_of(first + done);
    const auto from = static_cast<std::size_t>(first + done - chunk.first);
    const std::size_t take = std::min(count - done, chunk.capacity - from);
    chunk.read(*at, from, take, out);
    done += take;
  }
  if (column.type.is_variable()) out.keep_alive(memtable_);
  return {};
}

Result<void> MemtableSource::gather(const ColumnSchema& column, std::span<const std::uint32_t> ordinals,
                                    Column& out) const {
  const auto at = memtable_->schema().ordinal_of(column.id);
  if (!at) return append_missing(column, ordinals.size(), out);
  for (std::size_t done = 0; done < ordinals.size();) {
    const std::size_t take = std::min(ordinals.size() - done, kBatchRowsMax);
    gather_run(*at, ordinals.subspan(done, take), out);
    done += take;
  }
  if (column.type.is_variable()) out.keep_alive(memtable_);
  return {};
}

// At most kBatchRowsMax.
void MemtableSource::gather_run(std::size_t column, std::span<const std::uint32_t> ordinals, Column& out) const {
  std::array<std::uint64_t, kBatchRowsMax / 64> valid;
  valid.fill(~std::uint64_t{0});
  bool has_nulls = false;
  for (std::size_t i = 0; i < ordinals.size(); ++i) {
    const MemtableChunk& chunk = chunk_of(ordinals[i]);
    if (!chunk.is_null(column, ordinals[i] - chunk.first)) continue;
    valid[i / 64] &= ~(std::uint64_t{1} << (i % 64));
    has_nulls = true;
  }
  const std::size_t width = out.type().width();
  std::byte* to = out.extend(ordinals.size(), has_nulls ? valid.data() : nullptr);
  for (std::size_t i = 0; i < ordinals.size(); ++i) {
    const MemtableChunk& chunk = chunk_of(ordinals[i]);
    const std::byte* value = chunk.columns[column].values + (ordinals[i] - chunk.first) * width;
    if (width == 8) {
      std::memcpy(to + i * 8, value, 8);  // A known size becomes one move.
    } else {
      std::memcpy(to + i * width, value, width);
    }
  }
}

Result<std::optional<RawValues>> MemtableSource::values_from(const ColumnSchema& column, std::uint64_t first) const {
  const auto at = memtable_->schema().ordinal_of(column.id);
  if (!at || column.type.is_variable()) return std::optional<RawValues>();
  const MemtableChunk& chunk = chunk_of(first);
  const auto from = static_cast<std::size_t>(first - chunk.first);
  const std::size_t count = std::min<std::size_t>(chunk.capacity - from, rows_ - first), width = column.type.width();
  RawValues out;
  out.values = chunk.columns[*at].values + from * width;
  out.pin = PinnedBytes(memtable_, {out.values, count * width});
  out.first_row = static_cast<std::uint32_t>(first);
  out.rows = static_cast<std::uint32_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!chunk.is_null(*at, from + i)) continue;
    if (out.validity.empty()) out.validity.assign((count + 63) / 64, ~std::uint64_t{0});
    out.validity[i / 64] &= ~(std::uint64_t{1} << (i % 64));
  }
  return std::optional<RawValues>(std::move(out));
}

Result<void> MemtableSource::row_ids(std::span<const std::uint32_t> ordinals, std::vector<RowId>& out) const {
  for (const std::uint32_t ordinal : ordinals) {
    const MemtableChunk& chunk = chunk_of(ordinal);
    out.push_back(chunk.row_ids[ordinal - chunk.first]);
  }
  return {};
}

void MemtableSource::row_ids_from(std::uint64_t first, std::size_t count, std::byte* to) const noexcept {
  for (std::size_t done = 0; done < count;) {
    const MemtableChunk& chunk = chunk_of(first + done);
    const auto from = static_cast<std::size_t>(first + done - chunk.first);
    const std::size_t take = std::min(count - done, chunk.capacity - from);
    std::memcpy(to + done * sizeof(RowId), chunk.row_ids + from, take * sizeof(RowId));
    done += take;
  }
}

Result<std::size_t> MemtableSource::fitting(std::span<const ColumnSchema* const> columns, std::uint64_t first,
                                            std::size_t count, std::size_t bytes) const {
  std::size_t fixed = 0;
  std::vector<std::size_t> texts;
  for (const ColumnSchema* column : columns) {
    fixed += column->type.width();
    const auto at = memtable_->schema().ordinal_of(column->id);
    if (at && column->type.is_variable()) texts.push_back(*at);
  }
  if (texts.empty()) return fixed == 0 ? count : std::clamp<std::size_t>(bytes / fixed, 1, count);
  std::size_t used = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const MemtableChunk& chunk = chunk_of(first + i);
    used += fixed;
    for (const std::size_t text : texts)
      used += chunk.text_bytes(text, static_cast<std::size_t>(first + i - chunk.first));
    if (used > bytes) return std::max<std::size_t>(i, 1);
  }
  return count;
}

std::vector<std::uint32_t> MemtableSource::ending_after(std::uint64_t sequence) const {
  std::vector<std::uint32_t> found;
  found.reserve(rows_);
  for (const MemtableChunk* chunk : chunks_) {
    const std::size_t rows = std::min<std::size_t>(rows_ - chunk->first, chunk->capacity);
    for (std::size_t row = 0; row < rows; ++row) {
      if (chunk->ends[row].load(std::memory_order_relaxed) <= sequence) continue;
      found.push_back(static_cast<std::uint32_t>(chunk->first + row));
    }
  }
  return found;
}

std::vector<DeleteSet::Pair> MemtableSource::ended_after(std::uint64_t sequence) const {
  std::vector<DeleteSet::Pair> found;
  for (const MemtableChunk* chunk : chunks_) {
    const std::size_t rows = std::min<std::size_t>(rows_ - chunk->first, chunk->capacity);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::uint64_t end = chunk->ends[row].load(std::memory_order_relaxed);
      if (end > sequence && end < kEnding) found.push_back({static_cast<std::uint32_t>(chunk->first + row), end});
    }
  }
  return found;
}

// Memtables are small and keep no zone maps; the snapshot may see no row at all.
Result<bool> MemtableSource::may_contain(const ScanBound& /*bound*/, std::uint64_t /*first*/, std::size_t count) const {
  return count != 0;
}

}  // namespace mneme
